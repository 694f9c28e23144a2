/**
 * A small part of examples/evaluation on one VM: what loading took, claims with their verdicts, a tail call,
 * bpf_override_return in a clone that was opened for it, and reads of several processes.
 */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { ProbesSchema, type Manifest } from '../results/manifest.ts'
import type { JsonLine } from '../ui/json-lines.ts'
import { jsonLines, Rig } from './rig.ts'

const PROBES = `
  loop-3000: { source: examples/evaluation/bpf/loop-3000.bpf.c }
  loop-12000: { source: examples/evaluation/bpf/loop-12000.bpf.c }
  tail-call: { source: examples/evaluation/bpf/tail-call.bpf.c }
  override: { source: examples/evaluation/bpf/override.bpf.c }
`

const EXPERIMENTS = `
  size:
    matrix: { probe: [loop-3000, loop-12000] }
    workload: { source: examples/evaluation/workloads/readpages.c, run: readpages /data/f 1 }
    maps: { target: '\${workload.pid}' }
    repeat: 5
    metrics: { load_ns: { load: ns }, verified: { load: instructions }, code: { load: jit-bytes } }
    published:
      - { source: a thesis, metric: load_ns, claims: [{ monotone: rising, over: probe }, { atMost: 1 }] }
      - source: arithmetic
        metric: verified
        claims: [{ ratio: [3.9, 4.1], of: probe=loop-12000, to: probe=loop-3000 }]
      - source: a wrong claim
        metric: verified
        claims: [{ noDifference: 5%, of: probe=loop-12000, to: probe=loop-3000 }]
  tail:
    probes: [tail-call]
    workload: { source: examples/evaluation/workloads/readpages.c, run: readpages /data/f 1 }
    maps: { target: '\${workload.pid}' }
    expect: [{ same: [{ value: 2704 }, { map: seen_sum }] }]
  override:
    probes: [override]
    workload: { source: examples/evaluation/workloads/failures.c, run: failures /data/f 16 200 }
    maps: { target: '\${workload.pid}' }
    before: [{ sysctl: { debug.kprobes-optimization: 0 } }]
    expect: [{ same: [{ value: 0 }, { stdout: '/^failed: (\\d+) of 200/' }] }]
  users:
    probes: [override]
    workload: { source: examples/evaluation/workloads/users.c, run: users /data/f 1 3 2 }
    metrics: { read_ns: { stdout: 'a read took (\\d+) ns', unit: ns } }
    expect: [{ same: [{ value: 6 }, { map: seen_calls }] }]
`

const rig = new Rig()
let lines: JsonLine[] = []
let runs: { dir: string; manifest: Manifest }[] = []

beforeAll(async () => {
  cpSync(join(TOOL_ROOT, 'examples'), join(rig.dir, 'examples'), { recursive: true })
  rig.edit('lab.yaml', '\nprobes:\n', `\nprobes:${PROBES}`)
  rig.edit('lab.yaml', '\nexperiments:\n', `\nexperiments:${EXPERIMENTS}`)
  // All kernels of the file that have the clone extend this one.
  rig.edit(
    'lab.yaml',
    '    compat: auto\n',
    '    compat: auto\n    expose: [{ function: copyout_giulia, as: [error-injectable] }]\n',
  )
  // One page of known bytes: 64 of them are 2704.
  rig.edit(
    'lab.yaml',
    'files: { f: "1 2 3 4 5 6 7 8 9 10 11 12\\n" }',
    `files: { f: "${'1 2 3 4 5 6 7 8 '.repeat(256)}" }`,
  )
  const { status, stdout, stderr } = await rig.lab([
    'run',
    'size',
    'tail',
    'override',
    'users',
    '--kernel',
    'v5.10',
    '--json',
  ])
  lines = jsonLines(stdout)
  const answer = lines.at(-1)
  expect([status, answer?.type, stderr], stdout.slice(-3000)).toEqual([0, 'answer', ''])
  runs = (answer?.type === 'answer' ? answer.data : []) as typeof runs
})
afterAll(() => rig.remove())

const of = (experiment: string) => runs.filter(({ manifest }) => manifest.experiment === experiment)
const programsOf = (dir: string) =>
  ProbesSchema.parse(JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8'))).programs

test('every run knows what loading its programs took, as columns of probes and as metrics', async () => {
  for (const { dir, manifest } of of('size')) {
    const [program] = programsOf(dir)
    const turns = manifest.arm.name === 'probe=loop-3000' ? 3000 : 12_000
    expect(program?.loadNs).toBeGreaterThan(0)
    expect(program?.verified).toBeGreaterThan(turns * 10)
    expect(program?.verified).toBeLessThan(turns * 30)
    expect(manifest.metrics).toMatchObject({
      load_ns: program?.loadNs,
      verified: program?.verified,
      code: program?.jitBytes,
    })
  }
  const rows = (await rig.answer([
    'query',
    'SELECT DISTINCT verified, load_ns > 0 AS timed FROM probes ORDER BY 1',
  ])) as {
    rows: unknown[]
  }
  expect(rows.rows.length).toBeGreaterThan(2)
})

test('each claim has its verdict, in lines of type claim and in lab results', async () => {
  const verdicts = lines.flatMap((line) => (line.type === 'claim' ? [[line.source, line.verdict]] : []))
  expect(verdicts).toEqual([
    ['a thesis', 'holds'],
    ['a thesis', of('size')[0]?.manifest.guest.accel.accel === 'tcg' ? 'not comparable' : 'does not hold'],
    ['arithmetic', 'holds'],
    ['a wrong claim', 'does not hold'],
  ])
  const { stdout } = await rig.lab(['results', 'claims', 'size'])
  expect(stdout).toMatch(/^ {2}does not hold {3}verified of probe=loop-12000/m)
})

test('a program without a target hangs nowhere, and is called by another', () => {
  const [run] = of('tail')
  expect(run?.manifest.verdict).toBe('passed')
  expect(programsOf(run?.dir ?? '').map(({ program }) => program)).toEqual(['copyout'])
})

test('a clone that was opened for it can be ended, and the manifest says so', () => {
  const [run] = of('override')
  expect(run?.manifest.verdict).toBe('passed')
  expect(run?.manifest.kernel.errorInjectable).toEqual(['copyout_giulia'])
})

test('each page that each of three processes reads, two times, is one call for the probe', () => {
  const [run] = of('users')
  expect(run?.manifest.verdict).toBe('passed')
  expect(run?.manifest.metrics?.['read_ns']).toBeGreaterThan(0)
})
