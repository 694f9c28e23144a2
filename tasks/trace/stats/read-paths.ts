/** The path of a read and the time between its steps, over the events of many runs. Memory is 4 bytes for each gap. */
import type { Pattern } from '../../config/text/pattern.ts'
import { MOST_STEPS, ReadCutter, type Kind } from '../events/cut-reads.ts'
import { PathRows, type PathRun } from './path-rows.ts'
import { PathTexts } from './path-texts.ts'

export type { PathRun } from './path-rows.ts'

export interface PathGroup {
  /** What one read is; left out where that is not declared. */
  readonly order: readonly Pattern[] | undefined
}

export interface Path {
  /** Message of each step, without what differs from boot to boot. */
  readonly steps: readonly string[]
  readonly kind: Kind
  /** Messages of a read of the median duration; `time` is in nanoseconds (or ticks) after its first. */
  readonly typical: readonly { readonly time: number; readonly message: string }[]
  /** Index of the run that it is of. */
  readonly run: number
  /** Groups of messages that are no whole read, or one of another kind. */
  readonly others: number
  readonly declared: boolean
}

/**
 * Different messages that are told apart, addresses aside; where there are more, all numbers are left out of the
 * comparison.
 */
const MOST_TEXTS = 5000

/** Whether what one read is was declared, and can be looked at. */
const isDeclared = ({ order }: PathGroup): boolean => order !== undefined && order.length <= MOST_STEPS

function cutterOf(group: PathGroup, texts: PathTexts): ReadCutter {
  const { order } = group
  if (order === undefined || !isDeclared(group)) return new ReadCutter()
  return new ReadCutter({ length: order.length, mask: texts.masksOf(order) })
}

async function pathOf(
  rows: PathRows,
  cutter: ReadCutter,
  { texts, kinds }: PathTexts,
  declared: boolean,
): Promise<Path | undefined> {
  const kind = cutter.finish()
  const place = kind?.typical()
  if (kind === undefined || place === undefined) return undefined
  return {
    steps: kind.steps.map((step) => (declared ? texts[step]?.text : kinds[step]) ?? ''),
    kind,
    typical: await rows.read(place, kind.steps.length),
    run: place.run,
    others: cutter.others,
    declared,
  }
}

/**
 * The path of each group; undefined where no run has two messages that belong together.
 * @param temp a directory for what does not fit in memory; the caller removes it
 * @throws DuckDB's own error for a file that is missing or damaged, GaveUp for an expression of an order that is never
 * done
 */
export async function pathsOf(
  runs: readonly PathRun[],
  groups: readonly PathGroup[],
  temp: string,
): Promise<(Path | undefined)[]> {
  if (runs.length === 0) return groups.map(() => undefined)
  using rows = await PathRows.open(runs, temp)
  const declared = groups.map(isDeclared)
  const orders = groups.flatMap((group) => (isDeclared(group) ? (group.order ?? []) : []))
  const texts = new PathTexts(rows.messages > MOST_TEXTS, orders)
  const cutters = groups.map((group) => cutterOf(group, texts))
  await rows.each(
    (message) => texts.numberOf(message),
    (run, pid, time, text, row) => {
      const group = runs[run]?.group ?? -1
      const step = declared[group] === true ? text : (texts.texts[text]?.kind ?? 0)
      cutters[group]?.row(run, pid, time, step, row)
    },
  )
  const paths: (Path | undefined)[] = []
  for (const [index, cutter] of cutters.entries())
    paths.push(await pathOf(rows, cutter, texts, declared[index] === true))
  return paths
}
