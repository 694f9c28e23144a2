/** `lab run --all` for people: a table of the experiments, with the reason below each that did not pass. */
import { printable } from '../../engine/printable.ts'
import { plural, table } from '../../engine/text.ts'
import { whyNot } from '../../results/why.ts'
import type { RunOutcome } from '../outcome.ts'
import { remarkLines } from './remark-lines.ts'

/** How one experiment ended. */
export interface Ended {
  readonly name: string
  readonly outcomes: readonly RunOutcome[]
  /** Why it was left out. */
  readonly skipped?: string
  /** Why it could not be run to its end. */
  readonly failed?: string
  /** The last words of the workload of a run that did not pass. */
  readonly words?: readonly string[]
}

/** The last run that did not pass. */
export const lastBad = (outcomes: readonly RunOutcome[]): RunOutcome | undefined =>
  outcomes.findLast(({ manifest }) => manifest.verdict !== 'passed')

/** Reasons of one experiment that are listed; the rest are one command away. */
const LISTED = 3

/** Each reason once, whatever the arm, with the number of its runs. */
function reasons(outcomes: readonly RunOutcome[]): string[] {
  const bad = outcomes.filter(({ manifest }) => manifest.verdict !== 'passed')
  const groups = Map.groupBy(bad, ({ manifest }) => whyNot(manifest) ?? 'no reason is recorded')
  const lines = [...groups].map(([why, runs]) => `${why} (${plural(runs.length, 'run')})`)
  const more = lines.length - LISTED
  return [...lines.slice(0, LISTED), ...(more > 0 ? [`and ${plural(more, 'other reason')}`] : [])]
}

type Word = 'passed' | 'failed' | 'skipped'

const wordOf = ({ outcomes, skipped, failed }: Ended): Word =>
  skipped !== undefined ? 'skipped' : failed !== undefined || lastBad(outcomes) !== undefined ? 'failed' : 'passed'

/** The lines below the row of an experiment. */
function below(ended: Ended): string[] {
  const { outcomes, skipped, failed, words = [] } = ended
  if (skipped !== undefined) return [`  ${printable(skipped, 200)}`]
  if (wordOf(ended) === 'passed') return []
  const run = lastBad(outcomes)?.manifest.run
  return [
    ...(failed === undefined ? [] : [`  ${printable(failed, 300)}`]),
    ...reasons(outcomes).map((line) => `  ${line}`),
    ...words.map((line) => `    ${line}`),
    ...(run === undefined ? [] : [`  → \`lab explain ${run}\``]),
  ]
}

/** The table and the counts. */
export function allText(ended: readonly Ended[]): string {
  const rows = ended.map((experiment) => {
    const passed = experiment.outcomes.filter(({ manifest }) => manifest.verdict === 'passed').length
    return [
      experiment.name,
      wordOf(experiment),
      experiment.outcomes.length === 0 ? '-' : `${passed} of ${experiment.outcomes.length}`,
    ]
  })
  const columns = [{ head: 'EXPERIMENT' }, { head: 'VERDICT' }, { head: 'RUNS PASSED' }]
  const [head = '', ...lines] = table(columns, rows).split('\n')
  const count = (word: Word) => ended.filter((experiment) => wordOf(experiment) === word).length
  const notes = remarkLines(ended.flatMap(({ outcomes }) => outcomes))
  return [
    head,
    ...ended.flatMap((experiment, index) => [lines[index] ?? '', ...below(experiment)]),
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
    `${ended.length} experiments: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`,
  ].join('\n')
}
