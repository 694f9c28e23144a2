/** Formats of a real kernel as C: every event of a group compiles, and one that does not exist is reported. */
import { spawnSync } from 'node:child_process'
import { afterAll, expect, test } from 'vitest'
import { Rig } from './rig.ts'

const rig = new Rig()
afterAll(async () => {
  await rig.lab(['down'])
  rig.remove()
})

const CHECK = ['-fsyntax-only', '-Wall', '-Werror']
const COMPILERS = [
  ['gcc', ...CHECK],
  ['clang', ...CHECK, '-target', 'bpf', '-I/usr/include/x86_64-linux-gnu'],
] as const

/** What the host's compiler and that of BPF programs say: each evaluates every assertion. */
const compiles = (code: string) =>
  COMPILERS.map(
    ([program, ...args]) => spawnSync(program, [...args, '-x', 'c', '-'], { input: code, encoding: 'utf8' }).stderr,
  ).join('')

test('R-0601-2, R-0601-3: the struct and the number of an event come from the guest', async () => {
  // On a VM of its own first, which is gone afterwards.
  const { stdout } = await rig.lab(['tracepoint', 'syscalls:sys_enter_read'])
  expect(stdout).toContain('sizeof(struct sys_enter_read_args) == 40')
  expect(compiles(stdout)).toBe('')
  await rig.answer(['up'])
  const [format] = (await rig.answer(['tracepoint', 'syscalls:sys_enter_read'])) as { id: number; c: string }[]
  const id = await rig.lab(['exec', '--', 'cat', '/sys/kernel/tracing/events/syscalls/sys_enter_read/id'])
  expect(format?.id).toBe(Number(id.stdout))
  expect(stdout).toContain(format?.c)
})

test('every event of the kernel has a struct that compiles', async () => {
  // One process reads them all: each of its own costs a tenth of a second under TCG.
  const command = 'cat /sys/kernel/tracing/events/*/*/format'
  rig.write('formats', (await rig.lab(['exec', '--', 'sh', '-c', command])).stdout)
  const all = (await rig.answer(['tracepoint', 'formats'])) as { name: string }[]
  expect(all.length).toBeGreaterThan(200)
  const { stdout } = await rig.lab(['tracepoint', 'formats'])
  expect(compiles(stdout)).toBe('')
})

test('an event that the kernel does not have: what is near', async () => {
  const { status, stderr } = await rig.lab(['tracepoint', 'syscalls:sys_enter_raed'])
  expect(status).toBe(2)
  expect(stderr).toContain('did you mean syscalls:sys_enter_read?')
  expect((await rig.lab(['tracepoint', 'sycalls:sys_enter_read'])).stderr).toContain(
    'did you mean syscalls:sys_enter_read?',
  )
})
