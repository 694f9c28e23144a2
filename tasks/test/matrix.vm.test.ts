/**
 * Experiments of several arms on real VMs: what is compared, what an interruption leaves, what one broken arm does to
 * the others.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'
import { until } from './until.ts'

interface Outcome {
  readonly dir: string
  readonly manifest: Manifest
}

const EXPERIMENTS = `
  compare:
    probes: [readiter]
    workload: { source: bpf/workloads/readfile.c, run: "readfile /data/f --bytes \${bytes} --count 1" }
    params: { bytes: [8, 16] }
    matrix: { kernel: [v5.10], probe: [readiter, none] }
    exclude: [{ bytes: 8, probe: none }]
    before: [drop-caches, { sysctl: { vm.swappiness: 10 } }]
    order: shuffled
    seed: 5
    warmup: 1
    repeat: 4
  dies:
    probes: [readiter]
    workload: { run: "sh -c 'echo \${key} > /proc/sysrq-trigger; cat /proc/sys/vm/swappiness'" }
    params: { key: [h, c] }
    repeat: 2
  cut:
    probes: [readiter]
    workload: { run: "sh -c 'read _ _ _ holder _ < /proc/$PPID/stat; read _ _ _ ssh _ < /proc/$holder/stat; kill -\${signal} $ssh; sleep 1; cat /proc/sys/vm/swappiness'" }
    params: { signal: [9, 0] }
    repeat: 2
  orphan:
    probes: [readiter]
    workload: { run: "sh -c 'kill -9 $PPID; sleep 5'" }
  late:
    probes: [readiter]
    workload: { run: "sh -c 'test -e /run/again || { touch /run/again; sleep 60; }'" }
    timeout: 1s
    retries: 1
    repeat: 2
${['first', 'twice', 'third']
  .map(
    (name) => `  ${name}:
    probes: [readiter]
    workload: { source: bpf/workloads/readfile.c, run: readfile /data/f --count 1 }${name === 'twice' ? '\n    expect: [{ messages: { no such message: 1 } }]\n    retries: 1' : ''}`,
  )
  .join('\n')}
`

const lab = new Rig()
const runs = (data: unknown) => data as readonly Outcome[]
const placesOf = (outcomes: readonly Outcome[]) => outcomes.map(({ manifest }) => manifest.plan?.index)
const resultsOf = (experiment: string): string[] => {
  const dir = join(lab.dir, 'results', experiment)
  return existsSync(dir) ? readdirSync(dir).filter((name) => !name.startsWith('.')) : []
}

beforeAll(() => lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + EXPERIMENTS))
afterAll(async () => {
  await lab.lab(['gc'])
  lab.remove()
})

describe('a matrix', () => {
  let serial: readonly Outcome[] = []

  test('runs every arm as often as it says, in a recorded order, warm-ups apart', async () => {
    serial = runs(await lab.answer(['run', 'compare']))
    const arms = serial.map(({ manifest }) => manifest.arm.name)
    for (const name of [
      'bytes=8,kernel=v5.10,probe=readiter',
      'bytes=16,kernel=v5.10,probe=readiter',
      'bytes=16,kernel=v5.10,probe=none',
    ])
      expect(arms.filter((arm) => arm === name).length, name).toBe(4)
    expect(arms.length).toBe(12)
    expect(resultsOf('compare').length).toBe(15)
    expect(serial.every(({ manifest }) => manifest.verdict === 'passed' && manifest.plan?.seed === 5)).toBe(true)
    const programs = (probe: string) => {
      const one = serial.find(({ manifest }) => manifest.arm.name.endsWith(probe))
      const { programs } = JSON.parse(lab.read(`results/compare/${one?.manifest.run ?? ''}/probes.json`)) as {
        programs: unknown[]
      }
      return programs.length
    }
    expect([programs('probe=none'), programs('probe=readiter')]).toEqual([0, 5])
  })

  test('two VMs at a time give the same runs', async () => {
    const parallel = runs(await lab.answer(['run', 'compare', '--parallel', '2']))
    expect(placesOf(parallel)).toEqual(placesOf(serial))
    const facts = (outcomes: readonly Outcome[]) =>
      outcomes.map(({ manifest }) => [
        manifest.arm.name,
        manifest.repeat,
        manifest.verdict,
        manifest.trace.completeness,
        manifest.sequence,
      ])
    expect(facts(parallel)).toEqual(facts(serial))
    expect(new Set(parallel.map(({ manifest }) => manifest.guest.bootId)).size).toBe(2)
  })

  test('killed in the middle and resumed: nothing twice, nothing lost', async () => {
    const before = new Set(resultsOf('compare'))
    const { child, ended } = lab.start(['run', 'compare', '--repeat', '8'])
    const made = () => resultsOf('compare').filter((name) => !before.has(name))
    await until('five runs are done', () => made().length >= 5)
    child.kill('SIGKILL')
    await ended
    const kept = made()
    // What was asked for is known: also which experiment, and that there are eight repeats.
    const resumed = runs(await lab.answer(['run', '--resume']))
    expect(resumed.length).toBe(24)
    expect(new Set(placesOf(resumed)).size).toBe(24)
    expect(made().length).toBe(27)
    expect(kept.every((name) => made().includes(name))).toBe(true)
    const { status, stderr } = await lab.lab(['run', 'compare', '--repeat', '8', '--resume'])
    expect(status).toBe(2)
    expect(stderr).toContain('nothing to resume')
  })
})

test('a guest that panics in one arm does not take the others with it', async () => {
  const { status, stdout, stderr } = await lab.lab(['run', 'dies'])
  expect(status).toBe(1)
  expect(stderr).toContain('the guest died while the workload ran')
  expect(stdout).toContain('no result: key=c')
  expect(stdout).toContain('2 of 2 runs passed')
  expect(resultsOf('dies').length).toBe(2)
})

test('a connection to the VM of lab up that is lost in one arm does not take the others with it', async () => {
  await lab.answer(['up'])
  const { status, stdout, stderr } = await lab.lab(['run', 'cut'])
  expect(status).toBe(1)
  expect(stderr).toContain('the connection to the guest was lost while the workload ran')
  expect(stdout).toContain('no result: signal=9')
  expect(stdout).toContain('2 of 2 runs passed')
  const made = resultsOf('cut').map((name) => JSON.parse(lab.read(`results/cut/${name}/manifest.json`)) as Manifest)
  const [{ state }] = (await lab.answer(['ps'])) as [{ state: { guest: { bootId: string } } }]
  expect(made.map(({ guest }) => guest.bootId)).toEqual([state.guest.bootId, state.guest.bootId])
  await lab.answer(['down'])
})

test('a workload that was too late is made again where the experiment asks for it, and the late attempt is kept', async () => {
  const outcomes = runs(await lab.answer(['run', 'late']))
  expect(outcomes.map(({ manifest }) => [manifest.repeat, manifest.plan?.attempt, manifest.verdict])).toEqual([
    [1, 2, 'passed'],
    [2, 1, 'passed'],
  ])
  expect(resultsOf('late')).toHaveLength(3)
})

test('a holder that is killed is reported as that, with what the console said, and the guest serves the next run', async () => {
  const { status, stderr } = await lab.lab(['run', 'orphan', 'compare', '--repeat', '1'])
  expect(status, stderr).toBe(1)
  expect(stderr).toContain('the holder was ended by signal 9 while the workload ran')
  expect(stderr).toMatch(/full log: .*console\.log/)
  expect(resultsOf('orphan')).toHaveLength(0)
})

test('several experiments, killed between two attempts: --resume leaves the finished alone, tries again, and begins the others', async () => {
  const NAMES = ['first', 'twice', 'third']
  const { child, ended } = lab.start(['run', ...NAMES])
  await until('the first attempt of the second experiment', () => resultsOf('twice').length > 0)
  child.kill('SIGKILL')
  await ended
  const { status, stdout, stderr } = await lab.lab(['run', ...NAMES, '--resume', '--json'])
  expect(status, stderr).toBe(1)
  const said = stdout.trim().split('\n')
  const { data } = JSON.parse(said.at(-1) ?? '') as { data: readonly Outcome[] }
  expect(data.map(({ manifest }) => [manifest.experiment, manifest.plan?.attempt, manifest.verdict])).toEqual([
    ['first', 1, 'passed'],
    ['twice', 2, 'failed'],
    ['third', 1, 'passed'],
  ])
  expect(NAMES.map((name) => resultsOf(name).length)).toEqual([1, 2, 1])
  expect(said.filter((line) => line.includes('nothing is left to do'))).toHaveLength(1)
  expect((await lab.lab(['run', ...NAMES, '--resume'])).status).toBe(2)
})

test('an experiment that gives no result does not take the summary of another with it', async () => {
  const { status, stdout, stderr } = await lab.lab(['run', 'orphan', 'first'])
  expect(status, stderr).toBeGreaterThan(0)
  expect(stdout).toContain('no result: experiment orphan: ')
  expect(stdout).toContain('1 of 1 run passed')
})
