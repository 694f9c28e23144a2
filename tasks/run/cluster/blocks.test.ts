import { describe, expect, test } from 'vitest'
import { schedule } from '../plan/schedule.ts'
import { blockedSchedule, blockSize, runName } from './blocks.ts'

const wanted = { arms: 3, repeats: 5, warmup: 2, order: 'shuffled' as const, seed: 7 }

describe('blocks', () => {
  test.each(['interleaved', 'mirrored', 'shuffled', 'sequential'] as const)('have every arm once: %s', (order) => {
    const all = blockedSchedule({ ...wanted, order })
    const size = blockSize(wanted)
    expect(all.map(({ index }) => index)).toEqual(Array.from({ length: 5 * size }, (_, index) => index))
    for (let block = 0; block < 5; block++) {
      const runs = all.slice(block * size, (block + 1) * size)
      const [warm, counted] = [runs.filter(({ warmup }) => warmup), runs.filter(({ warmup }) => !warmup)]
      expect(runs.slice(0, warm.length)).toEqual(warm)
      expect(warm.map(({ arm }) => arm).toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1, 2, 2])
      expect(counted.map(({ arm }) => arm).toSorted((a, b) => a - b)).toEqual([0, 1, 2])
      expect(new Set(counted.map(({ repeat }) => repeat))).toEqual(new Set([block + 1]))
    }
  })

  test('keep the order of the plan within a repeat', () => {
    for (const order of ['mirrored', 'shuffled'] as const) {
      const local = schedule({ ...wanted, warmup: 0, order }).filter(({ repeat }) => repeat === 2)
      const block = blockedSchedule({ ...wanted, warmup: 0, order }).slice(3, 6)
      expect(block.map(({ arm }) => arm)).toEqual(local.map(({ arm }) => arm))
    }
  })

  test('number their warm-ups through', () => {
    const repeats = blockedSchedule(wanted).flatMap(({ warmup, arm, repeat }) => (warmup && arm === 0 ? [repeat] : []))
    expect(repeats).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })
})

test('each attempt at each run of a plan has a name of its own, that of a run', () => {
  const plan = { id: 'ffee00112233', started: '2026-11-30T09:16:05.123Z' }
  const names = Array.from({ length: 10_000 }, (_, index) => [1, 2, 3].map((attempt) => runName(plan, index, attempt)))
  expect(new Set(names.flat()).size).toBe(30_000)
  expect(runName(plan, 0, 1)).toMatch(/^20261130-091605-[0-9a-f]{8}$/)
  expect(runName({ ...plan, id: '000000112233' }, 0, 1)).not.toBe(runName(plan, 0, 1))
  expect(() => runName(plan, 2 ** 20, 1)).toThrow('no name')
})
