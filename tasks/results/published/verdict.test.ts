import { describe, expect, test } from 'vitest'
import type { Claim } from '../../config/schema/schema.ts'
import { questionsOf, type Material } from './claims.ts'
import { verdictOf } from './verdict.ts'

/** Values close around a middle: a narrow interval. */
const around = (middle: number, spread: number, count = 7): number[] =>
  Array.from({ length: count }, (_, index) => middle + spread * (index / (count - 1) - 0.5))

const material = (arms: Record<string, readonly number[]>, published: Record<string, number> = {}): Material => ({
  arms: Object.entries(arms).map(([name, values]) => ({ name, values })),
  published: new Map(Object.entries(published).map(([name, value]) => [name, { value, spread: null }])),
  unit: 'ms',
})

const judged = (claim: Claim, given: Material) => verdictOf(questionsOf(claim, given))
const word = (claim: Claim, given: Material) => judged(claim, given).verdict

const GROWING = { 'n=1': around(10, 1), 'n=2': around(20, 1), 'n=3': around(40, 1) }
const FLAT = { 'n=1': around(10, 2), 'n=2': around(10, 2) }

describe('each kind of claim holds where it is true, and does not where it is not', () => {
  test.each<[string, Claim, Material, string]>([
    ['rises', { monotone: 'rising', over: 'n' }, material(GROWING), 'holds'],
    ['falls', { monotone: 'falling', over: 'n' }, material(GROWING), 'does not hold'],
    ['rises where nothing does', { monotone: 'rising', over: 'n' }, material(FLAT), 'cannot tell'],
    ['a ratio', { ratio: [3.5, 4.5], of: 'n=3', to: 'n=1' }, material(GROWING), 'holds'],
    ['another ratio', { ratio: [5, 6], of: 'n=3', to: 'n=1' }, material(GROWING), 'does not hold'],
    ['a ratio at its edge', { ratio: [4, 5], of: 'n=3', to: 'n=1' }, material(GROWING), 'cannot tell'],
    ['no difference', { noDifference: '30%', of: 'n=2', to: 'n=1' }, material(FLAT), 'holds'],
    ['a difference', { noDifference: '30%', of: 'n=2', to: 'n=1' }, material(GROWING), 'does not hold'],
    ['at least', { atLeast: 9, arm: 'n=1' }, material(GROWING), 'holds'],
    ['at least more', { atLeast: 11, arm: 'n=1' }, material(GROWING), 'does not hold'],
    ['at most', { atMost: 11, arm: 'n=1' }, material(GROWING), 'holds'],
    ['at most less', { atMost: 9, arm: 'n=1' }, material(GROWING), 'does not hold'],
    ['an order', { order: ['n=1', 'n=2', 'n=3'] }, material(GROWING), 'holds'],
    ['another order', { order: ['n=2', 'n=1'] }, material(GROWING), 'does not hold'],
    ['a slope', { slope: [12, 18], over: 'n' }, material(GROWING), 'holds'],
    ['another slope', { slope: [20, 30], over: 'n' }, material(GROWING), 'does not hold'],
  ])('%s', (_, claim, given, verdict) => expect(word(claim, given)).toBe(verdict))

  const published = { 'n=1': 1, 'n=2': 2, 'n=3': 4 }
  test('a machine that is ten times slower has the shape, and not the values', () => {
    expect(word({ shape: '10%' }, material(GROWING, published))).toBe('holds')
    expect(word({ equal: '10%' }, material(GROWING, published))).toBe('does not hold')
    expect(word({ equal: '10%' }, material(GROWING, { 'n=1': 10, 'n=2': 20, 'n=3': 40 }))).toBe('holds')
    expect(word({ shape: '10%' }, material(GROWING, { 'n=1': 1, 'n=2': 4, 'n=3': 4 }))).toBe('does not hold')
  })
})

describe('too few runs decide nothing', () => {
  test('one run, however clear', () => {
    const found = judged({ monotone: 'rising', over: 'n' }, material({ 'n=1': [1], 'n=2': [100] }))
    expect(found).toMatchObject({
      verdict: 'cannot tell',
      needs: 5,
      why: 'an arm has 1 run, and a claim needs 5',
    })
  })

  test('no run', () => {
    const found = judged({ ratio: [1, 2], of: 'n=2', to: 'n=1' }, material({ 'n=1': around(1, 0.1), 'n=2': [] }))
    expect(found).toMatchObject({ verdict: 'cannot tell', needs: 5, why: 'no run measured all arms of n=2 to n=1' })
  })

  test('a claim about arms of which none was measured', () => {
    const arms = { 'n=1': [], 'n=2': [], 'n=3': [] }
    const why = 'no run measured all arms of n=2 after n=1 and 1 other comparison'
    expect(judged({ monotone: 'rising', over: 'n' }, material(arms))).toMatchObject({ verdict: 'cannot tell', why })
  })

  test('how many it would take grows with the square of what is too wide', () => {
    const wide = material({ 'n=1': around(10, 8) })
    const near = judged({ atLeast: 9, arm: 'n=1' }, wide)
    const far = judged({ atLeast: 8, arm: 'n=1' }, wide)
    expect(near.verdict).toBe('cannot tell')
    expect(near.needs).toBeGreaterThan(7)
    expect((near.needs ?? 0) / (far.needs ?? 1)).toBeCloseTo(4, 0)
    expect(near.why).toBe(`it would take about ${near.needs} runs of each arm`)
  })

  test('a median at the edge of a claim: no number of runs would tell', () => {
    const found = judged({ atLeast: 10, arm: 'n=1' }, material({ 'n=1': around(10, 8) }))
    expect(found).toMatchObject({ verdict: 'cannot tell', needs: null })
    expect(found.why).toContain('no number of runs')
  })
})

test('arms are compared in pairs that agree in everything else, and the worst of them decides', () => {
  const arms = {
    'way=tail,n=1': around(10, 1),
    'way=tail,n=2': around(20, 1),
    'way=none,n=1': around(10, 1),
    'way=none,n=2': around(30, 1),
  }
  const found = judged({ noDifference: '20%', of: 'way=tail', to: 'way=none' }, material(arms))
  expect(found.answers.map(({ about, verdict }) => [about, verdict])).toEqual([
    ['way=tail,n=1 to way=none,n=1', 'holds'],
    ['way=tail,n=2 to way=none,n=2', 'does not hold'],
  ])
  expect(found).toMatchObject({ verdict: 'does not hold', why: '1 of 2 comparisons' })
})

test('counts that are all the same are decided: 0 failures in each run are fewer than 700', () => {
  const arms = { 'opt=0': [0, 0, 0, 0, 0], 'opt=1': [760, 770, 755, 780, 765] }
  expect(word({ order: ['opt=0', 'opt=1'] }, material(arms))).toBe('holds')
  expect(word({ atMost: 0, arm: 'opt=0' }, material(arms))).toBe('holds')
})
