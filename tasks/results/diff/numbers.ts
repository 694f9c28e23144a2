/**
 * Numbers of both sides, one by one: how far apart their medians are, how large that is, and whether it could be
 * chance.
 */
import { median } from '../../trace/stats/quantiles.ts'
import { valuesIn, type Sample } from '../../trace/stats/sample.ts'
import { holm, leastP, rankTest, type RankTest } from '../../trace/stats/rank-test.ts'

/** Values by what they are. */
export type Numbers = ReadonlyMap<string, { readonly unit: Unit; readonly values: readonly Sample[] }>
export type Unit = 'ns' | 'ticks' | 'ms' | ''

export interface NumberCompared {
  readonly what: string
  readonly unit: Unit
  readonly counts: readonly [number, number]
  /** null where a side has no value. */
  readonly medians: readonly [number | null, number | null]
  /** Where both sides have more than one value. Its `delta` is of the second side against the first, as in reports. */
  readonly test?: RankTest & {
    /** p as it is where each number below is a question of its own (Holm). */
    readonly corrected: number
    /** The smallest corrected p that so few values could give, if each were as far apart as can be. */
    readonly least: number
  }
}

/** In the order of the first side, then what only the second has. */
export function compareNumbers(first: Numbers, second: Numbers): NumberCompared[] {
  const compared = [...new Set([...first.keys(), ...second.keys()])].map((what) => {
    const [a, b] = [first.get(what), second.get(what)]
    const [x, y] = [a?.values ?? [], b?.values ?? []]
    return {
      what,
      unit: a?.unit ?? b?.unit ?? '',
      counts: [x.length, y.length] as const,
      medians: [x, y].map((values) => (values.length === 0 ? null : median(valuesIn(values)))) as [
        number | null,
        number | null,
      ],
      test: x.length > 1 && y.length > 1 ? rankTest(x, y) : undefined,
    }
  })
  const corrected = holm(compared.flatMap(({ test }) => test?.p ?? []))
  const questions = corrected.length
  return compared.map(({ test, ...rest }) =>
    test
      ? {
          ...rest,
          // rankTest() is about the first group. 0 is subtracted from, so that it never becomes -0.
          test: {
            ...test,
            delta: 0 - test.delta,
            corrected: corrected.shift() ?? 1,
            least: Math.min(1, leastP(test.nodes) * questions),
          },
        }
      : rest,
  )
}
