/**
 * `lab explain`: a file, standard input or a run, of any size and of any bytes, in bounded memory; and its findings for
 * people.
 */
import { createReadStream, existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { codeOf, Failure, interrupted, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { needReadable } from '../engine/regular-file.ts'
import { isDamaged } from '../host/sandbox.ts'
import { reportText } from '../host/trace-cmd.ts'
import { Explainer, type Confidence, type Finding } from '../linux/explain/index.ts'
import { adviceOn } from '../linux/explain/loss-advice.ts'

export interface Explained {
  /** File name, or a file of a run. */
  readonly source: string
  readonly lines: number
  readonly findings: readonly Finding[]
  /** Further findings, which were only counted. */
  readonly more: number
}

/** Characters of a line that are kept: a whole verifier log may be in one, with escaped line ends. */
const LONGEST_LINE = 2 ** 20

/** More is no text that somebody wants explained: what is piped in may never end. Bytes. */
const MOST_BYTES = 4 * 2 ** 30

/**
 * Feeds lines to `feed`, whatever the chunks, in the memory of a chunk and a line. @throws Failure (user) for more than
 * `most` bytes
 */
export async function eachLine(
  chunks: AsyncIterable<Uint8Array>,
  feed: (line: string) => void,
  signal?: AbortSignal,
  most = MOST_BYTES,
): Promise<void> {
  const decoder = new TextDecoder('utf-8')
  let rest = ''
  let last = 0
  let total = 0
  const take = (text: string): void => {
    const lines = text.split('\n')
    const [first = '', ...others] = lines
    rest += first.slice(0, Math.max(0, LONGEST_LINE - rest.length))
    for (const line of others) {
      feed(rest)
      rest = line.slice(0, LONGEST_LINE)
    }
  }
  for await (const chunk of chunks) {
    if (signal?.aborted) throw interrupted()
    total += chunk.length
    if (total > most) throw userError({ fact: `more than ${most} bytes of text`, wayOut: 'give the part that matters' })
    take(decoder.decode(chunk, { stream: true }))
    // A file is read as fast as it is looked at; signals need their turn too.
    if ((last += chunk.length) > 2 ** 22) {
      last = 0
      await setImmediate()
    }
  }
  take(decoder.decode())
  if (rest !== '') feed(rest)
}

export async function explainStream(
  source: string,
  chunks: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<Explained> {
  const explainer = new Explainer()
  await eachLine(chunks, (line) => explainer.feed(line), signal)
  return { source, ...explainer.end() }
}

export async function explainFile(file: string, signal?: AbortSignal, name = file): Promise<Explained> {
  needReadable(file, 'name a text file, - or a run')
  try {
    return await explainStream(name, createReadStream(file, { highWaterMark: 2 ** 18, signal }), signal)
  } catch (error) {
    if (signal?.aborted) throw interrupted()
    if (codeOf(error) === undefined) throw error
    throw userError(
      { place: printable(file), fact: `it cannot be read (${codeOf(error)})`, wayOut: 'name a text file, - or a run' },
      error,
    )
  }
}

function explainText(source: string, text: string): Explained {
  const explainer = new Explainer()
  for (const line of text.split('\n')) explainer.feed(line.slice(0, LONGEST_LINE))
  return { source, ...explainer.end() }
}

/** Texts of a run, the first that says a thing wins: dmesg is in the console's log once more. */
const RUN_FILES = ['stdout', 'stderr', 'dmesg', 'console.log'] as const
/** A trace that is read for its messages; a larger one says the same many times. Bytes of trace.dat. */
const LARGEST_TRACE = 32 * 2 ** 20

/** What the holder said: its logs are in JSON strings. */
const holderTexts = (holder: string): string =>
  holder
    .split('\n')
    .flatMap((line) => {
      try {
        const said: unknown = JSON.parse(line)
        return typeof said === 'object' && said !== null
          ? Object.values(said).filter((value) => typeof value === 'string' && value.includes(' '))
          : []
      } catch {
        return []
      }
    })
    .join('\n')

const OfRun = z.object({ trace: z.object({ reasons: z.array(z.string()), clock: z.string().optional() }) })
type OfRun = z.infer<typeof OfRun>['trace']

/**
 * What the manifest says about the trace; nothing where this version cannot read it: the texts can be read all the
 * same.
 */
async function traceFacts(dir: string): Promise<OfRun> {
  try {
    return OfRun.parse(JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'))).trace
  } catch {
    return { reasons: [] }
  }
}

/**
 * Messages of the boot about a clock that the trace does not use. "Unstable clock detected" is about `local`, the
 * kernel's default (kernel/trace/trace.c, tracing_set_default_clock); an unstable TSC also spoils `x86-tsc`.
 */
const CLOCK_MESSAGES: readonly { readonly rule: string; readonly what?: RegExp; readonly clocks: readonly string[] }[] =
  [
    { rule: 'clock of the trace', what: /Unstable clock|Switching tracing clock/, clocks: ['local'] },
    { rule: 'the clock of the machine is not stable', clocks: ['local', 'x86-tsc'] },
  ]

const isAboutAnotherClock = ({ rule, what }: Finding, clock: string | undefined): boolean =>
  clock !== undefined &&
  CLOCK_MESSAGES.some((one) => one.rule === rule && (one.what?.test(what) ?? true) && !one.clocks.includes(clock))

/** What the run's verdict says about its trace, and what to do about it; findings without lines. */
const reasonFindings = (reasons: readonly string[]): Finding[] =>
  reasons.map((what) => ({ rule: VERDICT, what, ...adviceOn(what), confidence: 'certain', lines: [], count: 0 }))
const VERDICT = 'the run'

/** Empty of a damaged trace: the run's verdict says that it is. */
const traceTextOf = async (file: string, signal: AbortSignal): Promise<string> =>
  await reportText(file, signal).catch((error: unknown) => {
    if (isDamaged(error)) return ''
    throw error
  })

/** The line of dmesg with which the run begins; 1 where its holder does not say. */
function firstLineOf(holder: string): number {
  const line = /^\{"event":"log","line":(\d+),/m.exec(holder)?.[1]
  return line === undefined ? 1 : Number(line)
}

/** A guest that stays up has messages about earlier runs, too. */
function toldApart({ findings, ...log }: Explained, first: number): Explained {
  const isBefore = ({ lines, count }: Finding) => count === lines.length && lines.every((line) => line < first)
  const told = findings.map((one) => (isBefore(one) ? { ...one, what: `${one.what} (before this run)` } : one))
  return { ...log, findings: told }
}

/** A result's own texts. What is no news of a run (that its trace has lines) is left out. */
export async function explainRun(dir: string, signal: AbortSignal): Promise<Explained[]> {
  const { reasons, clock } = await traceFacts(dir)
  const holder = await readFile(join(dir, 'holder.ndjson'), 'utf8').catch(() => '')
  const all: Explained[] = [
    { source: 'manifest.json', lines: 0, findings: reasonFindings(reasons), more: 0 },
    explainText('holder.ndjson', holderTexts(holder)),
  ]
  for (const name of RUN_FILES)
    if (existsSync(join(dir, name))) all.push(await explainFile(join(dir, name), signal, name))
  const trace = join(dir, 'trace.dat')
  if (existsSync(trace) && statSync(trace).size <= LARGEST_TRACE)
    all.push(explainText('lab trace', await traceTextOf(trace, signal)))
  const said = new Set<string>()
  const once = all.map((one) => ({
    ...one,
    findings: one.findings.filter((finding) => {
      const { rule, what } = finding
      const key = `${rule}\n${what}`
      return !isAboutAnotherClock(finding, clock) && rule !== 'trace' && !said.has(key) && said.add(key)
    }),
  }))
  const first = firstLineOf(holder)
  return once.map((one) => (one.source === 'dmesg' ? toldApart(one, first) : one))
}

/** "3-5, 9 and 12 more". */
function lineRanges(lines: readonly number[], count: number): string {
  const ranges: [number, number][] = []
  for (const line of lines) {
    const last = ranges.at(-1)
    if (last && line <= last[1] + 1) last[1] = Math.max(line, last[1])
    else ranges.push([line, line])
  }
  const shown = ranges.slice(0, 6)
  const covered = lines.filter((line) => shown.some(([from, to]) => line >= from && line <= to)).length
  const text = shown.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ')
  return count > covered ? `${text} and ${count - covered} more` : text
}

const SHOWN_EVIDENCE = 8
/** Marks a cause that is not certain. */
const CONFIDENCE: Readonly<Record<Confidence, string>> = { certain: '', likely: ' (likely)', possible: ' (possible)' }

/** A finding for people: what is there, why, what to do, and what that rests on. */
export function findingText(finding: Finding): string {
  const { rule, what, cause, fixes, evidence = [], lines, count, confidence, otherwise, sources } = finding
  const where = count === 0 ? '' : `, line${count === 1 ? '' : 's'} ${lineRanges(lines, count)}`
  return [
    `${rule}${where}: ${printable(what, 300)}`,
    ...evidence.slice(0, SHOWN_EVIDENCE).map((line) => `    ${printable(line.trim(), 160)}`),
    ...(cause === '' ? [] : [`  why${CONFIDENCE[confidence]}: ${printable(cause, 1000)}`]),
    ...fixes.map((fix, index) => `  ${index === 0 ? 'do: ' : 'or: '} ${printable(fix, 500)}`),
    ...(otherwise === undefined ? [] : [`  if that is not it: ${printable(otherwise, 500)}`]),
    ...(sources.length === 0 ? [] : [`  see: ${printable(sources.join(', '), 300)}`]),
  ].join('\n')
}

/** For people: findings by source, or that there are none. */
export function explainedText(all: readonly Explained[]): string {
  const some = all.filter(({ findings }) => findings.length > 0)
  if (some.length === 0) {
    const lines = all.reduce((sum, one) => sum + one.lines, 0)
    return `nothing that lab knows in ${lines} line${lines === 1 ? '' : 's'}`
  }
  return some
    .flatMap(({ source, findings, more }) => [
      ...(all.length > 1 ? [`${printable(source)}:`] : []),
      ...findings.map(findingText),
      ...(more > 0 ? [`and ${more} more of these`] : []),
    ])
    .join('\n\n')
}

/** Runs whose texts are looked at after a command: the first ones that did not pass. */
const EXPLAINED_RUNS = 3

/**
 * What the texts of runs that did not pass mean, beyond their verdicts; each thing once. Empty when nothing is known.
 */
export async function explainedRuns(dirs: readonly string[], signal: AbortSignal): Promise<string> {
  const said = new Set<string>()
  const texts: string[] = []
  for (const dir of dirs.slice(0, EXPLAINED_RUNS))
    for (const { source, findings } of await explainRun(dir, signal))
      for (const finding of findings) {
        const key = `${finding.rule}\n${finding.what}`
        if (!said.has(key) && finding.rule !== VERDICT) texts.push(`${source}: ${findingText(finding)}`)
        said.add(key)
      }
  return texts.join('\n')
}

/** Rules whose answer a failure gives itself: a boot has its guess, a rejected or refused program its reason. */
const SAID_ALREADY = /^(?:boot: |verifier |notrace|trace$)/

/** What the log of a failure (a build, a boot) means beyond what the failure says. */
export async function explainedFailure(error: unknown, signal: AbortSignal): Promise<readonly Finding[]> {
  const log = error instanceof Failure ? error.parts.log : undefined
  if (log === undefined || !existsSync(log) || signal.aborted) return []
  const { findings } = await explainFile(log, signal)
  return findings.filter(({ rule }) => !SAID_ALREADY.test(rule))
}
