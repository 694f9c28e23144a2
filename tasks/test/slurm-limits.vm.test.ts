/** Jobs that a real Slurm stops: for a job of higher priority, and for their memory. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { needs } from './needs.ts'
import { Rig } from './rig.ts'
import { EXPERIMENTS, type Listed, type Submitted } from './slurm.fixture.ts'
import { Cluster, noMemoryGroups, noSlurm } from './slurm.ts'
import { until } from './until.ts'

const absent = noSlurm()
const lab = new Rig()
const grouped = noMemoryGroups() === undefined
let cluster: Cluster

const submit = async (experiment: string, profile: string, text: string, more: readonly string[] = []) => {
  lab.write(`slurm/${profile}.yaml`, text)
  const args = ['run', experiment, '--on', `slurm:${profile}`, '--kernel', 'v5.10', '--repeat', '1', ...more]
  const [one] = (await lab.answer(args, cluster.env)) as readonly Submitted[]
  if (one === undefined) throw new Error('nothing was submitted')
  return one
}
const listed = async ({ plan }: Submitted): Promise<Listed> => {
  const [one] = (await lab.answer(['jobs', plan], cluster.env)) as readonly Listed[]
  if (one === undefined) throw new Error('the plan is not listed')
  return one
}
const namesIn = (dir: string) => {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}
const runsOf = (experiment: string, { plan }: Submitted): Manifest[] =>
  namesIn(join(lab.dir, 'results', experiment))
    .filter((name) => !name.startsWith('.'))
    .map((run) => JSON.parse(lab.read(`results/${experiment}/${run}/manifest.json`)) as Manifest)
    .filter((run) => run.plan?.id === plan)

/** Submits the two runs to a partition, and takes its place when the first of them is done. */
async function preempted(partition: string): Promise<Submitted> {
  const submitted = await submit('stopped', partition, `partition: ${partition}\n`)
  await until('the first run is done', () => runsOf('stopped', submitted).length > 0 || undefined)
  const all = ['--nodes=2', '--cpus-per-task=2', '--mem=100M', '--output=/dev/null']
  cluster.ask(['sbatch', '--partition=urgent', ...all, '--wrap=sleep 5'])
  await until('the job has lost its place', () => {
    const state = cluster.states().get(`${submitted.jobs[0]}_0`)
    return state === 'PREEMPTED' || state === 'PENDING' || undefined
  })
  expect(
    runsOf('stopped', submitted).map(({ verdict }) => verdict),
    'nothing is half-written',
  ).toEqual(['passed'])
  return submitted
}

const verdicts = (submitted: Submitted) => {
  expect(namesIn(join(lab.dir, 'results/stopped')).filter((name) => name.startsWith('.'))).toEqual([])
  return runsOf('stopped', submitted)
    .toSorted((a, b) => (a.plan?.index ?? 0) - (b.plan?.index ?? 0))
    .map(({ plan, verdict, host }) => [plan?.index, verdict, host.slurm?.restart])
}

describe('jobs that Slurm stops', needs(absent === undefined, absent ?? ''), () => {
  beforeAll(async () => {
    lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + EXPERIMENTS)
    mkdirSync(join(lab.dir, 'slurm'))
    cluster = await Cluster.start(['n1', 'n2'], grouped)
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    lab.remove()
  })

  test('a preempted job that is queued again goes on with what is due', async () => {
    const submitted = await preempted('again')
    const [open] = (await listed(submitted)).open
    expect(open).toMatchObject({ state: 'waiting', word: 'PENDING', why: expect.stringContaining('preemption') })
    cluster.ask(['scontrol', 'update', `jobid=${submitted.jobs[0]}_0`, 'StartTime=now'])
    await cluster.idle()
    expect(verdicts(submitted)).toEqual([
      [0, 'passed', 0],
      [1, 'passed', 1],
    ])
  })

  test('a preempted job that Slurm cancels is no job that waits; --resume submits what is missing', async () => {
    const submitted = await preempted('gone')
    const [open] = (await listed(submitted)).open
    expect(open).toMatchObject({ state: 'ended', word: 'PREEMPTED', why: expect.stringContaining('higher priority') })
    const again = await submit('stopped', 'gone', 'partition: gone\n', ['--resume'])
    expect(again).toMatchObject({ plan: submitted.plan, tasks: 1 })
    await cluster.idle()
    expect(verdicts(submitted)).toEqual([
      [0, 'passed', 0],
      [1, 'passed', 0],
    ])
  })

  // Where the kernel kills, it takes QEMU and lets lab live; Slurm takes the whole task.
  const killer = grouped ? 'the kernel' : `Slurm (${noMemoryGroups()})`
  test(`a job whose memory is used up: killed by ${killer}, it says so with what to ask for`, async () => {
    const fill = `(head -c ${grouped ? 50 : 100}M /dev/zero; sleep 200) | tail >/dev/null &`
    const submitted = await submit('real', 'tight', `prologue:\n  - for i in $(seq 31); do ${fill} done\n`)
    const state = () => cluster.states().get(`${submitted.jobs[0]}_0`)
    await until('the task is killed', () => ['OUT_OF_MEMORY', 'FAILED'].includes(state() ?? '') || undefined)
    expect(runsOf('real', submitted)).toEqual([])
    const [open] = (await listed(submitted)).open
    expect(open).toMatchObject({ state: 'ended', wayOut: expect.stringMatching(/`memory: \d+M`/) })
    expect(open?.why).toMatch(/it needed (more|\d+M, more) than the 1792M/)
    const logs = readdirSync(join(submitted.dir, 'logs')).map((name) =>
      readFileSync(join(submitted.dir, 'logs', name), 'utf8'),
    )
    if (grouped) expect(logs.join('')).toContain('the kernel killed QEMU: the 1792M that this job may use')
    await cluster.idle()
    expect(readFileSync(join(submitted.dir, 'summary.txt'), 'utf8')).toMatch(/incomplete[^]*--on slurm:tight/)
  })
})
