/**
 * Sealed guests: the same bytes in another directory, with other keys, at another time; and what becomes of one that
 * dies.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const [here, there] = [new Rig(), new Rig()]

const EXPERIMENTS = `
  dies:
    vm: exact
    probes: [readiter]
    workload: { run: "sh -c 'echo c > /proc/sysrq-trigger'" }
`

beforeAll(() => here.write('lab.yaml', here.read('lab.yaml').trimEnd() + EXPERIMENTS))
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

test('a guest that panics is told as one, and leaves nothing', async () => {
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
