import { expect, test } from 'vitest'
import { experimentError, labError } from '../../engine/error.ts'
import { diskFull } from '../../engine/disk.ts'
import { Leftovers } from './left.ts'

const failure = labError({ fact: 'x', wayOut: 'y' })

test('an arm without a result is given up, others go on', () => {
  const one = new Leftovers(undefined)
  one.failed({ arm: 'a', repeat: 1, failure: experimentError({ fact: 'the guest died', wayOut: 'y' }) })
  expect([one.leaves('a'), one.leaves('b'), one.leaves('a')]).toEqual([true, false, true])
  expect(one.left).toEqual([{ arm: 'a', why: 'no result', runs: 2 }])
})

test('a full disk ends every arm', () => {
  const one = new Leftovers(undefined)
  one.failed({ arm: 'a', repeat: 1, failure: diskFull('result') as typeof failure })
  expect([one.leaves('a'), one.leaves('b')]).toEqual([true, true])
  expect(one.left.map(({ why }) => why)).toEqual(['stopped', 'stopped'])
})

test('an arm ends with its own deadline, which all its runs share', () => {
  const one = new Leftovers(1000)
  one.spend('a', 600)
  expect(one.leaves('a')).toBe(false)
  one.spend('a', 600)
  one.spend('b', 900)
  expect([one.leaves('a'), one.leaves('b')]).toEqual([true, false])
  expect(one.left).toEqual([{ arm: 'a', why: 'deadline', runs: 1 }])
})
