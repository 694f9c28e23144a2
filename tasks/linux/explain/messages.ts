/** Messages that mean the same wherever they stand: a table. Patterns are those of the programs that print them, never of prose. */
import { BOOT_FAILURES } from './boot-failure.ts'
import { versionText } from '../version.ts'
import type { Confidence, Fact, Findings, Reader } from './finding.ts'

export interface Message {
  readonly rule: string
  /** Stands in every line that the pattern matches: looking for it is cheap. */
  readonly needle: string
  readonly pattern: RegExp
  readonly what: (match: RegExpExecArray) => string
  readonly cause: string | ((match: RegExpExecArray) => string)
  /** What to do; several, the best first. */
  readonly wayOut?: string | readonly string[]
  readonly confidence?: Confidence
  readonly otherwise?: string
  readonly sources?: readonly string[]
  /** Groups that tell one such thing from another; default: all lines are the same thing. */
  readonly key?: (match: RegExpExecArray) => string
}

const whole = (match: RegExpExecArray): string => match[0]
const first = (match: RegExpExecArray): string => match[1] ?? ''

/** LINUX_VERSION_CODE: major, minor and patch in a byte each (include/generated/uapi/linux/version.h). */
const versionOfCode = (code: number): string =>
  versionText({ major: code >> 16, minor: (code >> 8) & 255, patch: code & 255 })

/** Errors of a write to kprobe_events. EINVAL has several reasons, and only dmesg tells which. */
const KPROBE_ERRNO: Readonly<Record<string, string>> = {
  EINVAL:
    'the kernel refuses a probe at this function: it is notrace, on the kprobe blacklist, or the definition is wrong; the loader sees only EINVAL',
  ENOENT: 'the kernel has no symbol of this name: the function does not exist there, or the compiler inlined it',
  EEXIST: 'an event of this name exists, left behind by an earlier loader',
  EBUSY: 'the event is in use',
}

