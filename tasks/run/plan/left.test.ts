import { expect, test } from 'vitest'
import { experimentError, labError } from '../../engine/error.ts'
import { diskFull } from '../../engine/disk.ts'
import { Leftovers } from './left.ts'

const failure = labError({ fact: 'x', wayOut: 'y' })

test('an arm without a result is given up, others go on', () => {
  const leftovers = new Leftovers(undefined)
  leftovers.failed({ arm: 'a', repeat: 1, failure: experimentError({ fact: 'the guest died', wayOut: 'y' }) })
  expect([leftovers.leaves('a'), leftovers.leaves('b'), leftovers.leaves('a')]).toEqual([true, false, true])
  expect(leftovers.left).toEqual([{ arm: 'a', why: 'no result', runs: 2 }])
})

test('a full disk ends every arm', () => {
  const leftovers = new Leftovers(undefined)
  leftovers.failed({ arm: 'a', repeat: 1, failure: diskFull('result') as typeof failure })
  expect([leftovers.leaves('a'), leftovers.leaves('b')]).toEqual([true, true])
  expect(leftovers.left.map(({ why }) => why)).toEqual(['stopped', 'stopped'])
})

test('an arm ends with its own deadline, which all its runs share', () => {
  const leftovers = new Leftovers(1000)
  leftovers.spend('a', 600)
  expect(leftovers.leaves('a')).toBe(false)
  leftovers.spend('a', 600)
  leftovers.spend('b', 900)
  expect([leftovers.leaves('a'), leftovers.leaves('b')]).toEqual([true, false])
  expect(leftovers.left).toEqual([{ arm: 'a', why: 'deadline', runs: 1 }])
})
