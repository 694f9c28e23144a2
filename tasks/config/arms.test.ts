import { describe, expect, test } from 'vitest'
import { arms, overridesOf, timesOf } from './arms.ts'

const experiment = { name: 'readiter', params: { bytes: [16, 64], count: [1, 2], file: ['/data/f'] } }
const namesOf = (overrides?: Parameters<typeof arms>[1]) => arms(experiment, overrides).map(({ name }) => name)

describe('arms', () => {
  test('every combination, the last parameter fastest', () => {
    expect(namesOf()).toEqual([
      'bytes=16,count=1,file=/data/f',
      'bytes=16,count=2,file=/data/f',
      'bytes=64,count=1,file=/data/f',
      'bytes=64,count=2,file=/data/f',
    ])
    expect(arms(experiment)[2]?.params).toEqual({ bytes: 64, count: 1, file: '/data/f' })
  })

  test('no parameters: one arm without a name', () => {
    expect(arms({ name: 'x', params: {} })).toEqual([{ name: '', params: {} }])
  })

  test('overrides replace a list', () => {
    expect(namesOf({ bytes: [1, 2], count: [3] })).toEqual([
      'bytes=1,count=3,file=/data/f',
      'bytes=2,count=3,file=/data/f',
    ])
  })

  test('an unknown override is refused', () => {
    expect(() => arms(experiment, { byte: [1] })).toThrow('experiment readiter has no parameter "byte"')
    try {
      arms(experiment, { byte: [1] })
    } catch (error) {
      expect(error).toMatchObject({ kind: 'user', parts: { place: '--param byte', wayOut: 'did you mean "bytes"?' } })
    }
  })

  test('names of different arms differ', () => {
    const odd = { name: 'x', params: { a: ['1', '1,b=2', ' ', '', '"'] } }
    expect(arms(odd).map(({ name }) => name)).toEqual(['a=1', 'a="1,b=2"', 'a=" "', 'a=""', 'a="\\""'])
  })
})

describe('overridesOf', () => {
  test('reads whole numbers as numbers and everything else as text', () => {
    expect(overridesOf(['a=16', 'b=016', 'c=-3', 'd=1.5', 'e=x=y', 'f=', 'g=12345678901234567890'])).toEqual({
      a: [16],
      b: ['016'],
      c: [-3],
      d: ['1.5'],
      e: ['x=y'],
      f: [''],
      g: ['12345678901234567890'],
    })
  })

  test('the same parameter twice is a list, the same value twice is not', () => {
    expect(overridesOf(['a=1', 'a=2', 'a=1'])).toEqual({ a: [1, 2] })
  })

  test.each(['bytes', '=3', ''])('%j is refused', (option) => {
    expect(() => overridesOf([option])).toThrow('expected name=value')
  })
})

test('timesOf: a number, a parameter, or anything from one on', () => {
  const arm = { name: 'count=3', params: { count: 3, bad: 'x' } }
  expect(timesOf({ times: 2 }, arm)).toBe(2)
  expect(timesOf({ times: '${count}' }, arm)).toBe(3)
  expect(timesOf({}, arm)).toBeUndefined()
  expect(() => timesOf({ times: '${bad}' }, arm)).toThrow('times is ${bad}, and "x" is not a number of times')
})
