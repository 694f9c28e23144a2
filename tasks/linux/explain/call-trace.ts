/**
 * A call trace without the lines above it: people paste the middle of a report. Its functions tell what kind of
 * report it is; what the report says is in the part that is missing.
 */
import { logLine } from '../splats/line.ts'
import type { Findings, Reader } from './finding.ts'

/** A line without one of these begins no call trace. */
export const CALL_TRACE_NEEDLES: readonly string[] = ['Call Trace:', 'Call trace:', ']  ? ', '---[ end trace']

const BEGIN = /^Call [Tt]race:/
const FRAME =
  /^\s*(?:\[<[0-9a-f]+>\] +)?(\? )?(?:\[<[0-9a-f]+>\] +)?(?!_end\b)([A-Za-z_][\w.]*)\+0x[0-9a-f]+\/0x[0-9a-f]+/
/** Between frames: "<TASK>", "<IRQ>", registers of an exception. */
const BETWEEN = /^\s*(?:<\/?\w+>|R[A-Z0-9]{2}: |RSP: |Code: |EFLAGS|_end|\? _end)|^\s*$/
const RIP = /^RIP: (?:[0-9a-f]{4}:)?(?:\[<[0-9a-f]+>\] +)?([A-Za-z_][\w.]*)\+0x[0-9a-f]+\/0x/
const MOST_FRAMES = 100

/** Functions that only report a kind of problem, and what it is. The first one that a trace has decides. */
const KINDS: readonly (readonly [frame: RegExp, what: string, cause: string])[] = [
  [
    // Before the functions of the fault itself, which are below it.
    /^(?:fixup_exception|ex_handler_\w+)$/,
    'a warning about an access that the kernel expected to fail',
    'the access is one that may fail and is handled (bpf_probe_read, copy_from_user): nothing crashed. The kernel only warns that the address is none that memory can have, which a program that reads through a wrong pointer causes',
  ],
  [
    // The functions below these serve the faults of programs, too, and say nothing.
    /^(?:page_fault_oops|__?bad_area\w*|no_context)$/,
    'a page fault in the kernel',
    'the kernel used an address that is not mapped. The lines above the trace name the address (BUG: unable to handle ...) and the instruction (RIP)',
  ],
  [
    /^(?:(?:asm_)?exc_general_protection|do_general_protection|general_protection|die_addr)$/,
    'a general protection fault in the kernel',
    'the kernel used an address that no memory can have: a pointer was overwritten, or was freed and poisoned',
  ],
  [
    /^(?:watchdog_timer_fn|lockup_detector\w*)$/,
    'a soft lockup',
    'a CPU stayed in the kernel for more than 20 s without scheduling: one of the functions below loops',
  ],
  [
    /^(?:print_cpu_stall|rcu_dump_cpu_stacks|rcu_sched_clock_irq|rcu_check_callbacks|check_cpu_stall)$/,
    'an RCU stall',
    'a CPU did not pass a quiescent state for the stall timeout (21 s by default): it looped in the kernel, or with interrupts off',
  ],
  [
    /^(?:warn_alloc\w*)$/,
    'a failed allocation',
    'memory could not be allocated in this context; whoever asked goes on without it, or fails with ENOMEM',
  ],
  [
    /^(?:oom_kill_process|out_of_memory|dump_header)$/,
    'memory ran out',
    'the machine (or the cgroup) had no memory left, and the kernel killed a process',
  ],
  [
    // Others of lockdep and KASAN are in any trace of a kernel that has them.
    /^(?:lockdep_rcu_suspicious|print_\w*(?:_bug|_deadlock)\w*|check_noncircular)$/,
    'a report of lockdep',
    'locks (or RCU) are used in a way that can deadlock or is not protected',
  ],
  [
    /^(?:kasan_report\w*|kasan_object_err|__asan_report\w*|print_report|print_address_description)$/,
    'a report of KASAN',
    'code read or wrote memory that does not belong to it',
  ],
  [
    /^(?:__warn|warn_slowpath_\w+|report_bug|handle_bug|(?:asm_)?exc_invalid_op|do_invalid_op|invalid_op)$/,
    'a WARNING or BUG of the kernel',
    'the code checked something that should not happen, and it had happened',
  ],
]
/** Functions of the report itself, and of the way from the exception to it. */
const REPORTING =
  /^(?:(?:__)?dump_stack\w*|show_(?:stack|regs|trace)\w*|__die\w*|die\w*|oops_\w+|v?panic|common_interrupt|(?:asm_)?exc_\w+|asm_\w+|sysvec_\w+|_*do_page_fault|do_user_addr_fault|page_fault|kernelmode_fixup_or_oops|(?:__)?hrtimer_\w+|tick_\w+|update_process_times|ret_from_fork\w*)(?:\.|$)/
const PROGRAM = /^bpf_prog_[0-9a-f]{16}(?:_(\w+))?$/

/** Lines of a report between its first one and the trace. */
const HEADER =
  /^(?:CPU: \d|Hardware name|Workqueue: |Modules linked in|task: |Tainted: |[RED][A-Z0-9]{1,2}P?: |RIP|PC is|LR is|[CFGD][RS]\w*: |PKRU|Code: |Kernel Offset|--+|\s*$)/
const CPU = /^CPU: \d+(?: UID: \d+)? PID: /

/** The line with which a report begins that has no rule of its own: what stands right above "CPU: 1 PID: ...". */
function headOf(above: readonly string[]): string | undefined {
  const texts = above.map((line) => logLine(line))
  const cpu = texts.findLastIndex(({ text }) => CPU.test(text))
  const head = texts.slice(0, Math.max(0, cpu)).findLast(({ text }) => !HEADER.test(text))
  return head?.by === 'kernel' ? head.text.trim() : undefined
}

