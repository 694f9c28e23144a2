/**
 * Hits times messages: what BPF programs must have printed, by how often they ran and by their bytecode, against the
 * messages in the trace. Nothing in the ring buffers shows that a message was never written (a buffer that was busy,
 * tracing that was off for a moment) or that somebody else wrote it.
 */
import { plural } from '../../engine/text.ts'
import { printable } from '../../engine/printable.ts'
import type { Format, ProgramMessages } from '../../linux/objects/bpf-messages.ts'

export interface FiredProgram {
  readonly program: string
  /** Runs that were certainly counted and recorded. */
  readonly least: number
  /** Runs that can have printed; undefined where nobody counted them. */
  readonly most: number | undefined
  /** undefined: its bytecode does not tell. */
  readonly prints: Pick<ProgramMessages, 'least' | 'most' | 'formats'> | undefined
}

/** Conversions of bpf_trace_printk (kernel/bpf/helpers.c, bpf_bprintf_prepare) and what is in their place. */
const CONVERSION = /%(?:%|[-+ #0]*\d*(?:\.\d+)?l{0,2}(?:p(?:[ku]s|[iI][46]|[BKxsS])?(?![A-Za-z0-9])|[A-Za-z])?)/g
const VALUES: Readonly<Record<string, string>> = {
  d: String.raw`-?\d+`,
  i: String.raw`-?\d+`,
  u: String.raw`\d+`,
  x: '[0-9a-f]+',
}

/** Of any length. */
const ANY = '.*'

const escaped = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)

function valueOf(conversion: string): string {
  if (conversion === '%%') return '%'
  const plain = /^%l{0,2}([diux])$/.exec(conversion)
  return VALUES[plain?.[1] ?? ''] ?? ANY
}

/** So many values of any length are told apart: more of them would make a pattern that backtracks for seconds. */
const MOST_ANY = 3

/** The messages that a format gives, without blanks at their end. */
export function patternOfFormat({ text, open }: Pick<Format, 'text' | 'open'>): RegExp {
  const whole = open ? text : text.trimEnd()
  let source = '^'
  let from = 0
  let any = 0
  for (const found of whole.matchAll(CONVERSION)) {
    const value = valueOf(found[0])
    source += escaped(whole.slice(from, found.index)) + value
    from = found.index + found[0].length
    if (value === ANY && ++any === MOST_ANY) return new RegExp(source, 's')
  }
  // A format that is cut may be cut inside a conversion.
  return new RegExp(`${source}${escaped(whole.slice(from))}${open ? '' : String.raw`\s*$`}`, 's')
}

/** Sets of numbers that belong together. */
class Together {
  readonly #of: number[] = []

  find(index: number): number {
    const up = this.#of[index] ?? index
    if (up === index) return index
    const top = this.find(up)
    this.#of[index] = top
    return top
  }

  join(numbers: readonly number[]): void {
    const [first, ...rest] = numbers
    for (const index of rest) this.#of[this.find(index)] = this.find(first ?? index)
  }
}

interface Entry {
  readonly by: number
  readonly least: number
  readonly most: number
}

/** One text that programs print, and who does. */
interface Printed {
  readonly text: string
  readonly pattern: RegExp
  readonly entries: Entry[]
  recorded: number
}

function textsOf(programs: readonly FiredProgram[]): Printed[] {
  const found = new Map<string, Printed>()
  for (const [by, { prints }] of programs.entries())
    for (const format of prints?.formats ?? []) {
      const pattern = patternOfFormat(format)
      const one = found.get(pattern.source) ?? { text: format.text.trimEnd(), pattern, entries: [], recorded: 0 }
      one.entries.push({ by, least: format.least, most: format.most })
      found.set(pattern.source, one)
    }
  return [...found.values()]
}

/** Counts messages by the texts that they can be of; texts that one message can be of are joined. */
function countMessages(texts: readonly Printed[], messages: readonly string[]): Together {
  const groups = new Together()
  for (const [message, same] of Map.groupBy(messages, (text) => text)) {
    const matching = texts.flatMap(({ pattern }, index) => (pattern.test(message) ? [index] : []))
    const first = texts[matching[0] ?? -1]
    if (first !== undefined) first.recorded += same.length
    groups.join(matching)
  }
  return groups
}

const quoted = (texts: readonly Printed[]): string =>
  texts.map(({ text }) => (text === '' ? 'of any text' : `"${printable(text, 60)}"`)).join(' and ')

const firedText = (programs: readonly FiredProgram[], by: readonly number[]): string =>
  [...new Set(by)]
    .flatMap((index) => programs[index] ?? [])
    .map(({ program, least }) => `${printable(program, 64)} fired ${plural(least, 'time')}`)
    .join(', ')

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** `count` is 0 also where nobody knows how often it ran: infinity times nothing is nothing. */
const times = (count: number, runs: number | undefined): number => (count === 0 ? 0 : count * (runs ?? Infinity))

/**
 * @param messages of all programs in all processes, typed events left out
 * @param alone no program of another loader was there that could print the same
 * @returns a sentence for each difference
 */
export function messageLedger(
  programs: readonly FiredProgram[],
  messages: readonly string[],
  alone: boolean,
): string[] {
  const texts = textsOf(programs)
  const groups = countMessages(texts, messages)
  const isBounded = alone && programs.every(({ prints }) => prints !== undefined)
  const members = Map.groupBy(texts.keys(), (index) => groups.find(index))
  const owners = new Together()
  const reasons: string[] = []
  const short = new Set<number>()
  for (const indexes of members.values()) {
    const group = indexes.flatMap((index) => texts[index] ?? [])
    const entries = group.flatMap((member) => member.entries)
    const recorded = sum(group.map((member) => member.recorded))
    const least = sum(entries.map((entry) => times(entry.least, programs[entry.by]?.least)))
    const most = sum(entries.map((entry) => times(entry.most, programs[entry.by]?.most)))
    const who = entries.map(({ by }) => by)
    owners.join(who)
    const fired = `${firedText(programs, who)}, which gives`
    const what = `${plural(least, 'message')} ${quoted(group)}`
    if (recorded < least) {
      reasons.push(`${fired} ${least === most ? '' : 'at least '}${what}, and ${recorded} were recorded`)
      for (const by of who) short.add(by)
    } else if (isBounded && recorded > most)
      reasons.push(
        `${fired} at most ${plural(most, 'message')} ${quoted(group)}, and ${recorded} were recorded: somebody else printed the same`,
      )
  }
  return [...reasons, ...totals(programs, texts, owners, short)]
}

/** Programs that print one of several messages each time: only the sum is known. */
function totals(
  programs: readonly FiredProgram[],
  texts: readonly Printed[],
  owners: Together,
  short: ReadonlySet<number>,
): string[] {
  return [...Map.groupBy(programs.keys(), (by) => owners.find(by)).values()].flatMap((together) => {
    const own = texts.filter(({ entries }) => entries.some(({ by }) => together.includes(by)))
    const recorded = sum(own.map((member) => member.recorded))
    const least = sum(together.map((by) => times(programs[by]?.prints?.least ?? 0, programs[by]?.least)))
    if (recorded >= least || together.some((by) => short.has(by))) return []
    return [
      `${firedText(programs, together)}, which gives at least ${plural(least, 'message')}, and ${recorded} were recorded`,
    ]
  })
}
