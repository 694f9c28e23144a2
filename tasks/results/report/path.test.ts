import { expect, test } from 'vitest'
import { Exhibits } from './exhibits.ts'
import { pathHtml, type GroupPath } from './path.ts'

/** A path of one message. */
const pathOf = (label: string): GroupPath => {
  const durations = { values: Float32Array.of(1000) }
  const kind = { count: 1, gaps: [], durations, byRun: () => new Map() }
  const path = { kind, steps: [], typical: [{ message: 'entered', time: 0 }], others: 0, declared: true, run: 0 }
  return { label, path, run: 'r', ticks: false, runs: [] } as unknown as GroupPath
}

test('arms whose path is not drawn are counted', async () => {
  const html = async (arms: number) => {
    const { text } = await pathHtml(
      'x',
      'call',
      Array.from({ length: arms }, (_, n) => pathOf(`n=${n}`)),
      new Exhibits(),
    )
    return text.replaceAll(/\s+/g, ' ')
  }
  expect(await html(6)).not.toContain('without a picture')
  expect(await html(8)).toContain('2 more arms without a picture, but in the table:')
})
