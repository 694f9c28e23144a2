/** Whether a claim holds: its estimates with their intervals against the range in which the claim says they lie. */
import { bootstrap, type Estimate } from '../../trace/stats/bootstrap.ts'
import { byNode, strataOf, type Sample } from '../../trace/stats/sample.ts'
import { FEWEST_FOR_CLAIM } from '../../config/published.ts'
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'

export const VERDICTS = ['holds', 'does not hold', 'cannot tell', 'not comparable'] as const
export type VerdictWord = (typeof VERDICTS)[number]

/** One comparison of a claim: a number that is computed from the medians of some arms, and where it should lie. */
export interface Question {
  /** What is compared, for people: "bytes=64 to bytes=16". */
  readonly about: string
  readonly groups: readonly (readonly Sample[])[]
  readonly of: (medians: readonly number[]) => number
  /** The range of the claim; both ends belong to it. */
  readonly low: number
  readonly high: number
}

/** An answered question. */
export interface Answer extends Estimate {
  readonly about: string
  readonly verdict: Exclude<VerdictWord, 'not comparable'>
  /** Runs of each arm that would decide it; null where it is decided, or where no number of runs would. */
  readonly needs: number | null
  /** Runs of the arm that has the fewest. */
  readonly runs: number
  /** Its arms share no node, so that nobody can tell their difference from that of the nodes. */
  readonly apart?: boolean
}

export interface Verdict {
  readonly verdict: VerdictWord
  /** Where it is not plain: what is missing, or what cannot be compared. */
  readonly why: string | undefined
  readonly needs: number | null
  readonly answers: readonly Answer[]
}

const LEVEL = 0.05
/** Twice as many as for one interval: the level is divided by the number of questions. */
const RESAMPLES = 4000
/** Nobody makes more runs than the lab can plan. */
const MOST_RUNS = 99_999

/**
 * About how many runs would take the end of the interval that is on the wrong side of a bound to that bound: the width
 * shrinks with the root of their number.
 */
function runsFor(
  { estimate, low, high }: Estimate,
  { low: least, high: most }: Question,
  count: number,
): number | null {
  const isInside = estimate >= least && estimate <= most
  const gaps = isInside
    ? [
        [estimate - low, estimate - least],
        [high - estimate, most - estimate],
      ]
    : estimate < least
      ? [[high - estimate, least - estimate]]
      : [[estimate - low, estimate - most]]
  const factors = gaps.map(([half = 0, room = 0]) => (half <= room ? 1 : half / room))
  const needed = Math.ceil(count * Math.max(...factors) ** 2)
  return Number.isFinite(needed) && needed <= MOST_RUNS ? Math.max(needed, count + 1) : null
}

/**
 * How many values the smallest group has that are compared: of several groups, those on nodes that all of them have.
 */
function fewestOf(groups: Question['groups']): number {
  if (groups.length === 1) return groups[0]?.length ?? 0
  const { strata } = strataOf(groups)
  return Math.min(...groups.map((_, at) => strata.reduce((sum, values) => sum + (values[at]?.length ?? 0), 0)))
}

/** How many nodes an estimate is of. */
const nodesOf = (groups: Question['groups']): number =>
  groups.length === 1 ? byNode(groups[0] ?? []).size : strataOf(groups).strata.length

/**
 * "Holds" asks each question at 95 %: all of them must hold, which no number of questions makes likelier by chance
 * (Berger, Technometrics 24(4), 1982). One that does not hold is enough to refute, so there the level is divided by the
 * number of questions (Bonferroni).
 */
function answered(question: Question, questions: number): Answer | undefined {
  const { about, groups, of, low, high } = question
  const { apart } = strataOf(groups)
  const count = fewestOf(groups)
  const both = bootstrap(groups, of, [LEVEL, LEVEL / questions], RESAMPLES)
  const [own, strict] = both ?? []
  if (own === undefined || strict === undefined) return undefined
  if (apart && groups.length > 1) return { about, runs: count, ...own, verdict: 'cannot tell', needs: null, apart }
  if (count < FEWEST_FOR_CLAIM) return { about, runs: count, ...own, verdict: 'cannot tell', needs: FEWEST_FOR_CLAIM }
  if (own.low >= low && own.high <= high) return { about, runs: count, ...own, verdict: 'holds', needs: null }
  if (strict.low > high || strict.high < low)
    return { about, runs: count, ...own, verdict: 'does not hold', needs: null }
  return { about, runs: count, ...own, verdict: 'cannot tell', needs: runsFor(own, question, count) }
}

function unmeasuredText([first, ...more]: readonly string[]): string {
  if (first === undefined) return 'no run measured its arms'
  const others = more.length === 0 ? '' : ` and ${plural(more.length, 'other comparison')}`
  return `no run measured all arms of ${printable(first, 120)}${others}`
}

/** The verdict over all questions of a claim: the worst of their answers. */
export function verdictOf(questions: readonly Question[]): Verdict {
  const answers = questions.map((question) => answered(question, questions.length))
  const known = answers.filter((answer) => answer !== undefined)
  const unmeasured = questions.filter((_, index) => answers[index] === undefined).map(({ about }) => about)
  if (questions.length === 0 || unmeasured.length > 0)
    return { verdict: 'cannot tell', why: unmeasuredText(unmeasured), needs: FEWEST_FOR_CLAIM, answers: known }
  const refuted = known.filter(({ verdict }) => verdict === 'does not hold')
  if (refuted.length > 0) {
    const why = refuted.length === known.length ? undefined : `${refuted.length} of ${known.length} comparisons`
    return { verdict: 'does not hold', why, needs: null, answers: known }
  }
  const open = known.filter(({ verdict }) => verdict === 'cannot tell')
  if (open.length === 0) return { verdict: 'holds', why: undefined, needs: null, answers: known }
  const needs = open.map((claim) => claim.needs)
  const most = needs.includes(null) ? null : Math.max(...needs.map((runs) => runs ?? 0))
  const some = open.length === known.length ? '' : `${open.length} of ${known.length} comparisons are open; `
  const fewest = Math.min(...questions.map(({ groups }) => fewestOf(groups)))
  const onOwnNodes = questions.some(({ groups }) => groups.length > 1 && strataOf(groups).unused > 0)
  // Runs on the same nodes say nothing of how far another node may be.
  const several = questions.some(({ groups }) => nodesOf(groups) > 1)
  const shared = onOwnNodes ? ' on nodes that the other arms have as well' : ''
  const why = open.some(({ apart }) => apart)
    ? `${some}the arms were made on different nodes: run them on the same ones`
    : fewest < FEWEST_FOR_CLAIM
      ? `an arm has ${plural(fewest, 'run')}${shared}, and a claim needs ${FEWEST_FOR_CLAIM}`
      : most === null
        ? `${some}the median is at the edge of the claim: no number of runs would tell`
        : `${some}it would take about ${most} runs of each arm${several ? ', on more nodes as well' : ''}`
  return { verdict: 'cannot tell', why, needs: most, answers: known }
}
