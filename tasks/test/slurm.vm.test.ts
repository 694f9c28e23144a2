/**
 * Experiments as jobs of a real Slurm: munged, slurmctld and two slurmd on loopback. Most runs are of an experiment
 * that ends before it needs a guest, so that an array of them is quick; what lies between `lab run` and `results/` is
 * the same.
 */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { cacheDir } from '../engine/context.ts'
import { which } from '../host/which.ts'
import { mayMount, NAMESPACE } from './namespace.ts'
import { jsonLines, Rig } from './rig.ts'
import { EXPERIMENTS, type Listed, type Submitted } from './slurm.fixture.ts'
import { Cluster, noSlurm } from './slurm.ts'
import { needs } from './needs.ts'
import { until } from './until.ts'

const absent = noSlurm()
const lab = new Rig()
let cluster: Cluster

const submit = async (
  args: readonly string[],
  on = 'slurm',
  env: Readonly<Record<string, string>> = {},
): Promise<Submitted> => {
  const [first] = (await lab.answer(['run', ...args, '--on', on, '--kernel', 'v5.10'], {
    ...cluster.env,
    ...env,
  })) as readonly Submitted[]
  if (first === undefined) throw new Error('nothing was submitted')
  return first
}
function runsOf(experiment: string): Manifest[] {
  const dir = join(lab.dir, 'results', experiment)
  return (existsSync(dir) ? readdirSync(dir) : [])
    .filter((name) => !name.startsWith('.'))
    .map((run) => JSON.parse(lab.read(`results/${experiment}/${run}/manifest.json`)) as Manifest)
}
/** A program of Slurm in whose place a script is called; the variable that does it. */
function inPlaceOf(name: string, script: string): { readonly PATH: string } {
  const dir = join(lab.dir, `fake-${name}`)
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`, { mode: 0o700 })
  return { PATH: `${dir}:${cluster.env['PATH'] ?? ''}` }
}
/** Runs of one plan; none where the experiment has no results yet. */
const ofPlan = (experiment: string, { plan }: Submitted) => runsOf(experiment).filter((run) => run.plan?.id === plan)
const logs = ({ dir }: Submitted): string[] =>
  readdirSync(join(dir, 'logs')).map((name) => readFileSync(join(dir, 'logs', name), 'utf8'))

/** Two commands that submit: the first is in the middle of it when the second comes to where it would. */
async function atOnce(args: readonly string[]): Promise<readonly Submitted[]> {
  const [calls, open] = ['calls', 'open'].map((name) => join(lab.dir, `gate-${name}`))
  const sbatch = which('sbatch', cluster.env['PATH']) ?? ''
  const env = inPlaceOf('sbatch', `echo >> ${calls}; while [ ! -e ${open} ]; do sleep 0.1; done; exec ${sbatch} "$@"`)
  const called = () => (existsSync(calls ?? '') ? readFileSync(calls ?? '', 'utf8').length : 0)
  const first = submit(args, 'slurm', env)
  await until('the first one submits', () => called() > 0 || undefined)
  let printed = ''
  const second = lab.start(['run', ...args, '--on', 'slurm', '--kernel', 'v5.10', '--json'], { ...cluster.env, ...env })
  second.child.stdout?.on('data', (bytes: Buffer) => (printed += bytes.toString()))
  await until('the second one waits, or submits as well', () => {
    return printed.includes('another command is submitting its jobs') || called() > 1 || undefined
  })
  writeFileSync(open ?? '', '')
  const { stdout, stderr, status } = await second.ended
  expect(status, stderr).toBe(0)
  const answer = jsonLines(stdout).at(-1)
  return [await first, ...((answer?.type === 'answer' ? answer.data : []) as readonly Submitted[])]
}

/** A node whose own disk has no room for the inputs. */
function smallScratch({ dir }: Submitted): void {
  const scratch = join(lab.dir, 'small-scratch')
  mkdirSync(scratch)
  const [program = '', ...options] = NAMESPACE
  const script = 'mount -t tmpfs -o size=1m small "$1" && shift && exec "$@"'
  const task = [join(TOOL_ROOT, 'lab'), 'task', dir, '2', '--scratch', scratch]
  const { status, stderr } = spawnSync(program, [...options, 'sh', '-c', script, 'sh', scratch, ...task], {
    cwd: lab.dir,
    env: { ...process.env, CI: 'true' },
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(69)
  expect(stderr).toContain('the inputs of the plan cannot be copied there')
  expect(stderr).toContain('No space left on device')
}

/** Accounts that a cluster keeps and that do not answer are not taken for none. */
async function accountsThatFail({ dir, plan }: Submitted): Promise<void> {
  const jobs = readFileSync(join(dir, 'jobs.json'))
  rmSync(join(dir, 'jobs.json'))
  const ask = async (script: string) =>
    (await lab.lab(['jobs', plan], { ...cluster.env, ...inPlaceOf('sacct', script) })).stdout
  const refused = 'echo "sacct: error: slurmdbd: Unable to connect: Connection refused" >&2; exit 1'
  expect(await ask(refused)).toContain('the accounting of Slurm does not answer')
  expect(await ask('echo "Slurm accounting storage is disabled" >&2; exit 1')).not.toContain('does not answer')
  writeFileSync(join(dir, 'jobs.json'), jobs)
}

describe('on slurm', needs(absent === undefined, absent ?? ''), () => {
  beforeAll(async () => {
    lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + EXPERIMENTS)
    cluster = await Cluster.start()
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    lab.remove()
  })

  test('each repeat of every arm is a task, and results come as from this machine', async () => {
    const submitted = await submit(['tiny'])
    expect(submitted).toMatchObject({
      runs: 8,
      tasks: 4,
      jobs: [expect.stringMatching(/^\d+$/), expect.stringMatching(/^\d+$/)],
    })
    await cluster.idle()
    expect([...cluster.states().values()]).toEqual(Array.from({ length: 5 }, () => 'COMPLETED'))
    const runs = ofPlan('tiny', submitted)
    expect(runs.map(({ verdict }) => verdict)).toEqual(Array.from({ length: 8 }, () => 'passed'))
    expect(runs.map(({ arm, repeat }) => `${arm.name} ${repeat}`).toSorted()).toEqual(
      [1, 2, 3, 4].flatMap((repeat) => [`bytes=16 ${repeat}`, `bytes=64 ${repeat}`]).toSorted(),
    )
    for (const repeat of [1, 2, 3, 4]) {
      const block = runs.filter((run) => run.repeat === repeat)
      expect(new Set(block.map(({ host }) => host.slurm?.task)), `repeat ${repeat}`).toEqual(
        new Set([String(repeat - 1)]),
      )
      expect(new Set(block.map(({ host }) => host.slurm?.node)).size, `nodes of repeat ${repeat}`).toBe(1)
    }
    const { status, stdout } = await lab.lab(['results'], cluster.env)
    expect(status).toBe(0)
    expect(stdout.match(/passed/g)).toHaveLength(8)
  })

  test('a task that finds its work done makes nothing', async () => {
    const submitted = await submit(['tiny', '--repeat', '1'])
    await cluster.idle()
    const before = ofPlan('tiny', submitted).map(({ run, started }) => [run, started])
    expect(before).toHaveLength(2)
    expect(await lab.answer(['task', submitted.dir, '0'])).toEqual({ block: 0, runs: 2, made: 0, passed: 2 })
    expect(ofPlan('tiny', submitted).map(({ run, started }) => [run, started])).toEqual(before)
    expect((await lab.lab(['task', submitted.dir, '1'])).stderr).toContain('has 1 blocks')
  })

  test('where Slurm does not answer, that is said, and no plan is left', async () => {
    const before = readdirSync(join(lab.dir, '.lab/slurm'))
    const { status, stderr } = await lab.lab(['run', 'tiny', '--on', 'slurm', '--kernel', 'v5.10'], {
      ...cluster.env,
      SLURM_CONF: '/dev/null',
    })
    expect(status, stderr).toBe(69)
    expect(stderr).toContain('Slurm does not answer')
    expect(readdirSync(join(lab.dir, '.lab/slurm'))).toEqual(before)
  })

  test('--wait ends as a run on this machine does, and the summary is next to the plan', async () => {
    const { status, stdout, stderr } = await lab.lab(
      ['run', 'tiny', '--on', 'slurm', '--kernel', 'v5.10', '--repeat', '2', '--wait'],
      cluster.env,
    )
    expect(status, stdout + stderr).toBe(0)
    expect(stdout).toMatch(/4 of 4 runs passed|4 passed/)
    await cluster.idle()
    const [newest] = (await lab.answer(['jobs'], cluster.env)) as readonly Listed[]
    expect(newest).toMatchObject({ experiment: 'tiny', runs: { planned: 4, made: 4 }, open: [] })
    expect(readFileSync(join(newest?.dir ?? '', 'summary.txt'), 'utf8')).toMatch(/4 of 4 runs passed|4 passed/)
  })

  test('what was cancelled is reported, and --resume submits what is missing, once', async () => {
    // Two of six tasks may start; then the others are cancelled.
    cluster.ask(['scontrol', 'update', 'partitionname=main', 'state=down'])
    const submitted = await submit(['tiny', '--repeat', '6'])
    const [array = ''] = submitted.jobs
    cluster.ask(['scontrol', 'hold', `${array}_[2-5]`])
    cluster.ask(['scontrol', 'update', 'partitionname=main', 'state=up'])
    for (const task of [0, 1])
      await until(`task ${task} is done`, () => cluster.states().get(`${array}_${task}`) === 'COMPLETED' || undefined)
    cluster.ask(['scancel', array])
    await cluster.idle()
    const [newest] = (await lab.answer(['jobs'], cluster.env)) as readonly Listed[]
    expect(newest?.plan).toBe(submitted.plan)
    const lost = newest?.open ?? []
    expect(lost.map(({ block }) => block)).toEqual([2, 3, 4, 5])
    for (const one of lost) expect(one).toMatchObject({ state: 'ended', word: 'CANCELLED' })
    expect((await lab.lab(['jobs', submitted.plan], cluster.env)).stdout).toContain('it was cancelled')
    const unasked = await lab.lab(['jobs'], { ...cluster.env, SLURM_CONF: '/dev/null' })
    expect(unasked.stdout).toContain('Slurm could not be asked')
    // Nobody knows whether jobs are at them.
    expect(unasked.stdout).not.toContain('submits what is missing')
    await accountsThatFail(submitted)
    if (mayMount) smallScratch(submitted)
    const again = ['tiny', '--repeat', '6', '--resume']
    const resume = () => submit(again)
    const both = await atOnce(again)
    expect(both.map(({ plan }) => plan)).toEqual([submitted.plan, submitted.plan])
    expect(both.map(({ tasks }) => tasks).toSorted((a, b) => a - b)).toEqual([0, lost.length])
    await cluster.idle()
    const runs = ofPlan('tiny', submitted)
    expect(new Set(runs.map(({ arm, repeat }) => `${arm.name} ${repeat}`)).size).toBe(12)
    expect(runs).toHaveLength(12)
    expect(await resume()).toMatchObject({ tasks: 0, made: 12, queued: 0 })
    const other = await lab.lab(['run', 'tiny', '--on', 'slurm', '--kernel', 'v5.10', '--resume'], cluster.env)
    expect(other.status).toBe(2)
    expect(other.stderr).toContain('arms, repeats or order changed since')
  })

  test('--on slurm from inside a job: its variables are no options of the jobs that it submits', async () => {
    const log = join(lab.dir, 'outer.log')
    const before = new Set(readdirSync(join(lab.dir, '.lab/slurm')))
    const command = `SBATCH_PARTITION=nonsense SLURM_JOB_NAME=outer ${join(TOOL_ROOT, 'lab')} run tiny --on slurm --kernel v5.10 --repeat 1`
    const job = spawnSync(
      'sbatch',
      ['--parsable', '--export=ALL', `--chdir=${lab.dir}`, `--output=${log}`, '--mem=1000M', `--wrap=${command}`],
      {
        env: {
          ...process.env,
          ...cluster.env,
          LAB_CACHE_DIR: cacheDir(process.env),
        },
      },
    )
    expect(job.status, job.stderr.toString()).toBe(0)
    await cluster.idle()
    const plans = readdirSync(join(lab.dir, '.lab/slurm')).filter((name) => !before.has(name))
    expect(plans, readFileSync(log, 'utf8')).toHaveLength(1)
    const runs = runsOf('tiny').filter((run) => run.plan?.id === plans[0])
    expect(runs.map(({ verdict }) => verdict)).toEqual(['passed', 'passed'])
    // The outer job's numbers are in no manifest.
    expect(new Set(runs.map(({ host }) => host.slurm?.job))).not.toContain(job.stdout.toString().trim())
  })

  test('a task that Slurm starts again makes nothing twice', async () => {
    const submitted = await submit(['tiny', '--repeat', '1'])
    await cluster.idle()
    const before = ofPlan('tiny', submitted).map(({ run, started }) => [run, started])
    const task = `${submitted.jobs[0]}_0`
    cluster.ask(['scontrol', 'requeue', task])
    // Slurm itself would let it wait for two minutes.
    cluster.ask(['scontrol', 'update', `jobid=${task}`, 'StartTime=now'])
    await until(
      'the task has run again',
      () => logs(submitted).some((text) => text.includes('nothing was due')) || undefined,
    )
    await cluster.idle()
    expect(ofPlan('tiny', submitted).map(({ run, started }) => [run, started])).toEqual(before)
  })

  test('a profile says what a cluster is like; what Slurm refuses is told with the way out', async () => {
    for (const dir of ['slurm', '.lab/slurm']) mkdirSync(join(lab.dir, dir), { recursive: true })
    const plans = readdirSync(join(lab.dir, '.lab/slurm'))
    const refused = async (profile: string) => {
      lab.write('slurm/uni.yaml', profile)
      const { status, stderr } = await lab.lab(
        ['run', 'tiny', '--on', 'slurm:uni', '--kernel', 'v5.10', '--repeat', '1'],
        cluster.env,
      )
      return `${status} ${stderr}`
    }
    expect(await refused('partition: nonsense\n')).toMatch(/^2 [^]*no such partition[^]*main, short/)
    expect(await refused('memory: 900G\n')).toMatch(/^2 [^]*Slurm refuses[^]*`sinfo -N -l`/)
    expect(await refused('time: 1m\n')).toMatch(/^2 [^]*write `time: \d+m` or more/)
    expect(await refused('partition: short\n')).toMatch(/^2 [^]*gives a job 1 min at most[^]*another `partition:`/)
    expect(await refused('partitoin: main\n')).toMatch(/^2 [^]*uni.yaml:1:1/)
    expect(readdirSync(join(lab.dir, '.lab/slurm'))).toEqual(plans)
  })

  test('lab doctor looks at a node, and says what it lacks', async () => {
    mkdirSync(join(lab.dir, 'slurm'), { recursive: true })
    const doctor = async (profile: string) => {
      lab.write('slurm/doctor.yaml', profile)
      const { findings } = (await lab.answer(['doctor', '--on', 'slurm:doctor'], cluster.env)) as {
        readonly findings: readonly { readonly name: string; readonly status: string; readonly fact: string }[]
      }
      return Object.fromEntries(findings.map(({ name, status, fact }) => [name, `${status}: ${fact}`]))
    }
    expect(await doctor('partition: main\n')).toMatchObject({
      accounting: expect.stringContaining('warning: this cluster keeps no accounts'),
      partition: 'ok: main: 2 nodes, no time limit',
      node: expect.stringMatching(/^ok: n[12] /),
      'shared files': expect.stringMatching(/^ok/),
      QEMU: expect.stringMatching(/^ok: QEMU emulator/),
      clock: expect.stringMatching(/^ok/),
    })
    // Programs of a node without QEMU, and a clock that is five minutes ahead.
    const bin = join(lab.dir, 'node-bin')
    mkdirSync(bin)
    for (const program of ['mkdir', 'uname']) symlinkSync(which(program) ?? '', join(bin, program))
    const ahead = `data:text/javascript,const%20now=Date.now;Date.now=()=>now()+300000`
    expect(
      await doctor(
        `scratch: /nonexistent/lab\nprologue: ['PATH=${bin}', 'mkdir() { :; }', 'export NODE_OPTIONS="--import=${ahead}"']\n`,
      ),
    ).toMatchObject({
      QEMU: expect.stringMatching(/^problem/),
      scratch: expect.stringMatching(/^problem: \/nonexistent/),
      clock: expect.stringMatching(/^warning: the node's clock is (299|300)\S* s or more ahead/),
    })
    expect(await doctor("prologue: ['cd /nonexistent || exit 3']\n")).toMatchObject({
      node: expect.stringMatching(/^problem: .*FAILED.*\/nonexistent/),
    })
    expect(await doctor('partition: short\n')).toMatchObject({ 'time limit': expect.stringMatching(/^warning: 1 min/) })
    expect(cluster.ask(['squeue', '-h', '--name=lab-doctor'])).toBe('')
    expect(readdirSync(join(lab.dir, '.lab')).filter((name) => name.startsWith('.partial-'))).toEqual([])
  })

  test('a node without QEMU is named with the way out; runs under another version are marked', async () => {
    mkdirSync(join(lab.dir, 'slurm'), { recursive: true })
    const bin = (name: string) => {
      const dir = mkdtempSync(join(lab.dir, `${name}-`))
      return { dir, put: (text: string) => writeFileSync(join(dir, 'qemu-system-x86_64'), text, { mode: 0o700 }) }
    }
    const [none, other] = [bin('none'), bin('other')]
    for (const program of ['mkdir', 'uname']) symlinkSync(which(program) ?? '', join(none.dir, program))
    lab.write('slurm/none.yaml', `prologue: ['PATH=${none.dir}']\n`)
    const submitted = await submit(['tiny', '--repeat', '1'], 'slurm:none')
    await cluster.idle()
    expect(ofPlan('tiny', submitted)).toEqual([])
    expect((await lab.lab(['jobs', submitted.plan], cluster.env)).stdout).toContain('qemu-system-x86_64 is not there')
    expect(logs(submitted).join('')).toMatch(/node n[12][^]*`- module load qemu`/)
    other.put('#!/bin/sh\necho QEMU emulator version 9.9.9\n')
    lab.write('slurm/other.yaml', `prologue: ['PATH=${other.dir}:$PATH', 'export LAB_NODE=container-7']\n`)
    await submit(['tiny', '--repeat', '1', '--resume'], 'slurm:other')
    await cluster.idle()
    const runs = ofPlan('tiny', submitted)
    expect(runs).toHaveLength(2)
    for (const { host } of runs) {
      expect(host.tools?.['qemu-system-x86_64']).toBe('QEMU emulator version 9.9.9')
      expect([host.name, host.slurm?.node]).toEqual(['container-7', 'container-7'])
    }
    expect(logs(submitted).join('')).toContain('node container-7: this node has another QEMU')
  })

  test('real guests run on the nodes', async () => {
    // Another disk than that of the cache, as a node's own is.
    const scratch = mkdtempSync('/dev/shm/lab-slurm-')
    lab.write('slurm/fast.yaml', `scratch: ${scratch}\n`)
    const submitted = await submit(['real', '--parallel', '1'], 'slurm:fast')
    await cluster.idle()
    const copies = logs(submitted).flatMap((text) => text.match(/copied \d+ files to \S+/g) ?? [])
    rmSync(scratch, { recursive: true, force: true })
    expect(copies, 'inputs are copied once a node').toEqual([expect.stringContaining(scratch)])
    const runs = ofPlan('real', submitted)
    expect(runs.every(({ guest }) => guest.qemu.join(' ').includes(scratch))).toBe(true)
    expect(
      runs.map(({ verdict }) => verdict),
      logs(submitted).join('\n'),
    ).toEqual(Array.from({ length: 4 }, () => 'passed'))
    expect(runs.every(({ trace }) => trace.completeness === 'complete')).toBe(true)
    const { stdout, status } = await lab.lab(['verify', runs[0]?.run ?? ''])
    expect(status, stdout).toBe(0)
  })

  test('a node that dies in the middle of a run loses nothing but that run', async () => {
    const submitted = await submit(['long'])
    const task = `${submitted.jobs[0]}_0`
    await until('the guest of the task boots', () =>
      logs(submitted).some((text) => /vm default/.test(text)) ? true : undefined,
    )
    const node = cluster.ask(['squeue', '-h', '-t', 'R', '-o', '%N']).trim().split('\n')[0] ?? ''
    await cluster.killNode(node)
    expect(ofPlan('long', submitted)).toEqual([])
    await until('Slurm queues the task again', () => (cluster.states().get(task) === 'PENDING' ? true : undefined))
    cluster.ask(['scontrol', 'update', `jobid=${task}`, 'StartTime=now'])
    await cluster.idle()
    const runs = ofPlan('long', submitted)
    expect(
      runs.map(({ verdict }) => verdict),
      logs(submitted).join('\n'),
    ).toEqual(['passed'])
    for (const { host } of runs) {
      expect(host.slurm?.node).not.toBe(node)
      expect(host.slurm?.restart).toBeGreaterThan(0)
    }
    cluster.startNode(node)
  })
})
