import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hashText } from '../engine/fingerprint.ts'
import { tempDir } from '../test/temp-dir.ts'
import { fillFile, hashOfFill } from './fill.ts'

async function filled(pattern: Parameters<typeof fillFile>[1]): Promise<Buffer> {
  const file = join(tempDir(), 'f')
  await fillFile(file, pattern)
  return readFileSync(file)
}

test('zeros are a hole of the asked size', async () => {
  const file = join(tempDir(), 'f')
  await fillFile(file, { bytes: 2 ** 22 + 1, fill: 'zeros', seed: 0 })
  expect(statSync(file)).toMatchObject({ size: 2 ** 22 + 1, blocks: 0 })
})

test('records are numbered lines of 16 bytes, also across the pieces in which they are written', async () => {
  const bytes = await filled({ bytes: 2 ** 20 + 40, fill: 'records', seed: 0 })
  expect(bytes.length).toBe(2 ** 20 + 40)
  expect(bytes.toString('latin1', 0, 32)).toBe('000000000000000\n000000000000001\n')
  expect(bytes.toString('latin1', 2 ** 20, 2 ** 20 + 16)).toBe(`${String(2 ** 16).padStart(15, '0')}\n`)
})

test('random bytes are those of their seed', async () => {
  const [one, again, other] = [
    await filled({ bytes: 3_000_000, fill: 'random', seed: 7 }),
    await filled({ bytes: 3_000_000, fill: 'random', seed: 7 }),
    await filled({ bytes: 3_000_000, fill: 'random', seed: 8 }),
  ]
  expect(one.equals(again)).toBe(true)
  expect(one.equals(other)).toBe(false)
  // Each byte value about as often as each other: 3,000,000 / 256 is 11,719.
  const counts = new Uint32Array(256)
  for (const byte of one) counts[byte] = (counts[byte] ?? 0) + 1
  expect(Math.min(...counts)).toBeGreaterThan(11_000)
  expect(Math.max(...counts)).toBeLessThan(12_500)
})

test('numbers of three digits: the same for a seed, and as many from 500 on as the selectivity says', async () => {
  const dir = tempDir()
  const made = async (seed: number, selectivity: number) => {
    const file = join(dir, 'numbers')
    await fillFile(file, { bytes: 40_002, fill: 'numbers', seed, selectivity })
    return readFileSync(file, 'latin1')
  }
  const quarter = await made(1, 0.25)
  expect(quarter).toHaveLength(40_002)
  expect(quarter).toMatch(/^(\d{3} ){10000}\d\d$/)
  expect(await made(1, 0.25)).toBe(quarter)
  expect(await made(2, 0.25)).not.toBe(quarter)
  const passing = (text: string) => text.match(/[5-9]\d\d /g)?.length ?? 0
  expect(passing(quarter) / 10_000).toBeCloseTo(0.25, 1)
  expect(passing(await made(1, 0))).toBe(0)
  expect(passing(await made(1, 1))).toBe(10_000)
})

test('the hash of a pattern is that of the file that it fills', async () => {
  const patterns = [
    { bytes: 2 ** 20 + 40, fill: 'zeros', seed: 0 },
    { bytes: 2 ** 20 + 40, fill: 'records', seed: 0 },
    { bytes: 2 ** 20 + 40, fill: 'random', seed: 7 },
    { bytes: 2 ** 20 + 40, fill: 'numbers', seed: 7, selectivity: 0.25 },
    { bytes: 2 ** 20 + 40, fill: 'numbers', seed: 7, selectivity: 0.75 },
  ] as const
  for (const pattern of patterns) expect(hashOfFill(pattern)).toBe(hashText(await filled(pattern)))
  expect(new Set(patterns.map(hashOfFill)).size).toBe(patterns.length)
})
