/**
 * What goes wrong around a matrix: nothing is lost that was reported done, and nothing is reported done that was not.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { MOUNTS, NAMESPACE } from './namespace.ts'
import { Rig } from './rig.ts'
import { until } from './until.ts'

const EXPERIMENTS = `
  many:
    probes: [readiter]
    workload: { source: bpf/workloads/readfile.c, run: "readfile /data/f --bytes \${bytes} --count 1" }
    params: { bytes: [8, 16] }
    start: warm
    repeat: 4
  boot:
    probes: [readiter]
    workload: { source: bpf/workloads/readfile.c, run: "readfile /data/f --bytes 8 --count 1" }
    trace: { clock: boot }
    repeat: 2
  slow:
    probes: [readiter]
    workload: { run: "sleep 50" }
`

interface Outcome {
  readonly dir: string
  readonly manifest: Manifest
}

const lab = new Rig()
const runs = (data: unknown) => data as readonly Outcome[]
const places = (outcomes: readonly Outcome[]) => outcomes.map(({ manifest }) => manifest.plan?.index)
const resultsOf = (experiment: string): string[] => {
  const dir = join(lab.dir, 'results', experiment)
  return existsSync(dir) ? readdirSync(dir) : []
}
/** A run is there whole or not at all. */
async function expectWhole(names: readonly string[]): Promise<void> {
  for (const name of names) {
    expect(name).not.toMatch(/^\./)
    const { status, stdout } = await lab.lab(['verify', name])
    expect(status, `${name}: ${stdout}`).toBe(0)
  }
}

beforeAll(async () => {
  lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + EXPERIMENTS)
  // Everything is built, and the snapshot taken.
  await lab.answer(['run', 'many', '--repeat', '1'])
})
afterAll(async () => {
  await lab.lab(['gc'])
  lab.remove()
})

