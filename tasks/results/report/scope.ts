/** What a report is about: runs by name, experiments, everything, or what was done since a day. */
import { suggest } from '../../config/text/suggest.ts'
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { pickRun } from '../result.ts'
import { namedRun } from '../run-name.ts'
import { idOf } from './html.ts'
import type { ReportRun } from './runs.ts'

export interface Scope {
  /** `summary`: one page. */
  readonly kind: 'runs' | 'experiments' | 'lab' | 'summary'
  readonly title: string
  /** Of the file, without its extension. */
  readonly name: string
  readonly runs: readonly ReportRun[]
}

const DAY = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?)Z?)?$/

/** The time from which on runs are meant, ISO 8601, UTC. */
function sinceOf(text: string, now: Date): string {
  const ago = /^(\d{1,4})\s*(d|days?|h|hours?|w|weeks?)$/.exec(text)
  if (ago !== null) {
    const hours = { d: 24, h: 1, w: 168 }[ago[2]?.[0] ?? 'd'] ?? 24
    return new Date(now.getTime() - Number(ago[1]) * hours * 3_600_000).toISOString()
  }
  if (text === 'today') return `${now.toISOString().slice(0, 10)}T00:00:00.000Z`
  const time = DAY.test(text)
    ? new Date(text.includes('T') ? text.replace(/Z?$/, 'Z') : `${text}T00:00:00Z`)
    : undefined
  if (time !== undefined && !Number.isNaN(time.getTime())) return time.toISOString()
  throw userError({
    place: `--since ${printable(text, 40)}`,
    fact: 'not a day',
    wayOut: 'a day (2020-01-30), a time (2020-01-30T14:00, UTC), today, or how long ago (7d, 12h)',
  })
}

/** Runs that a word names: an experiment's, or one run. */
function named(
  all: readonly ReportRun[],
  word: string,
): { readonly runs: readonly ReportRun[]; readonly one: boolean } {
  const ofExperiment = all.filter(({ experiment }) => experiment === word)
  if (ofExperiment.length > 0) return { runs: ofExperiment, one: false }
  const experiments = new Set(all.map(({ experiment }) => experiment))
  const meant = namedRun(word, experiments)
  if (meant.back === undefined && meant.experiment === undefined && !/^\d/.test(word)) {
    const known = [...experiments]
    const near = suggest(word, known)
    throw userError({
      fact: `there are no runs of "${printable(word, 80)}"`,
      wayOut: near === undefined ? `experiments with runs: ${known.join(', ') || 'none yet'}` : `did you mean ${near}?`,
    })
  }
  return { runs: [pickRun(all, word)], one: true }
}

/** Names that a title holds. */
const MOST_NAMED = 4

const listed = (words: readonly string[]): string => {
  if (words.length <= MOST_NAMED) return words.join(', ')
  return `${words.slice(0, MOST_NAMED - 1).join(', ')} and ${words.length - MOST_NAMED + 1} more`
}

/**
 * @param words names of experiments and runs; none: the whole lab
 * @throws Failure (user) for what is none, or has no runs
 */
export function scopeOf(
  all: readonly ReportRun[],
  words: readonly string[],
  since: string | undefined,
  lab: string,
  now: Date,
): Scope {
  if (all.length === 0)
    throw userError({
      fact: 'there are no runs to report',
      wayOut: '`lab run EXPERIMENT` makes one, `lab import FILE` too',
    })
  const found = words.map((word) => named(all, word))
  const chosen = new Set(words.length === 0 ? all : found.flatMap(({ runs }) => runs))
  const from = since === undefined ? '' : sinceOf(since, now)
  const runs = all.filter((run) => chosen.has(run) && run.started >= from)
  if (runs.length === 0)
    throw userError({
      fact: `no run was started since ${from.slice(0, 16).replace('T', ' ')} UTC`,
      wayOut: `the newest was started ${all.at(-1)?.started.slice(0, 16).replace('T', ' ') ?? ''} UTC`,
    })
  const which = words.length === 0 ? lab : listed(words)
  if (since !== undefined)
    return {
      kind: 'summary',
      title: `${which}: runs since ${from.slice(0, from.includes('T00:00:00') ? 10 : 16).replace('T', ' ')}`,
      name: idOf(...(words.length === 0 ? [] : words), 'since', since),
      runs,
    }
  if (words.length === 0) return { kind: 'lab', title: `${lab}: all runs`, name: 'index', runs }
  const [first] = runs
  if (runs.length === 1 && found.every(({ one }) => one))
    return {
      kind: 'runs',
      title: `${first?.experiment ?? ''}, run ${first?.run ?? ''}`,
      name: `${first?.experiment ?? ''}-${first?.run ?? ''}`,
      runs,
    }
  return {
    kind: found.every(({ one }) => one) ? 'runs' : 'experiments',
    title: which,
    name: idOf(...words).slice(0, 100),
    runs,
  }
}
