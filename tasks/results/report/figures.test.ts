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

test('two arms are joined by no line, and three values of a parameter are', () => {
  const marksOf = (xs: readonly number[]) => {
    const points = xs.flatMap((x) => ['mode=a', 'mode=b'].flatMap((series) => [1, 2, 3].map((y) => ({ series, x, y }))))
    const { layer } = curveFigure('direct', 'ns', points) as unknown as { layer: { mark: { type: string } }[] }
    return layer.map(({ mark }) => mark.type)
  }
  expect(marksOf([0, 1])).toEqual(['tick', 'point'])
  expect(marksOf([1, 2, 3])).toEqual(['area', 'line', 'point'])
})

test('series whose names are the same once they are cut are not drawn as one', () => {
  const long = (end: string) => `${'x'.repeat(80)}, ${end}`
  const points = ['mode=a', 'mode=b'].flatMap((end) => [1, 2, 3].map((x) => ({ series: long(end), x, y: x })))
  const { layer } = curveFigure('size', 'ns', points) as unknown as {
    layer: { data: { values: { series: string }[] } }[]
  }
  for (const { data } of layer) expect(new Set(data.values.map(({ series }) => series)).size).toBe(2)
})
