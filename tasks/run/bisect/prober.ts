/** Runs an experiment on the commit that is checked out, and says what the commit is. */
import type { Context } from '../../engine/context.ts'
import { Failure, type FailureReason } from '../../engine/error.ts'
import { plural } from '../../engine/text.ts'
import { whyNot } from '../../results/why.ts'
import { summary } from '../../trace/stats/statistics.ts'
import { SharedVm } from '../../vm/shared.ts'
import { fingerprint, openVm, type Places } from '../../vm/vm.ts'
import { experimentStep } from '../experiment.ts'
import type { RunOutcome } from '../outcome.ts'
import type { ExperimentRequest } from '../request.ts'
import { valuesOf } from '../judge/metrics.ts'
import { runsNext, sideOf, summaryText, type Ends, type Judgement } from './judge.ts'

/** What ends the whole search: the next commit would fare no better. */
const OF_THE_HOST: ReadonlySet<FailureReason | undefined> = new Set([
  'disk-full',
  'not-installed',
  'needs-consent',
  'unavailable',
])

/** Why a commit cannot be tested. @throws the failure where it has nothing to do with the commit */
export function untestable(error: unknown): string {
  if (!(error instanceof Failure) || error.kind === 'interrupted' || OF_THE_HOST.has(error.reason)) throw error
  const { place, fact } = error.parts
  return place === undefined ? fact : `${place}: ${fact}`
}

/** How often the first runs of a commit are made at an end. */
const END_RUNS = 4

export interface Decision {
  /** The number that decides; the verdicts of the runs do if there is none. */
  readonly metric: string | undefined
  /** Runs of one commit. */
  readonly most: number
}

export class Prober {
  readonly #wanted: ExperimentRequest
  readonly #decision: Decision
  readonly #places: Places
  readonly #context: Context

  constructor(request: ExperimentRequest, decision: Decision, places: Places, context: Context) {
    this.#wanted = request
    this.#decision = decision
    this.#places = places
    this.#context = context
  }

  /** Runs of the commit; `repeat` of each arm. @throws Failure, also where a run has no result */
  async #runs(repeat: number | undefined, shared: SharedVm): Promise<readonly RunOutcome[]> {
    const wanted = { ...this.#wanted, repeat, open: shared.open }
    const { outcomes, problems, left } = await experimentStep(wanted, this.#places, this.#context)
    if (problems[0] !== undefined) throw problems[0].failure
    if (left.length > 0) throw new Error('runs were left out although each had a result')
    return outcomes
  }

  /** By the verdicts: all runs passed, or one failed. */
  async verdict(): Promise<Judgement> {
    await using shared = new SharedVm(openVm, fingerprint)
    try {
      const outcomes = await this.#runs(this.#wanted.repeat, shared)
      const of = (verdict: string) => outcomes.filter(({ manifest }) => manifest.verdict === verdict)
      const [failed] = of('failed')
      if (failed) {
        const why = `${of('failed').length} of ${plural(outcomes.length, 'run')} failed: ${whyNot(failed.manifest) ?? ''}`
        return { mark: 'bad', why, run: failed.manifest.run }
      }
      const [incomplete] = of('incomplete')
      if (incomplete) return { mark: 'skip', why: `a run is incomplete: ${whyNot(incomplete.manifest) ?? ''}` }
      const run = outcomes.at(-1)?.manifest.run
      return { mark: 'good', why: `${plural(outcomes.length, 'run')} passed`, ...(run !== undefined && { run }) }
    } catch (error) {
      return { mark: 'skip', why: untestable(error) }
    }
  }

  /** Runs until `enough`, or until there may be no more. */
  async #measured(enough: (values: readonly number[]) => boolean): Promise<{ values: number[]; run: string }> {
    const { metric = '', most } = this.#decision
    await using shared = new SharedVm(openVm, fingerprint)
    const values: number[] = []
    let run = ''
    for (let next = 0; (next = runsNext(values.length, this.#wanted.repeat ?? 1, most)) > 0;) {
      const outcomes = await this.#runs(next, shared)
      const made = valuesOf(
        outcomes.map(({ manifest }) => manifest),
        metric,
      )
      if (made.length < outcomes.length) throw new Failure('experiment', { fact: `a run has no ${metric}` })
      values.push(...made)
      run = outcomes.at(-1)?.manifest.run ?? run
      if (enough(values)) break
    }
    return { values, run }
  }

  /** The values of one end, or why there are none. */
  async values(): Promise<readonly number[] | string> {
    try {
      // Everything between the ends is told from them, so that they are known better than it.
      return (await this.#measured((values) => values.length >= END_RUNS * (this.#wanted.repeat ?? 1))).values
    } catch (error) {
      return untestable(error)
    }
  }

  /** By the metric: runs until its interval lies on one side. */
  async side(ends: Ends): Promise<Judgement> {
    try {
      const { values, run } = await this.#measured((all) => sideOf(all, ends) !== undefined)
      const mark = sideOf(values, ends)
      if (mark === undefined) return { mark: 'skip', why: `it does not decide: ${this.described(values)}` }
      return { mark, why: this.described(values), run }
    } catch (error) {
      return { mark: 'skip', why: untestable(error) }
    }
  }

  described(values: readonly number[]): string {
    return `${this.#decision.metric ?? ''} ${summaryText(summary(values))}`
  }
}
