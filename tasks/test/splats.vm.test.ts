/**
 * A kernel that reports a bug: the run fails, says where, and nobody uses that guest again. LKDTM causes the bugs
 * (drivers/misc/lkdtm).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

interface Outcome {
  readonly dir: string
  readonly manifest: Manifest
}

const PROVOKE = '/sys/kernel/debug/provoke-crash/DIRECT'

const until = (words: string) => `until dmesg | grep -q "${words}"; do sleep 0.1; done`

/** A task that waits for ever. The workload itself ends well, when the kernel has noticed. */
const HUNG =
  `echo 1 >/proc/sys/kernel/hung_task_timeout_secs; (echo HUNG_TASK >${PROVOKE}) & ${until('blocked for more')}`.replaceAll(
    '"',
    '\\"',
  )

/** A CPU that never leaves the kernel: nothing ends that but a panic, which comes when both detectors have spoken. */
const STALLED = [
  'echo 1 >/proc/sys/kernel/watchdog_thresh',
  'echo 3 >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout',
  `(echo SOFTLOCKUP >${PROVOKE}) & ${until('soft lockup')}`,
  until('detected.*stall'),
  'echo c >/proc/sysrq-trigger',
]
  .join('; ')
  .replaceAll('"', '\\"')

// The workload itself ends well: its subshell provokes the bug, and the log is cleared behind it.
const EXPERIMENTS = `
  splat:
    probes: [readiter]
    workload: { run: "sh -c '(echo \${kind} > ${PROVOKE}); dmesg -C; exit 0'" }
    params: { kind: [WARNING, EXCEPTION, REFCOUNT_ADD_ZERO] }
  hung:
    probes: [readiter]
    workload: { run: "sh -c '${HUNG}'" }
  stalled:
    probes: [readiter]
    workload: { run: "sh -c '${STALLED}'" }
  allowed:
    probes: [readiter]
    workload: { run: "sh -c 'echo WARNING > ${PROVOKE}'" }
    allow: [warning: lkdtm_WARNING]
  tap:
    probes: [readiter]
    workload: { run: "printf 'TAP version 13\\\\n1..3\\\\nok 1 open\\\\nnot ok 2 read\\\\n'" }
`

const lab = new Rig()
const run = async (...args: string[]) => (await lab.answer(['run', ...args])) as Outcome[]

beforeAll(() => {
  lab.edit(
    'lab.yaml',
    'options: { KPROBE_EVENTS_ON_NOTRACE: y }',
    'options: { KPROBE_EVENTS_ON_NOTRACE: y, RUNTIME_TESTING_MENU: y, LKDTM: y }',
  )
  lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + EXPERIMENTS)
})
afterAll(async () => {
  await lab.lab(['down'])
  lab.remove()
})

test('the VM of `lab up` is used until its kernel reports a bug; then the run says so and boots its own', async () => {
  await lab.answer(['up'])
  const [tap] = await run('tap')
  expect(tap?.manifest).toMatchObject({
    verdict: 'failed',
    guest: { vm: 'up' },
    workload: { status: 0 },
    tests: [{ form: 'TAP', file: 'stdout', failed: 1, failures: ['read'] }],
  })
  expect(tap?.manifest.tests?.[0]?.problems).toEqual(['the plan is 1..3, and 2 tests have results'])
  expect(tap?.manifest.splats).toBeUndefined()
  await lab.lab(['exec', '--', 'sh', '-c', `echo WARNING > ${PROVOKE}`])
  const { status, stdout, stderr } = await lab.lab(['run', 'readiter', '--repeat', '1'])
  expect([status, stderr + stdout]).toEqual([
    0,
    expect.stringContaining('the VM that is up has reported a WARNING in lkdtm_WARNING'),
  ])
  expect(stderr + stdout).toContain('the run gets a VM of its own')
  const { manifest } = (await lab.answer(['results', 'show', 'last'])) as Outcome
  expect(manifest.guest.vm).toBe('started')
  const up = await lab.lab(['up'])
  expect([up.status, up.stderr + up.stdout]).toEqual([
    0,
    expect.stringContaining('its kernel has reported a WARNING in lkdtm_WARNING'),
  ])
  await lab.answer(['down'])
})

test('a run in which the kernel reports a bug fails, although the workload ended well and cleared the log', async () => {
  const { status, stdout, stderr } = await lab.lab(['run', 'splat', '--json'])
  expect(status, stderr).toBe(1)
  const lines = stdout.trim().split('\n')
  expect(stdout).toContain('no other run is made in this VM, the next one boots')
  const { data } = JSON.parse(lines.at(-1) ?? '') as { data: Outcome[] }
  const found = data.map(({ manifest }) => [
    manifest.arm.params['kind'],
    manifest.verdict,
    manifest.workload.status,
    manifest.splats?.map((one) => [one.kind, one.function, one.file, one.when, one.allowed]),
  ])
  expect(found).toEqual([
    ['WARNING', 'failed', 0, [['warning', 'lkdtm_WARNING', 'dmesg', 'run', false]]],
    ['EXCEPTION', 'failed', 0, [['oops', 'lkdtm_EXCEPTION', 'dmesg', 'run', false]]],
    ['REFCOUNT_ADD_ZERO', 'failed', 0, [['refcount', 'lkdtm_REFCOUNT_ADD_ZERO', 'dmesg', 'run', false]]],
  ])
  expect(new Set(data.map(({ manifest }) => manifest.guest.bootId)).size).toBe(3)
  for (const { manifest, dir } of data) {
    const [splat] = manifest.splats ?? []
    const log = readFileSync(join(dir, 'dmesg'), 'utf8').split('\n')
    expect(log[(splat?.line ?? 0) - 1]).toContain(splat?.what)
    // As recorded; its status is 1, because no run of them passed.
    const verified = await lab.lab(['verify', manifest.run])
    expect(verified.stdout).toContain('1 result, all as recorded')
    const explained = await lab.lab(['explain', manifest.run])
    expect(explained.stdout).toContain(`splat: ${splat?.kind}`)
    expect(explained.stdout).toContain('  do:  ')
  }
  // The verdict follows from the raw log: a manifest that says otherwise is found out.
  const [first] = data
  const { stdout: shown } = await lab.lab(['results', 'show', first?.manifest.run ?? ''])
  expect(shown).toContain('the kernel reported a WARNING in lkdtm_WARNING (dmesg line ')
})

test('what an experiment allows does not fail it, and is recorded', async () => {
  const [one] = await run('allowed')
  expect(one?.manifest).toMatchObject({
    verdict: 'passed',
    splats: [{ kind: 'warning', function: 'lkdtm_WARNING', allowed: true }],
  })
  expect((await lab.lab(['verify', one?.manifest.run ?? ''])).status).toBe(0)
})

test('a hung task fails the run, whose workload ended well, and its process is named', async () => {
  const [one] = await run('hung')
  expect(one?.manifest).toMatchObject({
    verdict: 'failed',
    workload: { status: 0 },
    splats: expect.arrayContaining([
      expect.objectContaining({ kind: 'hung-task', function: 'lkdtm_HUNG_TASK' }),
    ]) as unknown,
  })
  expect(one?.manifest.remarks).toContainEqual(
    expect.stringMatching(/^1 process outlived the workload .*: sh \(pid \d+\)$/),
  )
})

test('a soft lockup and an RCU stall are named where they took the guest with them', async () => {
  const { status, stdout, stderr } = await lab.lab(['run', 'stalled'])
  expect(status).toBe(1)
  for (const kind of ['soft-lockup', 'rcu-stall']) expect(stdout + stderr).toContain(`splat: ${kind}`)
})
