import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import {
  fateOfTag,
  isAlive,
  isElsewhere,
  processTag,
  ProcessId,
  thisProcess,
  whereabouts,
  whereText,
} from './process.ts'
import { needs } from '../test/needs.ts'

/** A process of this host, of which everything is known whatever the machine of the test is like. */
const here = { ...thisProcess(), host: 'n1', machine: 'aaaaaaaaaaaaaaaa' }
const gonePid = String(spawnSync('true').pid)
/** The parts of our tag, each of which may be somebody else's. */
const [, namespace = '', machine = '', boot = ''] = /n(\d+)h(.{8})(.{8})/.exec(processTag()) ?? []

test('this process lives here, and its name says so', () => {
  const self = thisProcess()
  expect([isAlive(self), isElsewhere(self), fateOfTag(`${processTag()}-x`)]).toEqual([true, false, 'alive'])
})

describe('whereabouts', () => {
  test.each([
    ['this host', {}, 'here'],
    ['a container on it', { pidNamespace: 'pid:[1]' }, 'container'],
    [
      'another host, whose first pid namespace has the same number',
      { bootId: 'b', host: 'n2', machine: 'b' },
      'another host',
    ],
    ['a copy of this machine with its boot id and another name', { host: 'n2' }, 'another host'],
    ['this host before it was started again', { bootId: 'b' }, 'earlier boot'],
    ['a host of the same name whose machine id is another', { bootId: 'b', machine: 'b' }, 'another host'],
    ['a host without a machine id', { bootId: 'b', machine: '' }, 'another host'],
    [
      'a note of an older version from an unknown host',
      { bootId: 'b', host: undefined, machine: undefined },
      'another host',
    ],
    ['a note of the first version', { bootId: '', host: undefined, machine: undefined }, 'earlier boot'],
  ] as const)('%s', (_name, part, where) => expect(whereabouts({ ...here, ...part }, here)).toBe(where))

  test('without a machine id of our own, a reboot cannot be told from another host', () => {
    const nameless = { ...here, machine: '' }
    expect(whereabouts({ ...nameless, bootId: 'b' }, nameless)).toBe('another host')
  })

  test('is said in messages', () => {
    const ours = thisProcess()
    expect(
      [ours, { ...ours, pidNamespace: 'pid:[1]' }, { ...ours, bootId: 'b', host: 'n2', machine: '' }].map(whereText),
    ).toEqual(['', ' of another pid namespace (a container)', ' on host n2'])
  })
})

test('a process of another host is not alive here, whoever has its number', () => {
  const other = { ...thisProcess(), bootId: 'b', host: 'n2', machine: '' }
  expect([isAlive(other), isElsewhere(other)]).toEqual([false, true])
})

test('what was written before there were namespaces is read as one of ours', () => {
  const { pid, startTime, bootId } = thisProcess()
  expect(isAlive(ProcessId.parse({ pid, startTime, bootId }))).toBe(true)
})

const other = (digits: string): string => digits.replace(/^./, (digit) => (digit === 'f' ? 'e' : 'f'))

test.each([
  ['an older version, a living number', `${process.pid}-x`, 'alive'],
  ['an older version, a number that nobody has here: it may be on another host', `${gonePid}-x`, 'elsewhere'],
  ['the same with a namespace', `${gonePid}n${namespace}-x`, 'elsewhere'],
  ['another namespace', `${process.pid}n1-x`, 'elsewhere'],
  ['ended, here', processTag().replace(/^\d+/, gonePid) + '-x', 'gone'],
  ['another namespace of this host', `${process.pid}n1h${machine}${boot}-x`, 'elsewhere'],
  ['another host', `${process.pid}n${namespace}h${other(machine)}${other(boot)}-x`, 'elsewhere'],
  ['a host without a machine id', `${gonePid}n${namespace}h00000000${other(boot)}-x`, 'elsewhere'],
  ['no tag', 'x', undefined],
  ['no dash', `${process.pid}`, undefined],
])('%s: %s is %s', (_name, name, fate) => expect(fateOfTag(name)).toBe(fate))

test(
  'a name of this host before it was started again is of a process that is gone',
  needs(machine !== '00000000', 'this host has no machine id'),
  () => {
    expect(fateOfTag(`${process.pid}n${namespace}h${machine}${other(boot)}-x`)).toBe('gone')
  },
)
