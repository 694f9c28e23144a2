import { expect, test } from 'vitest'
import { stripFigure } from './figures.ts'

test('a series of fewer than three values has its points and its median, and no interval', () => {
  const spec = stripFigure('ns', [
    { label: 'one', values: [5] },
    { label: 'two', values: [5, 6] },
    { label: 'three', values: [5, 6, 7] },
  ]) as unknown as { layer: { mark: { type: string }; data: { values: { series: string }[] } }[] }
  const seriesOf = (type: string) => [
    ...new Set(
      spec.layer
        .filter(({ mark }) => mark.type === type)
        .flatMap(({ data }) => data.values.map((value) => value.series)),
    ),
  ]
  expect(seriesOf('rule')).toEqual(['three'])
  expect([seriesOf('point'), seriesOf('tick')]).toEqual([
    ['one', 'two', 'three'],
    ['one', 'two', 'three'],
  ])
})
