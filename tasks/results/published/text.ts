/** Published beside measured, for people. */
import { printable } from '../../engine/printable.ts'
import type { LabEvent } from '../../engine/event.ts'
import { plural, shortNumber, table } from '../../engine/text.ts'
import { FEWEST_FOR_INTERVAL } from '../../trace/stats/statistics.ts'
import type { ComparedArm, JudgedClaim, PublishedReport } from './evaluate.ts'
import { VERDICTS, type Answer, type VerdictWord } from './verdict.ts'

/** A verdict as a person reads it. */
export const wordOf = (verdict: VerdictWord): string => (verdict === 'not comparable' ? 'not comparable here' : verdict)

/** "47.6 ± 6.52". */
export const publishedText = ({ published }: ComparedArm): string =>
  published === null
    ? ''
    : `${shortNumber(published.value)}${published.spread === null ? '' : ` ± ${shortNumber(published.spread)}`}`

/** "412 [398, 431]". */
export function measuredText({ median, low, high }: ComparedArm): string {
  if (median === null) return 'no value'
  return low === null || high === null
    ? shortNumber(median)
    : `${shortNumber(median)} [${shortNumber(low)}, ${shortNumber(high)}]`
}

/** "13.1 [12.2, 14.0] for loops=48000 to loops=3000"; without an interval where there are too few runs for one. */
function answerText({ estimate, low, high, runs, about }: Answer): string {
  const interval = runs < FEWEST_FOR_INTERVAL ? '' : ` [${shortNumber(low)}, ${shortNumber(high)}]`
  return `${shortNumber(estimate)}${interval} for ${printable(about, 120)}`
}

/** Answers that are named with a claim. */
const MOST_ANSWERS = 3

/** The answers that decided a claim, as far as there is room; empty where none did. */
export function decidingText({ verdict, answers }: JudgedClaim): string {
  const deciding = answers.filter((answer) => answer.verdict === verdict)
  const named = deciding.slice(0, MOST_ANSWERS).map(answerText)
  const more = deciding.length - named.length
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

function claimLines(judged: JudgedClaim): string[] {
  const { claim, verdict, why } = judged
  const below = [why ?? '', decidingText(judged)].filter((line) => line !== '')
  return [`  ${verdict.padEnd(14)}  ${printable(claim, 300)}`, ...below.map((line) => `${' '.repeat(18)}${line}`)]
}

function armRows(arms: readonly ComparedArm[], unit: string): string[] {
  const shown = arms.filter(({ count }) => count > 0)
  const unmeasured = arms.filter(({ published, count }) => published !== null && count === 0)
  const hasValues = shown.some(({ published }) => published !== null)
  if (!hasValues) return []
  const inUnit = unit === '' ? '' : ` (${printable(unit, 20)})`
  const columns = ['arm', `published${inUnit}`, `measured${inUnit}`, 'ratio', 'shape'].map((head) => ({ head }))
  const lines = table(
    columns,
    shown.map((arm) => [
      printable(arm.arm, 80),
      publishedText(arm),
      measuredText(arm),
      arm.ratio === null ? '' : `${shortNumber(arm.ratio)} ×`,
      arm.publishedShape === null || arm.measuredShape === null
        ? ''
        : `${shortNumber(arm.publishedShape)} / ${shortNumber(arm.measuredShape)}`,
    ]),
  )
  const left = unmeasured.length === 0 ? [] : [`${plural(unmeasured.length, 'published arm')} not measured`]
  return [...lines.split('\n'), ...left].map((line) => `  ${line}`)
}

/** One claim, and several. */
const COUNTED: Readonly<Record<VerdictWord, readonly [one: string, several: string]>> = {
  holds: ['holds', 'hold'],
  'does not hold': ['does not hold', 'do not hold'],
  'cannot tell': ['cannot be told', 'cannot be told'],
  'not comparable': ['is not comparable here', 'are not comparable here'],
}

/** "2 hold, 1 cannot be told". */
export function countText(claims: readonly JudgedClaim[]): string {
  return VERDICTS.flatMap((word) => {
    const count = claims.filter(({ verdict }) => verdict === word).length
    return count === 0 ? [] : [`${count} ${COUNTED[word][count === 1 ? 0 : 1]}`]
  }).join(', ')
}

/** A report in lines: its source, values by arm, and the verdict on each claim. */
export function publishedLines(report: PublishedReport): string[] {
  const { experiment, source, metric, unit, setup, kernel, accel, arms, claims } = report
  return [
    `${printable(experiment, 80)}, ${printable(metric, 60)}: measured on ${printable(kernel, 60)} (${accel.toUpperCase()}); published: ${printable(source, 200)}`,
    ...(setup === null ? [] : [`  published values are from ${printable(setup, 200)}`]),
    ...armRows(arms, unit),
    ...claims.flatMap(claimLines),
    ...(claims.length > 1 ? [`  ${plural(claims.length, 'claim')}: ${countText(claims)}`] : []),
  ]
}

/** An event for each claim: what `--json` has of the verdicts. */
export const claimEvents = ({ experiment, source, metric, claims }: PublishedReport): LabEvent[] =>
  claims.map(({ claim, verdict, why, needs }) => ({
    type: 'claim',
    experiment,
    source,
    metric,
    claim,
    verdict,
    ...(why !== undefined && { why }),
    ...(needs !== null && { needs }),
  }))