interface Trace {
  readonly line: number
  readonly head: string | undefined
  readonly frames: { readonly name: string; readonly sure: boolean }[]
  readonly lines: string[]
}

const SHOWN = 8

export class CallTraces implements Reader {
  readonly #findings: Findings
  #trace: Trace | undefined

  constructor(findings: Findings) {
    this.#findings = findings
  }

  get isOpen(): boolean {
    return this.#trace !== undefined
  }

  /**
   * @param inReport the trace belongs to a report whose beginning is known
   * @param recent the last lines of the text, this one included
   */
  readonly feed = (line: string, number: number, inReport = false, recent: readonly string[] = []): void => {
    const { text } = logLine(line)
    if (inReport) {
      this.#trace = undefined
      return
    }
    const trace = this.#trace
    if (BEGIN.test(text)) {
      this.end()
      this.#trace = { line: number, head: headOf(recent.slice(0, -1)), frames: [], lines: [] }
      return
    }
    const [, unsure, name] = FRAME.exec(text) ?? []
    if (trace === undefined && text.startsWith('---[ end trace')) return this.#onlyEnd(recent, number)
    if (trace === undefined) {
      // The middle of a trace: its first words are missing, too.
      if (name !== undefined && unsure !== undefined)
        this.#trace = { line: number, head: undefined, frames: [{ name, sure: false }], lines: [text.trim()] }
      return
    }
    if (name === undefined) {
      if (!BETWEEN.test(text)) this.end()
      return
    }
    if (trace.frames.length < MOST_FRAMES) trace.frames.push({ name, sure: unsure === undefined })
    if (trace.lines.length < SHOWN) trace.lines.push(text.trim())
  }

  /** The last lines of a report, which name the instruction once more. */
  #onlyEnd(recent: readonly string[], number: number): void {
    const texts = recent.map((line) => logLine(line).text)
    const place = texts.map((text) => RIP.exec(text)).findLast((match) => match !== null)?.[1]
    if (place === undefined) return
    const checked = texts.some((text) => /^Code: .*<0f> 0b/.test(text))
    const inAllocator = /^(?:k?v?free\w*|__slab_free|kmem_cache_free\w*)$/.test(place)
    this.#findings.add(
      {
        rule: 'call trace without its beginning',
        key: `${place} end`,
        what: `the end of a report of the kernel, in ${place}`,
        evidence: texts.slice(-SHOWN),
        cause: `${checked ? `the instruction is ud2 (<0f> 0b): ${place} checked something that must not happen (BUG or WARN), and it had happened` : `the kernel stopped a task at an instruction of ${place}`}${inAllocator ? '. An allocator does so when the pointer that is freed is none of its objects, or was freed before: its caller is the cause' : ''}`,
        fixes: [
          'dmesg, or journalctl -k -b, from "cut here", BUG: or WARNING: on: `lab explain` reads the whole report',
          'the call trace above these lines names the callers; a kernel with CONFIG_KASAN=y (lab:debug) names who freed or overran the memory',
        ],
        confidence: 'likely',
        sources: ['arch/x86/kernel/dumpstack.c'],
      },
      [number],
    )
  }

  readonly end = (): void => {
    const trace = this.#trace
    this.#trace = undefined
    // Fewer lines may be anything.
    if (trace === undefined || trace.frames.length < 3) return
    const { frames, head, line, lines } = trace
    const kindOf = (name: string) => KINDS.find(([pattern]) => pattern.test(name))
    const found = frames.map(({ name }) => kindOf(name)).find((kind) => kind !== undefined)
    const last = frames.findLastIndex(({ name }) => found?.[0].test(name) === true)
    const below = frames.slice(last + 1).filter(({ name }) => !REPORTING.test(name) && kindOf(name) === undefined)
    const where = (below.find(({ sure }) => sure) ?? below[0] ?? frames.find(({ name }) => !REPORTING.test(name)))?.name
    const program = frames.map(({ name }) => PROGRAM.exec(name)).find((match) => match !== null)
    this.#findings.add(
      {
        rule: 'call trace without its beginning',
        key: `${where ?? ''} ${found?.[1] ?? ''}`,
        what: `${found?.[1] ?? 'a call trace'}${where === undefined ? '' : `, in ${where}`}`,
        evidence: lines,
        cause: [
          found?.[2] ??
            (head !== undefined
              ? `the kernel (or a driver) printed this trace to show where the line above it comes from: "${head}". lab has no rule for that line`
              : undefined) ??
            'this is the middle of a report of the kernel: its first line (BUG, WARNING, INFO, Oops) says what happened',
          ...(program
            ? [`A BPF program was running${program[1] === undefined ? '' : `: ${program[1]} (its name is cut at 15)`}`]
            : []),
        ].join('. '),
        fixes: [
          ...(head !== undefined
            ? [
                'search for that line in the sources of the kernel or of the module: the condition above it is the reason',
              ]
            : []),
          'dmesg, or journalctl -k -b, from "cut here", BUG: or WARNING: on: `lab explain` reads the whole report',
          'a line with "?" is only a value that was found on the stack; the lines without it are the calls',
          ...(program ? ['run the same load without the program: bpftool prog show lists what is loaded'] : []),
        ],
        confidence: found === undefined ? 'possible' : 'likely',
        sources: ['arch/x86/kernel/dumpstack.c'],
      },
      [line],
    )
  }
}
