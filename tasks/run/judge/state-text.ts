/** Where a `lab run` stands, for one who interrupts it. */
import { plural } from '../../engine/text.ts'
import type { PlanState } from '../request.ts'
import { armLines, badLines, type DeclaredNumbers } from './text.ts'

/** An experiment of the command; its plan is not known before everything is built. */
export interface ExperimentState {
  readonly name: string
  readonly declared: DeclaredNumbers
  readonly state: PlanState | undefined
}

/** "cost: 7 of 40 runs done, 1 did not pass", and the numbers of each arm so far. */
function linesOf({ name, declared, state }: ExperimentState): string[] {
  const { total = 0, outcomes = [] } = state ?? {}
  const bad = outcomes.filter(({ manifest }) => manifest.verdict !== 'passed')
  const head = `${name}: ${outcomes.length} of ${plural(total, 'run')} done${bad.length > 0 ? `, ${bad.length} did not pass` : ''}`
  const details = [...armLines(outcomes, new Map([[name, declared]])), ...badLines(bad)]
  return [head, ...details.map((line) => `  ${line}`)]
}

/** What is done of each experiment, and which were not begun. */
export function stateLines(experiments: readonly ExperimentState[]): string[] {
  const begun = experiments.filter(({ state }) => state !== undefined)
  const others = experiments.filter(({ state }) => state === undefined).map(({ name }) => name)
  return [...begun.flatMap(linesOf), ...(others.length > 0 ? [`not begun: ${others.join(', ')}`] : [])]
}
