/** Lines of a trace in the middle of other text: how many, of whom, and what their numbers are not. */
import { isPrintk, parseTraceLine, type TraceEvent } from '../ftrace/trace-line.ts'
import type { Findings, Reader } from './finding.ts'
import type { Addresses } from './addresses.ts'

/**
 * 16 digits of which the first eight are zero and the others are not: what %p prints since 4.15 (a hash of 32 bits).
 */
const HASHED = /\b(?:0x)?0{8}(?!0{8}\b)[0-9a-f]{8}\b/g
/** A trace line has "[CPU]" and a time; nothing else is worth parsing. */
const MAY_BE_EVENT = /-\d+ .*\d\.\d{6}: /
/** The end of its time. */
export const TRACE_NEEDLES: readonly string[] = Array.from('0123456789', (digit) => `${digit}: `)
/** Programs that show trace_pipe, by their comm. */
const TRACE_READERS = new Set(['cat', 'tail', 'less', 'grep', 'trace-cmd', 'tee'])
/** Different values, comms and processes that are remembered: a bound, not a statement. */
const MOST = 1000

interface Value {
  readonly lines: number[]
  readonly pids: Set<number>
  count: number
}

/** The fake address of bpf_trace_printk before it was an event of its own. */
const KERNEL_OF: readonly (readonly [RegExp, string])[] = [
  [/: 0x0*1: /, 'as 4.15 prints them ("0x00000001:")'],
  [/: 0: /, 'as 5.4 to 5.8 print them ("0:")'],
  [/: bpf_trace_printk: /, 'as 5.9 and later print them ("bpf_trace_printk:")'],
]

export class TraceLines implements Reader {
  readonly #findings: Findings
  readonly #addresses: Addresses
  readonly #values = new Map<string, Value>()
  readonly #styles = new Map<string, number>()
  readonly #comms = new Map<string, number>()
  #lines: number[] = []
  #count = 0

  constructor(findings: Findings, addresses: Addresses) {
    this.#findings = findings
    this.#addresses = addresses
  }

  /** True for a line of a trace. */
  readonly feed = (line: string, number: number): boolean => {
    if (!MAY_BE_EVENT.test(line)) return false
    const event = parseTraceLine(line)
    if (event === undefined) return false
    this.#count++
    if (this.#lines.length < 100) this.#lines.push(number)
    const style = KERNEL_OF.find(([pattern]) => pattern.test(line))?.[1]
    if (style !== undefined) this.#styles.set(style, (this.#styles.get(style) ?? 0) + 1)
    if (this.#comms.size < MOST || this.#comms.has(event.comm))
      this.#comms.set(event.comm, (this.#comms.get(event.comm) ?? 0) + 1)
    if (isPrintk(event)) this.#printed(event, line, number)
    return true
  }

  #printed({ message, comm, pid }: TraceEvent, line: string, number: number): void {
    for (const [text] of message.matchAll(HASHED)) {
      const value = this.#values.get(text)
      if (value) {
        value.count++
        if (value.lines.length < 100) value.lines.push(number)
        if (value.pids.size < MOST) value.pids.add(pid)
      } else if (this.#values.size < MOST) this.#values.set(text, { lines: [number], pids: new Set([pid]), count: 1 })
    }
    this.#addresses.printed(message, number)
    if (TRACE_READERS.has(comm))
      this.#findings.add(
        {
          rule: 'the observer is in its own trace',
          what: `the reader of the trace hits the probe itself: ${comm}`,
          cause:
            'whoever reads trace_pipe calls read() too, on descriptor 3, into a buffer of its own. A filter by descriptor alone takes its calls for those of the program, and what they leave in a map overwrites the wanted value',
          fixes: ['filter by process id as well, and do not read the trace with a program that the probe sees'],
          evidence: [line],
        },
        [number],
      )
  }

  #hashed(): void {
    const values = [...this.#values]
    if (values.length === 0) return
    const lines = [...new Set(values.flatMap(([, value]) => value.lines))].toSorted((a, b) => a - b)
    const constant = values.filter(([, { pids }]) => pids.size > 1)
    this.#findings.add(
      {
        rule: 'hashed pointers',
        what: `${values.length} value${values.length === 1 ? ' is a hash' : 's are hashes'} of an address, and no address`,
        cause:
          'since 4.15 %p prints 32 bits of a keyed hash, with a key of its own for each boot. Equal hashes are equal addresses; anything else about them means nothing, and they never equal an address of user space',
        fixes: ['print addresses with %lx (a probe is trusted with them)'],
        evidence: values.slice(0, 3).map(([text]) => text),
      },
      lines,
    )
    for (const [text, { lines: at, pids, count }] of constant.slice(0, 5))
      this.#findings.add(
        {
          rule: 'the same kernel address each time',
          key: text,
          what: `${text} is the same address in ${count} messages of ${pids.size} processes`,
          cause:
            'equal hashes within one boot are the same address. A file that is read again is copied from the same page of the page cache, as long as that page stays cached: the source is always the same',
          fixes: ['echo 1 > /proc/sys/vm/drop_caches between two reads, and the page is likely to be another one'],
        },
        at,
        count,
      )
  }

  readonly end = (): void => {
    this.#hashed()
    if (this.#count === 0) return
    const list = (map: ReadonlyMap<string, number>, most: number) =>
      [...map]
        .toSorted((a, b) => b[1] - a[1])
        .slice(0, most)
        .map(([name, n]) => `${name} ${n}`)
        .join(', ')
    this.#findings.add(
      {
        rule: 'trace',
        what: `${this.#count} trace line${this.#count === 1 ? '' : 's'}`,
        cause: `of ${list(this.#comms, 8)}`,
        evidence: [...this.#styles].map(([style, n]) => `${n} ${style}`),
        ...(this.#comms.has('<...>') && {
          fixes: [
            '<...> is a process whose name the kernel had forgotten when the trace was read: record process events',
          ],
        }),
      },
      this.#lines,
      this.#count,
    )
  }
}
