import { describe, expect, test } from 'vitest'
import { random } from '../../trace/stats/random.ts'
import { schedule, shuffled, type ScheduleRequest } from './schedule.ts'

const request: ScheduleRequest = { arms: 2, repeats: 3, warmup: 0, order: 'interleaved', seed: 1 }
const shown = (part: Partial<ScheduleRequest>) =>
  schedule({ ...request, ...part })
    .map(({ arm, repeat, warmup }) => `${warmup ? 'w' : ''}${'ab'[arm]}${repeat}`)
    .join(' ')

describe('schedule', () => {
  test('interleaved: every arm once, then every arm again', () => {
    expect(shown({})).toBe('a1 b1 a2 b2 a3 b3')
  })

  test('sequential: arm by arm', () => {
    expect(shown({ order: 'sequential' })).toBe('a1 a2 a3 b1 b2 b3')
  })

  test('warm-ups come before everything that counts', () => {
    expect(shown({ warmup: 2, repeats: 1, order: 'sequential' })).toBe('wa1 wb1 wa2 wb2 a1 b1')
  })

  test('shuffled: each run once; the seed decides, and nothing else', () => {
    const many = { arms: 2, repeats: 20, order: 'shuffled' } as const
    const first = shown({ ...many, seed: 7 })
    expect(shown({ ...many, seed: 7 })).toBe(first)
    expect(shown({ ...many, seed: 8 })).not.toBe(first)
    expect(first.split(' ').toSorted()).toEqual(
      shown({ ...many, order: 'sequential' })
        .split(' ')
        .toSorted(),
    )
    expect(first).not.toBe(shown({ ...many, order: 'interleaved' }))
  })

  test('mirrored: every second round backwards, so that a drift meets all arms alike', () => {
    const found = schedule({ ...request, arms: 3, repeats: 4, warmup: 0, order: 'mirrored' })
    expect(found.map(({ arm }) => arm).join('')).toBe('012210012210')
    const mean = (arm: number) =>
      found.filter((turn) => turn.arm === arm).reduce((sum, { index }) => sum + index, 0) / 4
    expect([mean(0), mean(1), mean(2)]).toEqual([5.5, 5.5, 5.5])
  })

  test('positions are counted from 0', () => {
    expect(schedule(request).map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5])
  })
})

test('every order of three is as likely as the others', () => {
  const seen = new Map<string, number>()
  for (let seed = 1; seed <= 6000; seed++) {
    const key = shuffled(['x', 'y', 'z'], seed).join('')
    seen.set(key, (seen.get(key) ?? 0) + 1)
  }
  expect([...seen.keys()].toSorted()).toEqual(['xyz', 'xzy', 'yxz', 'yzx', 'zxy', 'zyx'])
  for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
})

test('a seed of 0 is a seed', () => {
  const next = random(0)
  expect(new Set([next(), next(), next()]).size).toBe(3)
})
