/** Runs of one definition out of many: the newest unless another one is asked for, with what was left out and why. */
import type { Definition } from './definition.ts'
import { printable } from '../engine/printable.ts'
import { plural } from '../engine/text.ts'
import { RECORDER } from './recorder-fact.ts'

/** What is known of a run where one definition is chosen. */
export interface Defined {
  readonly run: string
  /** ISO 8601, UTC. */
  readonly started: string
  /** Undefined for an imported trace, which belongs to every definition. */
  readonly definition: Definition | undefined
}

/** Runs that were left out together because they share a definition. */
export interface LeftOut {
  readonly experiment: string
  readonly definition: string
  readonly runs: readonly string[]
  readonly first: string
  readonly last: string
  /** What differs from the chosen definition: "start: shared, here warm". */
  readonly differs: readonly string[]
}

export interface OneDefinition<Run> {
  /** Undefined if all runs are imported. */
  readonly definition: string | undefined
  /** In the order in which they came. */
  readonly runs: readonly Run[]
  readonly leftOut: readonly LeftOut[]
}

/** The facts of a chosen definition, with those of each arm that was met so far. */
class Chosen {
  readonly #asked: Definition['asked']
  readonly #ofArm: Record<string, string>

  constructor({ asked, ofArm }: Definition) {
    this.#asked = asked
    this.#ofArm = { ...ofArm }
  }

  /** Facts that are not the same: theirs, and the chosen one's. */
  differences({ asked, ofArm }: Definition): readonly (readonly [what: string, theirs: string, own: string])[] {
    const shared = [...new Set([...Object.keys(asked), ...Object.keys(this.#asked)])].map(
      (what) => [what, asked[what] ?? 'none', this.#asked[what] ?? 'none'] as const,
    )
    const both = Object.entries(ofArm).flatMap(([what, theirs]) => {
      const own = this.#ofArm[what]
      return own === undefined ? [] : [[what, theirs, own] as const]
    })
    return [...shared, ...both].filter(([, theirs, own]) => theirs !== own)
  }

  add({ ofArm }: Definition): void {
    for (const [what, value] of Object.entries(ofArm)) this.#ofArm[what] ??= value
  }
}

const short = (value: string): string => value.replace('sha256:', '').slice(0, 8)

const isDigest = (value: string): boolean => value.startsWith('sha256:')

/** What differs, in words. A build that follows from a kernel or source that differs too is not named. */
function words(differences: ReturnType<Chosen['differences']>): string[] {
  const changed = new Set(differences.map(([what]) => what))
  return differences.flatMap(([what, theirs, own]) => {
    const [, program = '', kernel = ''] = /^(\S+) for (.+)$/.exec(what) ?? []
    const probe = program.replace(/(~empty)?\.bpf\.o$/, '')
    const causes = [
      `kernel ${kernel}`,
      `source of probe ${probe}`,
      ...(probe === program ? ['source of the workload'] : []),
    ]
    if (program !== '' && causes.some((cause) => changed.has(cause))) return []
    // By its digest: versions of lab that differ in its code can have one name.
    if (what === RECORDER)
      return [`lab itself or its compiler was updated (lab-holder ${short(theirs)} -> ${short(own)})`]
    return isDigest(theirs) || isDigest(own) ? [what] : [`${what} (${theirs}, now ${own})`]
  })
}

interface Split<Run> {
  readonly reference: Run
  readonly kept: readonly Run[]
  readonly rest: readonly Run[]
  readonly chosen: Chosen
}

/** Of these runs (newest first) those that agree with the reference, and with one another. */
function split<Run>(newestFirst: readonly Run[], reference: Run, of: (run: Run) => Defined): Split<Run> | undefined {
  const definition = of(reference).definition
  if (definition === undefined) return undefined
  const chosen = new Chosen(definition)
  const [kept, rest]: [Run[], Run[]] = [[], []]
  // Thousands of runs share a definition. What is known of one stays true: facts are added to the chosen ones, and none
  // of them is changed.
  const known = new Map<Definition, boolean>()
  const agrees = (own: Definition): boolean => {
    const same = known.get(own) ?? chosen.differences(own).length === 0
    if (same && !known.has(own)) chosen.add(own)
    known.set(own, same)
    return same
  }
  for (const run of newestFirst) {
    const own = of(run).definition
    if (own === undefined || agrees(own)) kept.push(run)
    else rest.push(run)
  }
  return { reference, kept, rest, chosen }
}

/**
 * The newest run with the definition that is meant; an exact name of a run comes first, so that a name of digits is no
 * digest.
 */
function referenceOf<Run>(newestFirst: readonly Run[], of: (run: Run) => Defined, wanted: string): Run | undefined {
  const ways: readonly ((one: Defined) => boolean | undefined)[] = [
    ({ run }) => run === wanted,
    ({ definition }) => definition?.id.startsWith(wanted),
    ({ run }) => run.startsWith(wanted),
  ]
  return ways.map((matches) => newestFirst.find((run) => matches(of(run)))).find((run) => run !== undefined)
}

/**
 * @param runs of one experiment, oldest first
 * @param wanted a definition's name or a run's, or the beginning of one, or `last`; the newest definition when left out
 * @returns undefined if no run has the definition that is wanted
 */
export function ofOneDefinition<Run>(
  experiment: string,
  runs: readonly Run[],
  of: (run: Run) => Defined,
  wanted = 'last',
): OneDefinition<Run> | undefined {
  const newestFirst = runs.toReversed()
  const defined = newestFirst.filter((run) => of(run).definition !== undefined)
  const reference = wanted === 'last' ? defined[0] : wanted === '' ? undefined : referenceOf(defined, of, wanted)
  if (reference === undefined) return wanted === 'last' ? { definition: undefined, runs, leftOut: [] } : undefined
  const main = split(newestFirst, reference, of)
  if (main === undefined) return undefined
  const leftOut: LeftOut[] = []
  let { rest } = main
  while (rest[0] !== undefined) {
    const other = split(rest, rest[0], of)
    const definition = of(rest[0]).definition
    if (other === undefined || definition === undefined) break
    const oldestFirst = other.kept.toReversed().map(of)
    leftOut.push({
      experiment,
      definition: definition.id,
      runs: oldestFirst.map(({ run }) => run),
      first: oldestFirst[0]?.started ?? '',
      last: oldestFirst.at(-1)?.started ?? '',
      differs: words(main.chosen.differences(definition)),
    })
    rest = other.rest
  }
  const kept = new Set(main.kept)
  return { definition: of(reference).definition?.id, runs: runs.filter((run) => kept.has(run)), leftOut }
}

/** Differences that are named one by one. */
const MOST_NAMED = 6

const day = (time: string): string => time.slice(0, 16).replace('T', ' ')

/** "5 runs of 2026-01-01 10:00 to ... (definition 1a2b…) are left out: they differ in disk data". */
export function leftOutText({ experiment, definition, runs, first, last, differs }: LeftOut): string {
  const named = differs.slice(0, MOST_NAMED).map((difference) => printable(difference, 200))
  const more = differs.length > named.length ? ` and ${differs.length - named.length} more` : ''
  const when = day(first) === day(last) ? day(first) : `${day(first)} to ${day(last)}`
  return `${plural(runs.length, 'run')} of ${printable(experiment, 80)} (${printable(when, 50)} UTC, definition ${definition}) ${runs.length === 1 ? 'is' : 'are'} left out, because this differs: ${named.join('; ') || 'the combination of its parts'}${more}`
}
