import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { OwnTime, waitedForCpu } from './busy.ts'
import { run } from './sh.ts'

const LOOP = ['perl', '-e', '1 while 1']
/** One CPU that this process may use: everything on it has to share. */
const CPU = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
const onOneCpu = (argv: readonly string[]): string[] => ['taskset', '-c', CPU, ...argv]

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A program beside the test, on the CPU that is shared. */
function beside(argv: readonly string[]): number {
  const [program = '', ...rest] = onOneCpu(argv)
  const child = spawn(program, rest, { stdio: 'ignore' })
  children.push(child)
  return child.pid ?? 0
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('a program that shares its CPU waits, and what it waits is not its own time', async () => {
  const pid = beside(LOOP)
  beside(LOOP)
  const time = new OwnTime(pid)
  const began = performance.now()
  await until(() => time.waited > 100)
  expect(waitedForCpu(pid)).toBeGreaterThan(100)
  const wall = performance.now() - began
  expect(time.left(wall), 'it had less than the wall clock says').toBeGreaterThan(0)
  await until(() => time.left(wall) <= 0)
})

test('a program that sleeps has all the time that passes', async () => {
  const time = new OwnTime(beside(['sleep', '60']))
  await until(() => time.left(100) <= 0)
})

test('a process that has ended waited for nothing', () => {
  expect(waitedForCpu(2 ** 22 + 1)).toBe(0)
})

test('the time of a program goes on while it runs and not while it waits for a CPU', async () => {
  for (let i = 0; i < 5; i++) beside(LOOP)
  // A quarter of a second of work, of which it gets a sixth of a CPU.
  const work = 'while (1) { my ($user, $system) = times; last if $user + $system > 0.25 }'
  await run(onOneCpu(['perl', '-e', work]), { timeout: 1000 })
  const failure = await failureOf(run(onOneCpu(LOOP), { timeout: 300 }))
  expect(failure.parts).toMatchObject({ reason: 'timeout', fact: 'taskset took longer than 0.3 s' })
})
