/** `npm run torture` in a small size. */
import { expect, test } from 'vitest'
import { tortureInputs } from './torture/inputs.ts'
import { kill, WITHOUT_BUILDS } from './torture/kills.ts'
import { tortureTraces } from './torture/traces.ts'

const SEED = 1
const quiet = () => undefined

test.each([
  ['labs', 30],
  ['manifests', 30],
  ['packs', 20],
] as const)(
  'damaged %s',
  async (kind, count) => {
    const { statuses, problems } = await tortureInputs(kind, count, SEED, 1, Infinity)
    expect(problems).toEqual([])
    expect(Object.values(statuses).reduce((sum, one) => sum + one, 0)).toBe(count)
  },
  300_000,
)

test('damaged recordings', async () => {
  const { count, problems } = await tortureTraces(20, SEED, quiet)
  expect(problems).toEqual([])
  expect(Object.keys(count).length).toBeGreaterThan(0)
})

test('commands that are killed', async () => {
  const { killed, problems } = await kill(WITHOUT_BUILDS, 3, SEED, undefined, Infinity, quiet)
  expect(problems).toEqual([])
  expect(killed).toBe(3)
})
