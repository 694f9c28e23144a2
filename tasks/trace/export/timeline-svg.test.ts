import { expect, test } from 'vitest'
import { timelineSvg, type TimelineStep } from './timeline-svg.ts'

const events = (...list: readonly (readonly [time: number, message: string])[]): TimelineStep[] =>
  list.map(([time, message]) => ({ time, message }))
/** Horizontal place of each step's mark. */
const places = (svg: string) => Array.from(svg.matchAll(/class="step" x="([\d.]+)"/g), ([, x]) => Number(x))

test('steps are at their times, and each gap says how long it is', () => {
  const svg = timelineSvg(events([0, 'a'], [10_000, 'b'], [40_000, 'c']), 'one read')
  const [a = 0, b = 0, c = 0] = places(svg)
  expect((b - a) / (c - a)).toBeCloseTo(0.25, 2)
  expect(svg).toContain('>10 µs<')
  expect(svg).toContain('>30 µs<')
  expect(svg).toContain('>one read<')
})

test("a guest's text is no markup", () => {
  const svg = timelineSvg(events([0, '</text><script>alert("x")</script>\u0000\u001b[2J & co']), '<b>')
  expect(svg).not.toContain('<script>')
  expect(svg).not.toContain('<b>')
  expect(svg).toContain('&amp; co')
  // oxlint-disable-next-line no-control-regex -- that there are none
  expect(svg).not.toMatch(/[\x00\x1b]/)
})

test('a long message is cut in the picture and whole in its tooltip', () => {
  const message = 'm'.repeat(300)
  const svg = timelineSvg(events([0, message], [1, 'end']), 't')
  expect(svg).toContain(`<title>${message}</title>`)
  expect(svg).toContain(`${'m'.repeat(37)}…</text>`)
})

test('one message, and messages at the same time, are pictures too', () => {
  for (const list of [events([0, 'only']), events([0, 'a'], [0, 'b'])]) {
    const svg = timelineSvg(list, 't')
    expect(svg).not.toMatch(/NaN|Infinity/)
    expect(places(svg).length).toBe(list.length)
  }
})

test('pictures that are to be compared have one scale, and a clock without seconds has no microseconds', () => {
  const own = timelineSvg(events([0, 'a'], [10_000, 'b']), 't')
  const shared = timelineSvg(events([0, 'a'], [10_000, 'b']), 't', { total: 20_000, ticks: true })
  const width = (svg: string) => {
    const [a = 0, b = 0] = places(svg)
    return b - a
  }
  expect(width(shared) / width(own)).toBeCloseTo(0.5, 2)
  expect(shared).toContain('>10000 ticks<')
})
