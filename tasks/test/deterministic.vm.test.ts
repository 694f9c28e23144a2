/**
 * Sealed guests: the same bytes in another directory, with other keys, at another time; and what becomes of one that
 * dies.
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const [here, there] = [new Rig(), new Rig()]

const EXPERIMENTS = `
  module:
    vm: exact
    modules: [{ source: modules/counter.c, params: { step: 3 } }]
    workload: { run: "sh -c 'echo 1 > /sys/module/counter/parameters/count; cat /sys/module/counter/parameters/count'" }
    trace: { events: ['p:added counter_add by=%di:s64'] }
  dies:
    vm: exact
    probes: [readiter]
    workload: { run: "sh -c 'echo c > /proc/sysrq-trigger'" }
`

beforeAll(() => {
  cpSync(join(TOOL_ROOT, 'examples/module/modules'), join(here.dir, 'modules'), { recursive: true })
  here.write('lab.yaml', here.read('lab.yaml').trimEnd() + EXPERIMENTS)
})
afterAll(() => {
  here.remove()
  there.remove()
})

const manifests = async (rig: Rig, args: readonly string[]) =>
  ((await rig.answer(['run', ...args, '--kernel', 'v5.10'])) as { manifest: Manifest }[]).map(
    ({ manifest }) => manifest,
  )

test('two runs, in different directories and with different keys, are the same to the byte', async () => {
  const [one, other] = [
    await manifests(here, ['exact', '--repeat', '1']),
    await manifests(there, ['exact', '--repeat', '1']),
  ]
  const [a, b] = [one[0], other[0]]
  expect(a).toMatchObject({ verdict: 'passed', guest: { deterministic: true }, trace: { completeness: 'complete' } })
  expect(a?.trace.events).toBeGreaterThan(18)
  expect(b?.trace.digest).toBe(a?.trace.digest)
  for (const file of ['trace.dat', 'sequence.txt', 'dmesg', 'console.log', 'stdout', 'holder.ndjson'])
    expect(b?.sha256[file], file).toBe(a?.sha256[file])
  // What is not the guest's is not the same, or the comparison above would prove nothing.
  expect(b?.run).not.toBe(a?.run)
})

test('modules are loaded and traced in it', async () => {
  const [manifest] = await manifests(here, ['module'])
  expect(manifest).toMatchObject({
    verdict: 'passed',
    guest: { deterministic: true },
    modules: [{ name: 'counter', parameters: ['step=3'] }],
  })
  const { stdout } = await here.lab(['trace', 'last', '--all'])
  expect(stdout).toMatch(/added.*by=3/)
})

test('a guest that panics is reported as one, and leaves nothing', async () => {
  const { status, stderr } = await here.lab(['run', 'dies', '--kernel', 'v5.10'])
  expect(stderr).toContain('the guest died while the workload ran')
  expect(status).toBe(1)
  const { stdout } = await here.lab(['ps', '--json'])
  expect(stdout).not.toContain('exact')
})

test('nobody gets into it', async () => {
  const { status, stderr } = await here.lab(['up', 'exact', '--kernel', 'v5.10'])
  expect(stderr).toContain('takes no input')
  expect(status).toBe(2)
})