test('the program is killed in a matrix of restored VMs: --resume does the rest', async () => {
  const before = new Set(resultsOf('many'))
  const made = () => resultsOf('many').filter((name) => !before.has(name) && !name.startsWith('.'))
  const { child, ended } = lab.start(['run', 'many', '--parallel', '2'])
  await until('three runs are done', () => made().length >= 3)
  child.kill('SIGKILL')
  await ended
  const kept = made()
  const resumed = runs(await lab.answer(['run', 'many', '--parallel', '2', '--resume']))
  expect(places(resumed)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(resumed.every(({ manifest }) => manifest.verdict === 'passed')).toBe(true)
  expect(made().length).toBe(8)
  expect(made()).toEqual(expect.arrayContaining(kept))
  // What the killed program left behind is found and removed, and nothing else.
  await lab.lab(['gc'])
  expect(readdirSync(join(lab.dir, '.lab/vms'))).toEqual([])
  await expectWhole(kept)
})

test('the program is killed while a workload runs in the VM of `lab up`: the guest ends it, and the next run has the VM', async () => {
  const sleeping = async () => (await lab.lab(['exec', '--', 'pgrep', 'sleep'])).status === 0
  await lab.answer(['up'])
  try {
    const { child, ended } = lab.start(['run', 'slow'])
    await until('the workload runs', sleeping)
    const down = await lab.lab(['down'])
    expect([down.status, down.stderr]).toEqual([2, expect.stringContaining('a run is going on in it')])
    expect(await sleeping()).toBe(true)
    child.kill('SIGKILL')
    await ended
    await until('the guest has ended the workload', async () => !(await sleeping()))
    expect(await lab.answer(['run', 'many', '--repeat', '1', '--start', 'shared'])).toHaveLength(2)
  } finally {
    await lab.lab(['down'])
  }
})

test('trace-cmd dies of one trace: that run is damaged and kept, and the others go on', async () => {
  const bin = join(lab.dir, 'bin')
  mkdirSync(bin)
  // As the real one dies of some pages that a guest may write; here, of every trace with this clock.
  const script = `#!/bin/sh
for last; do :; done
if grep -aqF '[boot]' "$last"; then exec perl -e 'unpack "p", pack "Q", 8'; fi
exec /usr/bin/trace-cmd "$@"
`
  writeFileSync(join(bin, 'trace-cmd'), script, { mode: 0o755 })
  const before = new Set(resultsOf('many'))
  const { status, stdout } = await lab.lab(['run', 'boot', 'many', '--repeat', '2'], {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
  })
  expect(status, stdout).toBe(1)
  expect(stdout).toContain('trace.dat is damaged: trace-cmd was ended by SIGSEGV')
  const manifestOf = (experiment: string, name: string) =>
    JSON.parse(readFileSync(join(lab.dir, 'results', experiment, name, 'manifest.json'), 'utf8')) as Manifest
  const damaged = resultsOf('boot')
  expect(damaged.map((name) => manifestOf('boot', name).verdict)).toEqual(['incomplete', 'incomplete'])
  for (const name of damaged) {
    expect(statSync(join(lab.dir, 'results/boot', name, 'trace.dat')).size).toBeGreaterThan(0)
    // The real trace-cmd has nothing against this file.
    expect((await lab.lab(['verify', name])).status).toBe(1)
    expect((await lab.lab(['explain', name])).status).toBe(0)
  }
  const rest = resultsOf('many').filter((name) => !before.has(name))
  expect(rest.map((name) => manifestOf('many', name).verdict)).toEqual(['passed', 'passed', 'passed', 'passed'])
})

test('two matrices of one experiment at once: each has its own runs, all of them', async () => {
  const before = new Set(resultsOf('many'))
  const both = await Promise.all([
    lab.answer(['run', 'many', '--repeat', '2']),
    lab.answer(['run', 'many', '--repeat', '2']),
  ])
  const plans = both.map((one) => new Set(runs(one).map(({ manifest }) => manifest.plan?.id)))
  for (const one of both) expect(places(runs(one))).toEqual([0, 1, 2, 3])
  expect(new Set(plans.flatMap((ids) => [...ids])).size).toBe(2)
  expect(resultsOf('many').filter((name) => !before.has(name)).length).toBe(8)
  expect(readdirSync(join(lab.dir, '.lab/vms'))).toEqual([])
})

test('the clock of the host is set back: durations stay true, runs keep names of their own', async () => {
  // Only for this program: from its second result on, its calendar is an hour behind.
  const hook = `import { readdirSync } from 'node:fs'
const real = Date, results = () => readdirSync(${JSON.stringify(join(lab.dir, 'results/many'))}).filter((name) => name[0] !== '.').length
const first = results() + 2
let behind = 0
const now = () => real.now() - (behind ||= results() >= first ? 3600e3 : 0)
globalThis.Date = class extends real { constructor(...a) { a.length ? super(...a) : super(now()) } static now() { return now() } }`
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hook)}`
  const { stdout, stderr } = await lab.lab(['run', 'many', '--repeat', '3', '--json'], { NODE_OPTIONS })
  const lines = stdout.trim().split('\n')
  expect(lines.join('\n'), stderr).toContain('the clock of the host was set by -3600 s')
  const { data } = JSON.parse(lines.at(-1) ?? '') as { data: Outcome[] }
  expect(data.length).toBe(6)
  expect(new Set(data.map(({ dir }) => dir)).size).toBe(6)
  const started = data.map(({ manifest }) => Date.parse(manifest.started))
  expect(Math.max(...started) - Math.min(...started)).toBeGreaterThan(3_000_000)
  for (const { manifest } of data) {
    expect(manifest.seconds).toBeGreaterThan(0)
    expect(manifest.seconds).toBeLessThan(600)
  }
})

test(
  'the disk is full while a result is written: what is there is whole, and --resume does the rest',
  MOUNTS,
  async () => {
    const [program, results, kept] = [join(TOOL_ROOT, 'lab'), join(lab.dir, 'results/many'), join(lab.dir, 'kept')]
    const script = `
mkdir -p "$3"; mount -t tmpfs -o size=700k full "$2"
"$1" run many --repeat 6 --json >"$3/first.out" 2>"$3/first.err"; echo $? >"$3/first.status"
ls -A "$2" >"$3/first.names"
mount -o remount,size=64m "$2"
"$1" run many --repeat 6 --resume --json >"$3/second.out" 2>"$3/second.err"; echo $? >"$3/second.status"
ls -A "$2" >"$3/second.names"
cp -r "$2" "$3/many"
`
    const { status } = spawnSync(
      NAMESPACE[0] ?? '',
      [...NAMESPACE.slice(1), 'sh', '-c', script, 'sh', program, results, kept],
      {
        cwd: lab.dir,
        env: { ...process.env, CI: 'true' },
        stdio: 'ignore',
      },
    )
    expect(status).toBe(0)
    const text = (name: string) => readFileSync(join(kept, name), 'utf8')
    const names = (name: string) => text(name).trim().split('\n')
    expect(text('first.status').trim(), text('first.err')).toBe('69')
    expect(text('first.out') + text('first.err')).toContain('the disk is full')
    expect(names('first.names').length).toBeGreaterThan(0)
    expect(names('first.names').length).toBeLessThan(12)
    expect(names('first.names').some((name) => name.startsWith('.'))).toBe(false)
    expect(text('second.status').trim(), text('second.err')).toBe('0')
    expect(names('second.names').length).toBe(12)
    expect(names('second.names')).toEqual(expect.arrayContaining(names('first.names')))
    // The answer of the first command named what is there, and nothing else.
    const answer = JSON.parse(text('first.out').trim().split('\n').at(-1) ?? '') as { data: Outcome[] }
    expect(answer.data.map(({ manifest }) => manifest.run).toSorted()).toEqual(names('first.names').toSorted())
    for (const name of names('second.names'))
      for (const file of Object.keys((JSON.parse(text(`many/${name}/manifest.json`)) as Manifest).sha256))
        expect(statSync(join(kept, 'many', name, file)).isFile()).toBe(true)
  },
)

test.each([
  ['up', '.lab', ['up']],
  ['run', 'results', ['run', 'many', '--repeat', '1']],
])(
  'lab %s where %s cannot be written: a failure with a way out, and no machine is left',
  MOUNTS,
  (_name, place, args) => {
    mkdirSync(join(lab.dir, place), { recursive: true })
    const script = 'mount --bind "$2" "$2" && mount -o remount,ro,bind "$2" && shift && dir=$1 && shift && exec "$@"'
    const { status, stderr, stdout } = spawnSync(
      NAMESPACE[0] ?? '',
      [...NAMESPACE.slice(1), 'sh', '-c', script, 'sh', '', join(lab.dir, place), join(TOOL_ROOT, 'lab'), ...args],
      { cwd: lab.dir, env: { ...process.env, CI: 'true' }, encoding: 'utf8' },
    )
    expect([status, stdout], stderr).toEqual([69, ''])
    expect(stderr).toMatch(/^error: .*EROFS: read-only file system/m)
    expect(stderr).toContain('mount it so that it can be written')
    expect(stderr).not.toContain('this is a bug')
    expect(readdirSync(join(lab.dir, '.lab/vms'))).toEqual([])
  },
)
