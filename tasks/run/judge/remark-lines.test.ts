import { expect, test } from 'vitest'
import { remarkLines } from './remark-lines.ts'

const run = (arm: string, ...remarks: string[]) => ({
  manifest: { experiment: 'reclaim', arm: { name: arm, params: {} }, remarks },
})
const ran = (pid: number, times: number) =>
  `program on_switch (tracepoint/sched_switch) of switches (pid ${pid}) was loaded during the run: it ran at least ${times} times`

test('a remark that differs from run to run only in its numbers is one line for all arms', () => {
  expect(
    remarkLines([run('limit=16M', ran(107, 4930)), run('limit=64M', ran(112, 990)), run('limit=16M', ran(117, 4962))]),
  ).toEqual([
    'note: reclaim: program on_switch (tracepoint/sched_switch) of switches was loaded during the run: it ran at least 990 to 4962 times (3 runs)',
  ])
})

test('a remark about some of the arms names them', () => {
  expect(remarkLines([run('a=1', 'x'), run('a=2'), run('a=3', 'x')])).toEqual(['note: reclaim a=1; a=3: x (2 runs)'])
})

test('programs whose names differ in a digit keep lines of their own', () => {
  const never = (name: string) => `program ${name} (kprobe/${name}) was attached and never fired`
  expect(remarkLines([run('', never('read_1'), never('read_2')), run('', never('read_1'))])).toEqual([
    `note: reclaim: ${never('read_1')} (2 runs)`,
    `note: reclaim: ${never('read_2')} (1 run)`,
  ])
})
