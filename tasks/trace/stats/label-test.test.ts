import { describe, expect, test } from 'vitest'
import { labelTest } from './label-test.ts'
import { random } from './random.ts'

const of = (text: string) => text.split('')

describe('labelTest', () => {
  // Exact p by Fisher's test of the same tables.
  test.each([
    ['one odd label among twelve', 'aaaaaa', 'aaaaab', 1],
    ['two groups apart', 'aaaaaa', 'bbbbbb', 0.0022],
    ['five of six', 'aaaaaa', 'abbbbb', 0.0152],
    ['three of six', 'aaaaaa', 'aaabbb', 0.1818],
    ['two of two: too few to tell', 'aa', 'bb', 0.3333],
    ['a hundred and one', 'a'.repeat(100), `${'a'.repeat(99)}b`, 1],
  ])('%s', (_, first, second, p) => {
    for (const found of [labelTest(of(first), of(second)), labelTest(of(second), of(first))])
      expect(Math.abs((found ?? 2) - p), String(found)).toBeLessThan(0.01)
  })

  test('labels that are all the same, or all different, cannot differ; an empty group is none', () => {
    expect([labelTest(of('aa'), of('aa')), labelTest(of('abc'), of('def'))]).toEqual([1, 1])
    expect(labelTest([], of('a'))).toBeUndefined()
  })

  test('is right about as often as it says, with rare labels among them', () => {
    const next = random(5)
    const drawn = () => of('x'.repeat(12)).map(() => 'aaaaaaabbcd'[Math.floor(next() * 11)] ?? '')
    const small = Array.from({ length: 200 }, () => labelTest(drawn(), drawn()) ?? 1).filter((p) => p < 0.05).length
    expect(small).toBeLessThanOrEqual(20)
    expect(small).toBeGreaterThan(0)
  })
})
