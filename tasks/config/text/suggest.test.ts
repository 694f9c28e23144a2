import { describe, expect, test } from 'vitest'
import { nameWayOut, suggest } from './suggest.ts'

describe('suggest', () => {
  test.each([
    ['parallel-path', ['extends', 'parallelPath'], 'parallelPath'],
    ['MEMORY', ['memory', 'memorial'], 'memory'],
    ['acel', ['accel', 'cpus'], 'accel'],
    ['v5.5', ['v5.4', 'v5.10'], 'v5.4'],
    ['read', ['readiter', 'readiter-slow'], 'readiter'],
    ['exp', ['expectations', 'expect'], 'expect'],
    ['zebra', ['kernel', 'image'], undefined],
    ['x', ['y', 'z'], undefined],
    ['ab', ['cd', 'xy'], undefined],
    ['', ['a'], undefined],
    ['same', ['same'], undefined],
  ])('%j among %j is %j', (word, candidates, meant) => {
    expect(suggest(word, candidates)).toBe(meant)
  })

  test('prefers fewer edits, then the earlier candidate', () => {
    expect(suggest('kernal', ['kernels', 'kernel'])).toBe('kernel')
    expect(suggest('data1', ['data2', 'data3'])).toBe('data2')
  })
})

test('nameWayOut names the nearest, else what there is, else the alternative', () => {
  expect(nameWayOut('defualt', ['default'], 'vms', 'declare it')).toBe('did you mean "default"?')
  expect(nameWayOut('zebra', ['a', 'b'], 'vms', 'declare it')).toBe('vms: a, b')
  expect(nameWayOut('zebra', [], 'vms', 'declare it')).toBe('declare it')
  const many = Array.from({ length: 20 }, (_, index) => `n${index}`)
  expect(nameWayOut('zebra', many, 'vms', '')).toBe('vms: n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, …')
})
