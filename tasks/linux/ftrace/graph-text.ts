/**
 * The text of the function_graph tracer in all its layouts (tracefs with any of its options, trace-cmd with its
 * plugin), turned into what trace-cmd prints without plugins: "--> f (depth)" and "<-- f (depth) (start: N end: N)". A
 * call tree is then the same whoever printed it. Layouts: kernel/trace/trace_functions_graph.c, plugins/plugin_... of
 * libtraceevent (funcgraph_entry, funcgraph_exit).
 */
import type { TraceEvent } from './trace-event.ts'

/**
 * [abstime |] [cpu)] [comm-pid |] [flags |] [overhead] [duration us] | body. Groups: seconds, fraction, cpu, comm, pid,
 * flags, duration, body.
 */
const LINE =
  /^\s*(?:(\d+)\.(\d{6}) \|\s+)?(?:(\d{1,4})\)\s*)?(?:(\S.{0,15}?)-(\d+)\s*\|\s*)?(?:([.A-Za-z]{3,4}[.0-9a-f]{1,4})\s*\|\s*)?(?:[!+#*@$>]\s*)?(?:(\d+\.\d+) us\s*)?\|(.*)$/
/** "==========> |" and "<========== |": an interrupt begins or ends. */
const INTERRUPT = /^\s*(?:\d+\.\d{6} \|\s+)?\d{1,4}\)\s*(?:.{1,16}-\d+\s*\|\s*)?(?:=+>|<=+) \|\s*$/
/** " 0)  bash-1234   =>  sshd-5678 ". */
const SWITCH = /^\s*(\d{1,4})\)\s*(?:\S.{0,15}?)-\d+\s*=>\s*(\S.{0,15}?)-(\d+)\s*$/
const RULER = /^\s*-{20,}\s*$/
/** trace-cmd's plugin: "  1.389 us   |    f();", without a CPU since the record has it. */
const PLUGIN = /^\s*(?:[!+#*@$>]\s*)?(?:(\d+\.\d+) us\s*)?\|(.*)$/

const ENTRY = /^([\w.$]+)(?: \[[\w-]+\])?\(.*\) \{/
const LEAF = /^([\w.$]+)(?: \[[\w-]+\])?\(.*\);/
const EXIT = /^\}(?:.*?\/\* (?:<-)?([\w.$]+))?/
const COMMENT = /^\/\* (.*?) ?\*\/$/

interface Body {
  readonly kind: 'entry' | 'leaf' | 'exit' | 'comment'
  readonly depth: number
  /** Of the function, or the text of a comment; undefined for an end that does not say of what. */
  readonly text: string | undefined
}

/** What is called: its depth is the indentation, two blanks for each level behind the two of the first. */
function bodyOf(text: string): Body | undefined {
  const body = text.trimStart()
  const depth = Math.max(0, Math.floor((text.length - body.length - 2) / 2))
  const plain = body.trimEnd()
  for (const [kind, pattern] of [
    ['entry', ENTRY],
    ['leaf', LEAF],
    ['exit', EXIT],
    ['comment', COMMENT],
  ] as const) {
    const match = pattern.exec(plain)
    if (match) return { kind, depth, text: match[1] }
  }
  return undefined
}

/** Nanoseconds of "227.812". */
const nanoseconds = (us: string | undefined): bigint | undefined =>
  us === undefined ? undefined : BigInt(Math.round(Number(us) * 1000))

interface Task {
  comm: string
  pid: number
}

interface Call {
  readonly name: string
  readonly depth: number
  readonly start: bigint
}

export interface GraphLine {
  /** Events of the line, in order; none for an interrupt's mark or a change of the process. */
  readonly events: readonly TraceEvent[]
}

export class GraphText {
  /** Of each CPU, where lines do not name the process. */
  readonly #running = new Map<number, Task>()
  /** Open calls, by process. */
  readonly #open = new Map<number, Call[]>()
  /** Time so far, made of durations where the text has no other. */
  #clock = 0n
  /** The text has no times of its own: those of the events are sums of durations. */
  timesAreDurations = false
  /** The text has no processes: an event has its CPU's number in place of one. */
  cpuForProcess = false

  /** A line of the tracer as tracefs prints it; undefined for any other line. */
  line(text: string): GraphLine | undefined {
    if (RULER.test(text)) return this.#running.size > 0 || this.#open.size > 0 ? { events: [] } : undefined
    const change = SWITCH.exec(text)
    if (change) {
      this.#running.set(Number(change[1]), { comm: change[2] ?? '', pid: Number(change[3]) })
      return { events: [] }
    }
    if (INTERRUPT.test(text)) return { events: [] }
    const [, seconds, fraction = '', cpu, comm, pid, flags, duration, rest] = LINE.exec(text) ?? []
    if (rest === undefined || (cpu === undefined && duration === undefined && seconds === undefined)) return undefined
    const body = bodyOf(rest)
    if (body === undefined) return undefined
    const task = this.#taskOf(Number(cpu ?? 0), comm, pid)
    const time = seconds === undefined ? undefined : BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * 1000n
    const common = {
      cpu: Number(cpu ?? 0),
      ...task,
      ...(flags !== undefined && { flags }),
    }
    return { events: this.#eventsOf(body, common, time, nanoseconds(duration)) }
  }

  /** A record of trace-cmd whose text the plugin made; undefined if it is not of that form. */
  record(event: TraceEvent): readonly TraceEvent[] | undefined {
    const [, duration, rest] = PLUGIN.exec(event.message) ?? []
    const body = rest === undefined ? undefined : bodyOf(rest)
    if (body === undefined) return undefined
    const { cpu, pid, comm, flags, timeNs } = event
    return this.#eventsOf(
      body,
      { cpu, pid, comm, ...(flags !== undefined && { flags }) },
      timeNs,
      nanoseconds(duration),
    )
  }

  #taskOf(cpu: number, comm: string | undefined, pid: string | undefined): Task {
    if (comm !== undefined && pid !== undefined) {
      const task = { comm: comm.trim(), pid: Number(pid) }
      this.#running.set(cpu, task)
      return task
    }
    const known = this.#running.get(cpu)
    if (known === undefined) this.cpuForProcess = true
    return known ?? { comm: `cpu ${cpu}`, pid: cpu }
  }

  #eventsOf(
    { kind, depth, text }: Body,
    common: Pick<TraceEvent, 'cpu' | 'pid' | 'comm' | 'flags'>,
    time: bigint | undefined,
    duration: bigint | undefined,
  ): readonly TraceEvent[] {
    if (time === undefined) this.timesAreDurations = true
    const start = time ?? this.#clock
    const entered = (name: string, timeNs: bigint): TraceEvent => ({
      ...common,
      timeNs,
      event: 'funcgraph_entry',
      system: 'ftrace',
      message: `--> ${name} (${depth})`,
    })
    const left = (name: string, timeNs: bigint, from: bigint, to: bigint): TraceEvent => ({
      ...common,
      timeNs,
      event: 'funcgraph_exit',
      system: 'ftrace',
      message: `<-- ${name} (${depth}) (start: ${from.toString(16)}  end: ${to.toString(16)})`,
    })
    const calls = this.#open.get(common.pid) ?? []
    this.#open.set(common.pid, calls)
    if (kind === 'comment') return [{ ...common, timeNs: start, event: 'print', system: 'ftrace', message: text ?? '' }]
    if (kind === 'entry') {
      while ((calls.at(-1)?.depth ?? -1) >= depth) calls.pop()
      calls.push({ name: text ?? '?', depth, start })
      return [entered(text ?? '?', start)]
    }
    if (kind === 'leaf') {
      const end = start + (duration ?? 0n)
      if (time === undefined) this.#clock = end
      return [entered(text ?? '?', start), left(text ?? '?', time ?? end, start, end)]
    }
    while ((calls.at(-1)?.depth ?? -1) > depth) calls.pop()
    const call = calls.at(-1)?.depth === depth ? calls.pop() : undefined
    const from = call?.start ?? start
    // Without a duration (it is switched off, or too short to be shown) the call lasted from its begin to here.
    const to = duration === undefined ? start : from + duration
    if (time === undefined && to > this.#clock) this.#clock = to
    return [left(call?.name ?? text ?? '?', time ?? this.#clock, from, to)]
  }
}
