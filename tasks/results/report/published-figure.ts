/** The figure that draws published values beside measured ones, as shares of the geometric mean of each series. */
import { printable } from '../../engine/printable.ts'
import type { ComparedArm } from '../published/evaluate.ts'
import { SERIES } from './theme.ts'
import type { FigureSpec } from './vega.ts'

const NAMES = ['published', 'measured'] as const

interface Bar {
  readonly arm: string
  readonly series: (typeof NAMES)[number]
  readonly value: number
  readonly low: number
  readonly high: number
}

/** Of one arm alone there is no series: its values are drawn as they are. */
function barsOf(arms: readonly ComparedArm[]): Bar[] {
  return arms.flatMap(({ arm, published, median, low, high, publishedShape, measuredShape }): Bar[] => {
    if (published === null || median === null) return []
    const name = printable(arm, 70)
    const [own, theirs] = [
      measuredShape === null ? 1 : measuredShape / median,
      publishedShape === null ? 1 : publishedShape / published.value,
    ]
    const spread = published.spread ?? 0
    return [
      {
        arm: name,
        series: 'published',
        value: published.value * theirs,
        low: (published.value - spread) * theirs,
        high: (published.value + spread) * theirs,
      },
      { arm: name, series: 'measured', value: median * own, low: (low ?? median) * own, high: (high ?? median) * own },
    ]
  })
}

/** @param arms those that have a published and a measured value */
export function besideFigure(arms: readonly ComparedArm[]): FigureSpec {
  const values = barsOf(arms)
  const y = {
    field: 'arm',
    type: 'nominal',
    title: null,
    sort: [...new Set(values.map(({ arm }) => arm))],
    axis: { ticks: false, domain: false },
  } as const
  const yOffset = { field: 'series', type: 'nominal', sort: [...NAMES] } as const
  const color = {
    field: 'series',
    type: 'nominal',
    title: null,
    scale: { domain: [...NAMES], range: [SERIES[1] ?? '', SERIES[0] ?? ''] },
  } as const
  const shape = {
    field: 'series',
    type: 'nominal',
    title: null,
    scale: { domain: [...NAMES], range: ['diamond', 'circle'] },
  } as const
  const x = { type: 'quantitative', title: 'share of the geometric mean', scale: { zero: true } } as const
  return {
    autosize: { type: 'fit-x', contains: 'padding' },
    width: 880,
    height: 40 * Math.max(arms.length, 1),
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { y, yOffset, color, x: { ...x, field: 'low' }, x2: { field: 'high' } },
      },
      {
        mark: { type: 'point', filled: true, size: 60 },
        encoding: { y, yOffset, color, shape, x: { ...x, field: 'value' } },
      },
    ],
  } as FigureSpec
}
