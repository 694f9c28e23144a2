import { describe, expect, test } from 'vitest'
import { arms, fullName, onlyArms, overridesOf, timesOf } from './arms.ts'

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

describe('a matrix', () => {
  const compared = {
    name: 'x',
    params: { bytes: [16, 64] },
    matrix: { kernel: ['v5.4', 'v6.1'], probe: ['full', 'none'] },
  }
  const names = (part: object = {}) => arms({ ...compared, ...part }).map(({ name }) => name)

  test('kernels and probes are axes after the parameters, and no parameters of the workload', () => {
    expect(names().slice(0, 4)).toEqual([
      'bytes=16,kernel=v5.4,probe=full',
      'bytes=16,kernel=v5.4,probe=none',
      'bytes=16,kernel=v6.1,probe=full',
      'bytes=16,kernel=v6.1,probe=none',
    ])
    expect(arms(compared).slice(0, 2)).toMatchObject([
      { params: { bytes: 16 }, kernel: 'v5.4', probes: ['full'] },
      { params: { bytes: 16 }, kernel: 'v5.4', probes: [] },
    ])
    expect(arms(compared)[0]?.params).toEqual({ bytes: 16 })
  })

  test('an arm says nothing of axes that are not compared', () => {
    expect(arms({ name: 'x', params: {}, matrix: { kernel: ['a'] } })).toEqual([
      { name: 'kernel=a', params: {}, kernel: 'a' },
    ])
  })

  test('exclude takes away every arm with these values', () => {
    expect(names({ exclude: [{ kernel: 'v6.1', bytes: 64 }, { probe: 'none' }] })).toEqual([
      'bytes=16,kernel=v5.4,probe=full',
      'bytes=16,kernel=v6.1,probe=full',
      'bytes=64,kernel=v5.4,probe=full',
    ])
  })

  test('include adds an arm once', () => {
    const point = { bytes: 4096, kernel: 'v5.4', probe: 'full' }
    const there = { bytes: 16, kernel: 'v5.4', probe: 'full' }
    expect(names({ include: [point, there] }).filter((name) => !names().includes(name))).toEqual([
      'bytes=4096,kernel=v5.4,probe=full',
    ])
    expect(names({ include: [point, there] })).toHaveLength(9)
    expect(arms({ ...compared, include: [point] }, { bytes: [16] })).toHaveLength(4)
  })

  test('a cold control is a twin of every arm, which --only tells apart', () => {
    const list = arms({ name: 'e', params: { bytes: [1, 2] }, control: 'cold' })
    expect(list.map(({ name, start }) => [name, start])).toEqual([
      ['bytes=1,start=warm', 'warm'],
      ['bytes=1,start=cold', 'cold'],
      ['bytes=2,start=warm', 'warm'],
      ['bytes=2,start=cold', 'cold'],
    ])
    expect(list.every(({ params }) => !('start' in params))).toBe(true)
    expect(onlyArms(list, 'start=cold').map(({ name }) => name)).toEqual(['bytes=1,start=cold', 'bytes=2,start=cold'])
    expect(arms({ name: 'e', params: {}, control: 'cold' }).map(({ name }) => name)).toEqual([
      'start=warm',
      'start=cold',
    ])
  })

  test('nothing left is refused', () => {
    expect(() => names({ exclude: [{ kernel: 'v5.4' }, { kernel: 'v6.1' }] })).toThrow('no arm is left')
  })

  test('--only takes arms by some of their values, or by their name', () => {
    const list = arms(compared)
    const only = (text: string) => onlyArms(list, text).map(({ name }) => name)
    expect(only('kernel=v6.1,bytes=64')).toEqual(['bytes=64,kernel=v6.1,probe=full', 'bytes=64,kernel=v6.1,probe=none'])
    expect(only('bytes=16,kernel=v5.4,probe=none')).toEqual(['bytes=16,kernel=v5.4,probe=none'])
    expect(onlyArms(list, undefined)).toBe(list)
    expect(() => only('kernel=v7')).toThrow('no arm has these values')
  })
})

test('observer: each arm four times, with what is attached in it', () => {
  const observed = { name: 'x', params: { bytes: [16] }, probes: ['a', 'b'], observer: true }
  expect(arms(observed)).toEqual([
    { name: 'bytes=16,observer=none', params: { bytes: 16 }, observer: 'none', probes: [] },
    { name: 'bytes=16,observer=empty', params: { bytes: 16 }, observer: 'empty', probes: ['a~empty', 'b~empty'] },
    { name: 'bytes=16,observer=full', params: { bytes: 16 }, observer: 'full', probes: ['a', 'b'] },
    { name: 'bytes=16,observer=counted', params: { bytes: 16 }, observer: 'counted', probes: ['a', 'b'] },
  ])
  expect(['a~empty', 'a'].map(fullName)).toEqual(['a', 'a'])
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
