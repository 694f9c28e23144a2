/**
 * What follows the time in a record of an ftrace text: the event's name and its fields, or a printed text and
 * where it is from.
 */

export interface TraceContent {
  readonly event: string
  readonly message: string
  readonly system?: string
}

/** Groups of events whose names the kernel uses only there. */
const SYSTEMS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    print: 'ftrace',
    function: 'ftrace',
    kernel_stack: 'ftrace',
    user_stack: 'ftrace',
    bpf_trace_printk: 'bpf_trace',
    sched_process_fork: 'sched',
    sched_process_exec: 'sched',
    sched_process_exit: 'sched',
  }),
)

/**
 * "0: text", "0x00000001: text", "func+0x10/0x20 [module]: text": an instruction pointer, and what was printed from
 * there.
 */
const FROM_IP = /^(0x[0-9a-f]+|0|[A-Za-z_][\w.]*(?:\+0x[0-9a-f]+\/0x[0-9a-f]+)?(?: \[[\w-]+\])?):(?: (.*))?$/s

/**
 * A BPF program has no instruction pointer to show: bpf_trace_printk() passes 1 in 4.15 and 0 in 5.4 and 5.7
 * (kernel/trace/bpf_trace.c). trace_pipe shows them as 0x00000001 and 0, trace-cmd as 0x1 and 0x0.
 */
const FAKE_IP = /^0(?:x0*[01])?$/

function printed(text: string): TraceContent | undefined {
  const [, ip, message = ''] = FROM_IP.exec(text) ?? []
  if (ip === undefined) return undefined
  return { event: FAKE_IP.test(ip) ? 'print' : ip.replace(/[+ ].*$/s, ''), message, system: 'ftrace' }
}

/** Printed texts in the form that they have nearly always; `printed` knows the rest. */
const USUAL_PREFIXES = ['0: ', '0x00000001: '] as const

const NAMED = /^(?:([A-Za-z_]\w*):)?([A-Za-z_]\w*):(?: (.*))?$/s
/** trace-cmd pads the name of an event to so many characters; blanks beyond are the message's own. */
const PADDED = 20
/** By the length of the name. */
const PADS = Array.from({ length: PADDED + 1 }, (_, length) => ' '.repeat(PADDED - length))
const VERBATIM = new Set(['print', 'bpf_trace_printk'])
const isBlank = (code: number): boolean => code === 0x20 || code === 0x09
/**
 * Blanks and tabs, and nothing that could be half of a letter where a text is read byte by byte. A pattern would be
 * quadratic.
 */
function trim(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/** Hardly two lines in a row have other names. */
let knownName = 'bpf_trace_printk'

/** Name and text where the name is one word, without a pattern: most lines are of this form. */
function plainName(rest: string): readonly [event: string, text: string] | undefined {
  const colon = rest.indexOf(': ')
  if (colon < 1 || colon > 64) return undefined
  const event = rest.slice(0, colon)
  if (event !== knownName && !/^[A-Za-z_]\w*$/.test(event)) return undefined
  knownName = event
  return [event, rest.slice(colon + 2)]
}

function named(rest: string): TraceContent | undefined {
  const plain = plainName(rest)
  const [, system, event, text = ''] = plain ? [undefined, undefined, ...plain] : (NAMED.exec(rest) ?? [])
  if (event === undefined) return undefined
  const pad = event.length < PADDED ? PADS[event.length] : undefined
  const unpadded = pad !== undefined && text.startsWith(pad) ? text.slice(pad.length) : text
  const message = VERBATIM.has(event) ? unpadded : trim(unpadded)
  if (event === 'print') return printed(message) ?? { event, message }
  return system === undefined ? { event, message } : { event, message, system }
}

type Build = (first: string, second: string) => TraceContent

/** What trace_pipe prints without a name in front, by its form. */
const NAMELESS: readonly (readonly [RegExp, Build])[] = [
  [/^sys_(\w+)\((.*)\)$/s, (name, message) => ({ event: `sys_enter_${name}`, message, system: 'syscalls' })],
  [/^sys_(\w+) -> (.*)$/s, (name, message) => ({ event: `sys_exit_${name}`, message, system: 'syscalls' })],
  [/^([\w.]+ <-+ ?[\w.]+)$/, (message) => ({ event: 'function', message })],
  [/^(<stack trace ?>)$/, (message) => ({ event: 'kernel_stack', message })],
  // The tracers of latencies print numbers and no name (kernel/trace/trace_output.c): timerlat, hwlat, osnoise.
  [/^(#\d+ +context +\w+ timer_latency +\d+ ns.*)$/, (message) => ({ event: 'timerlat', message, system: 'ftrace' })],
  [/^(#\d+ +inner\/outer\(us\): .*)$/, (message) => ({ event: 'hwlat', message, system: 'ftrace' })],
  [/^(\d+ +\d+ +\d+\.\d+ +\d+(?: +\d+)+)$/, (message) => ({ event: 'osnoise', message, system: 'ftrace' })],
  // "  95:120:R ==> [000]     0:120:R", "  95:120:S   + [000] ...": the wakeup tracers.
  [/^(\d+: *\d+:\s*\w ==> .*)$/, (message) => ({ event: 'context_switch', message, system: 'ftrace' })],
  [/^(\d+: *\d+:\s*\w +\+ .*)$/, (message) => ({ event: 'wakeup', message, system: 'ftrace' })],
  [/^(<user stack trace ?>)$/, (message) => ({ event: 'user_stack', message })],
]

function nameless(rest: string): TraceContent | undefined {
  for (const [pattern, build] of NAMELESS) {
    const match = pattern.exec(rest)
    if (match) return build(match[1] ?? '', match[2] ?? '')
  }
  return undefined
}

/** A printed text as trace_pipe has it before 5.9: no event's name in front, only the address. */
export const PRINT_PREFIX = /^0(?:x[0-9a-f]+)?:/

const PRINTK = 'bpf_trace_printk: '
/** Between that and the text where trace-cmd made the line. */
const PRINTK_PAD = PADS[PRINTK.length - 2] ?? ''

/**
 * The content of a line from `from` on, where it is what a BPF program printed in one of the forms that it has nearly
 * always; `parseContent` knows the rest. Nothing is cut out of the line but the message.
 */
export function printkContent(line: string, from: number): TraceContent | undefined {
  if (line.startsWith(PRINTK, from)) {
    const text = from + PRINTK.length
    const start = line.startsWith(PRINTK_PAD, text) ? text + PRINTK_PAD.length : text
    return { event: 'bpf_trace_printk', message: line.slice(start), system: 'bpf_trace' }
  }
  for (const prefix of USUAL_PREFIXES)
    if (line.startsWith(prefix, from))
      return { event: 'print', message: line.slice(from + prefix.length), system: 'ftrace' }
  return undefined
}

/** undefined for what no kernel of this range prints ("Unknown type 300"). */
export function parseContent(rest: string): TraceContent | undefined {
  const said = printkContent(rest, 0)
  if (said !== undefined) return said
  const content = PRINT_PREFIX.test(rest) ? printed(rest) : (named(rest) ?? nameless(rest) ?? printed(rest))
  if (content === undefined || content.system !== undefined) return content
  const { event, message } = content
  const system = SYSTEMS.get(event)
  return system === undefined ? content : { event, message, system }
}