const MESSAGES: readonly Message[] = [
  {
    rule: 'notrace',
    needle: 'Could not probe notrace function',
    pattern: /trace_kprobe: Could not probe notrace function (\S+)/,
    what: (match) => `no kprobe on ${first(match)}: it is notrace`,
    key: first,
    cause:
      'the function was built without the call to ftrace (all of lib/ is), and since 4.19 kprobe events refuse such functions. The function did not change; the refusal is new',
    sources: ['commit 45408c4f9250 (4.19)'],
    wayOut: 'build the kernel with CONFIG_KPROBE_EVENTS_ON_NOTRACE=y; function_graph still cannot show the function',
  },
  {
    rule: 'kprobe event refused',
    needle: '= -1 E',
    pattern: /\bwrite\(\d+, ?"([pr])\d*:(?:[\w./]+\/)?([\w.$]+) [^)]*\) *= -1 (EINVAL|ENOENT|EEXIST|EBUSY)\b/,
    what: (match) =>
      `the kernel refuses the ${match[1] === 'r' ? 'kretprobe' : 'kprobe'} event ${match[2]}: ${match[3]}`,
    key: (match) => `${match[2]} ${match[3]}`,
    cause: (match) => KPROBE_ERRNO[match[3] ?? ''] ?? '',
    wayOut:
      'dmesg has the reason ("Could not probe notrace function"); error_log of tracefs since 5.2; /sys/kernel/debug/kprobes/blacklist lists what can never be probed',
  },
  {
    rule: 'kernel version in the object',
    needle: 'kern_version=',
    pattern: /BPF_PROG_LOAD.*\bkern_version=(?:KERNEL_VERSION\((\d+), (\d+), (\d+)\)|(0x[0-9a-f]+|\d{5,}))/,
    what: (match) =>
      match[4] === undefined
        ? `the program was built for kernel ${match[1]}.${match[2]}.${match[3]}`
        : `the program was built for kernel ${versionOfCode(Number(match[4]))} (kern_version=${match[4]})`,
    key: (match) => match[4] ?? whole(match),
    cause:
      'LINUX_VERSION_CODE of the headers is in the object. Kernels before 5.0 refuse a kprobe program of another version with EINVAL; later ones do not look at it',
  },
  {
    rule: 'test_attr__* is missing at link time',
    needle: 'undefined reference to',
    pattern: /undefined reference to [`'"‘]test_attr__\w+/,
    what: () => 'tools/perf/perf-sys.h calls functions of perf that this program does not have',
    cause: 'the header calls test_attr__enabled and test_attr__open unless HAVE_ATTR_TEST is 0, and its default is 1',
    wayOut: 'compile with -DHAVE_ATTR_TEST=0, as samples/bpf/Makefile does',
  },
  {
    rule: 'asm goto',
    needle: 'asm',
    pattern:
      /error: (?:'asm goto' constructs are not supported|expected '\(' after 'asm'|invalid use of asm_volatile_goto)/,
    what: () => "the compiler cannot read the kernel's inline assembly",
    cause: 'headers of the kernel use `asm goto` and `asm inline`; clang before 9 knows neither',
    wayOut:
      'a newer clang; or -include asm_goto_workaround.h of samples/bpf (5.0 and later); or only headers of include/uapi and vmlinux.h',
  },
  {
    rule: 'BTF of the kernel cannot be made',
    needle: 'BTF',
    pattern:
      /FAILED:? load BTF from vmlinux: .*|BTF: \S+: pahole \S* ?is not available|Failed to generate BTF for vmlinux/,
    what: whole,
    cause:
      'pahole is missing, too old, or so new that it writes kinds of BTF which the tools of this tree do not know (ENUM64 since 1.24)',
    wayOut:
      'turn off DEBUG_INFO_BTF, or make BTF beside the kernel: pahole --btf_encode_detached --skip_encoding_btf_enum64',
  },
  {
    rule: 'no BTF in the kernel',
    needle: 'BTF',
    pattern: /libbpf: (?:failed to find valid kernel BTF|Error loading vmlinux BTF: -\d+|kernel BTF is missing.*)/i,
    what: whole,
    cause: 'the running kernel has no BTF (/sys/kernel/btf/vmlinux: CONFIG_DEBUG_INFO_BTF, since 5.2)',
    wayOut: 'load without CO-RE, or build the kernel with DEBUG_INFO_BTF=y',
  },
  {
    rule: 'BTF of the object is refused',
    needle: 'BTF is optional, ignoring',
    pattern: /libbpf: Error loading \.BTF into kernel: -\d+\. BTF is optional, ignoring/,
    what: whole,
    cause: "the kernel's BTF is older than clang's; libbpf loads the program without it",
  },
  {
    rule: 'section name',
    needle: 'missing BPF prog type',
    pattern: /libbpf: prog '([^']+)': missing BPF prog type, check ELF section name '([^']*)'/,
    what: (match) => `no program type belongs to the section ${match[2]} of ${match[1]}`,
    key: (match) => `${match[1]} ${match[2]}`,
    cause: 'the loader derives the type of a program from the name of its section, and knows no such name',
    wayOut: 'tracepoint/GROUP/EVENT, kprobe/FUNCTION, ...: no slash before it; `lab check --probes` finds it before',
  },
  {
    rule: 'locked memory',
    needle: 'RLIMIT_MEMLOCK',
    pattern: /libbpf: .*RLIMIT_MEMLOCK.*/,
    what: whole,
    cause: 'before 5.11 maps and programs count as locked memory, and the limit of this process is too low',
    wayOut: 'ulimit -l unlimited, as root',
  },
  {
    rule: 'events were lost',
    needle: 'EVENTS',
    pattern: /^\s*CPU:\d+ \[(?:LOST (?:\d+ )?EVENTS|\d+ EVENTS DROPPED)\]/,
    what: () => 'the trace has gaps',
    cause: 'the ring buffer was full and its reader too slow: text is read at about half the speed at which it is made',
    wayOut: 'a larger buffer (`trace: { buffer: }`), or binary capture: `lab run` does both',
  },
]

/** A console's line, not a sentence about it. */
const CONSOLE_LINE =
  /^\s*(?:<\d+>)?(?:\[ *\d+\.\d+\]|lab-init:|Kernel panic|systemd\[1\]|VFS:|Cannot find device|Requested init|No working init)/

const ROWS: readonly Message[] = [
  ...MESSAGES,
  // In a table of its own they say why one boot failed, and the first row wins; the last, general one would say everything twice.
  ...BOOT_FAILURES.filter(({ name }) => name !== 'kernel panic').map(({ name, pattern, cause, wayOut }): Message => ({
    rule: `boot: ${name}`,
    needle: '',
    pattern,
    what: (match) => whole(match),
    cause,
    wayOut,
  })),
]

/** Applies the table to each line. */
export const messages = (findings: Findings): Reader => ({
  feed: (line, number) => {
    for (const row of ROWS) {
      if (row.needle === '' ? !CONSOLE_LINE.test(line) : !line.includes(row.needle)) continue
      const match = row.pattern.exec(line)
      if (!match) continue
      const fact: Fact = {
        rule: row.rule,
        key: row.key?.(match) ?? '',
        what: row.what(match),
        cause: typeof row.cause === 'string' ? row.cause : row.cause(match),
        evidence: [line],
        fixes: row.wayOut === undefined ? [] : [row.wayOut].flat(),
        confidence: row.confidence,
        otherwise: row.otherwise,
        sources: row.sources,
      }
      findings.add(fact, [number])
    }
  },
})
