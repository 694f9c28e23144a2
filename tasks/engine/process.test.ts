import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { fateOfTag, isAlive, isElsewhere, processTag, ProcessId, thisProcess } from './process.ts'

const OTHER = 'pid:[1]'

test('this process lives here, and its name says so', () => {
  const one = thisProcess()
  expect([isAlive(one), isElsewhere(one), fateOfTag(`${processTag()}-x`)]).toEqual([true, false, 'alive'])
})

test('of a process of another pid namespace nothing is known: its number may be anybody here', () => {
  const one = { ...thisProcess(), pidNamespace: OTHER }
  expect([isAlive(one), isElsewhere(one)]).toEqual([false, true])
  // After a reboot of the host it is gone, wherever it was.
  expect(isElsewhere({ ...one, bootId: 'another' })).toBe(false)
})

test('what was written before there were namespaces is read as one of ours', () => {
  const { pid, startTime, bootId } = thisProcess()
  expect(isAlive(ProcessId.parse({ pid, startTime, bootId }))).toBe(true)
})

test.each([
  [`${process.pid}-x`, 'alive'],
  [`${spawnSync('true').pid}-x`, 'gone'],
  [`${process.pid}n1-x`, 'elsewhere'],
  [processTag().replace(/^\d+/, String(spawnSync('true').pid)) + '-x', 'gone'],
  ['x', undefined],
  [`${process.pid}`, undefined],
])('%s: %s', (name, fate) => expect(fateOfTag(name)).toBe(fate))
