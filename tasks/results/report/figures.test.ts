import { expect, test } from 'vitest'
import { curveFigure, stripFigure } from './figures.ts'
import { draw } from './vega.ts'

test.each([
  [4096, 65_536],
  [1, 4_194_304],
  [0.125, 0.25],
  [4095, 4097],
])('the ticks of a parameter are its values: %d and %d', async (low, high) => {
  const points = [low, high].flatMap((x) => [1, 2, 3].map((y) => ({ series: '', x, y })))
  const { svg, warnings } = await draw(curveFigure('size', 'ns', points), 'figure')
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text.replaceAll('\u202f', ''))
  expect(warnings).toEqual([])
  expect(texts).toEqual(expect.arrayContaining([String(low), String(high)]))
})

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
