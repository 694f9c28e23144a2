import { expect, test } from 'vitest'
import { Processes } from './processes.ts'
import { sequenceText, unitsOf } from './sequence-file.ts'
import { executed, said, trace } from './trace.fixture.ts'

const textOf = (steps: ReturnType<typeof trace>, pids: number[], order?: readonly string[]) =>
  sequenceText(
    steps,
    new Set(pids),
    new Processes(steps),
    order?.map((wanted) => (message: string) => message === wanted),
  )

test('reads are numbered, processes counted, addresses left out, and others not there', () => {
  const steps = trace(
    executed(31, '/bin/x'),
    said(31, 'a', 'to 0xffff8880036e0000'),
    said(99, 'a'),
    said(32, 'a'),
    said(31, 'a', 'to 0xffff888003ffffff'),
  )
  expect(textOf(steps, [31, 32])).toBe('1\t1\ta\n1\t1\tto 0x…\n2\t2\ta\n3\t1\ta\n3\t1\tto 0x…\n')
})

test('the declared order says where a read begins; what execve read has no number', () => {
  const steps = trace(said(31, 'a'), executed(31, '/bin/x'), said(31, 'a', 'a', 'b', 'a', 'a', 'b'))
  expect(textOf(steps, [31], ['a', 'a', 'b'])).toBe('0\t1\ta\n1\t1\ta\n1\t1\ta\n1\t1\tb\n2\t1\ta\n2\t1\ta\n2\t1\tb\n')
})

test('units of a file, by read and by run', () => {
  const text = '0\t1\texec\n1\t1\ta 5\n2\t2\ta 6\n1\t1\tb\n'
  expect(unitsOf(text, 'r', 'sequence')).toEqual([
    { run: 'r', number: 1, labels: ['a #', 'b'] },
    { run: 'r', number: 2, labels: ['a #'] },
  ])
  expect(unitsOf(text, 'r', 'run').map(({ labels }) => labels)).toEqual([
    ['process 1: a #', 'process 2: a #', 'process 1: b'],
  ])
  expect(unitsOf('', 'r', 'run')).toEqual([])
})
