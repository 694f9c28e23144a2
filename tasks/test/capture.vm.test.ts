/**
 * What a run records besides the printk of its probes, what it counts as lost, and what can be seen of it while it goes
 * on.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

interface Run {
  readonly dir: string
  readonly manifest: Manifest
}

const EXPERIMENTS = `
  mixed:
    probes: [readiter]
    workload: { source: bpf/workloads/readfile.c, run: readfile /data/f --count 3 }
    trace:
      clock: counter
      buffer: 512K
      overwrite: no
      events: ['sched:*', 'p:entered copyout_giulia length=%dx', 'r:left copyout_giulia left=$retval']
  namesakes:
    probes: [readiter, copied]
    workload: { source: bpf/workloads/readfile.c, run: readfile /data/f --count 3 }
  sleepers:
    probes: [readiter]
    workload: { source: sleepers.c, run: sleepers }
    trace: { events: ['r:woke __x64_sys_clock_nanosleep'] }
  flooded:
    probes: [copied]
    workload: { source: bpf/workloads/readfile.c, run: readfile /data/f --count 4000 }
    trace: { buffer: 8K, onLoss: warn }
`

/** Far more than CPUs are in one function at the same time. */
const SLEEPERS = `
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	for (int i = 0; i < 20; i++)
		if (fork() == 0)
			_exit(usleep(500000));
	while (wait(0) > 0)
		;
	return 0;
}
`

const lab = new Rig()
let all: ReadonlyMap<string, Run>
let said = ''

beforeAll(async () => {
  lab.write('sleepers.c', SLEEPERS)
  lab.write('lab.yaml', lab.read('lab.yaml') + EXPERIMENTS)
  const { stdout, stderr } = await lab.lab([
    'run',
    'copied',
    'probe-in-tracepoint',
    'mixed',
    'namesakes',
    'sleepers',
    'flooded',
    '--follow',
    '--repeat',
    '1',
    '--json',
  ])
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; data?: Run[]; lines?: string[] })
  const answer = lines.at(-1)
  if (answer?.type !== 'answer' || !answer.data)
    throw new Error(`no answer: ${stdout.slice(-2000)} ${stderr.slice(-2000)}`)
  all = new Map(answer.data.map((run) => [run.manifest.experiment, run]))
  said = lines.flatMap(({ type, lines: some = [] }) => (type === 'trace' ? some : [])).join('\n')
})
afterAll(() => lab.remove())

const manifest = (name: string): Manifest => {
  const run = all.get(name)
  if (run === undefined) throw new Error(`${name} has no result`)
  return run.manifest
}
const rows = async (sql: string): Promise<unknown[][]> =>
  ((await lab.answer(['query', sql])) as { rows: Record<string, unknown>[] }).rows.map((row) => Object.values(row))

test('the fields of a probe\u2019s struct are columns, and its events messages in the trace, complete', async () => {
  const { run, verdict, trace } = manifest('copied')
  expect({ verdict, completeness: trace.completeness }).toEqual({ verdict: 'passed', completeness: 'complete' })
  expect(trace.typed).toMatchObject([{ name: 'copied', type: 'struct copied', events: 3, sent: 3, lost: 0 }])
  const sql = `SELECT length, text, comm, "to" > 0 AND "from" > 1::UBIGINT << 63 FROM events_copied WHERE run = '${run}'`
  expect(await rows(sql)).toEqual(Array.from({ length: 3 }, () => [16, '1 2 3 4 5 6 7 8', 'readfile', true]))
  expect(await rows(`SELECT count(*) FROM events WHERE run = '${run}' AND event = 'bpf:copied'`)).toEqual([[3]])
  expect((await lab.lab(['verify', run])).status).toBe(0)
})

test('programs of one name in two probes are two programs, each with its own hits', () => {
  const { dir = '' } = all.get('namesakes') ?? {}
  const { programs } = JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8')) as {
    programs: { program: string; hits: number; missed: number }[]
  }
  const namesakes = programs.filter(({ program }) => program === 'copyout')
  expect(namesakes.map(({ hits, missed }) => [hits, missed])).toEqual([
    [3, 0],
    [3, 0],
  ])
  expect(manifest('namesakes').trace).toMatchObject({ completeness: 'complete' })
})

test('what is recorded is also said while the workload runs, and the result is the same', () => {
  const [first = '', ...others] = said.split(/: ext4 file read$/m)
  expect(
    first.match(/readfile-\d+ .*: to=0x[0-9a-f]+ from=0xf[0-9a-f]+ length=16 text="1 2 3 4 5 6 7 8"$/gm)?.length,
  ).toBe(3)
  expect(others.length).toBeGreaterThanOrEqual(3)
  expect(manifest('mixed').trace).toMatchObject({ completeness: 'complete', follow: true })
})

test('kprobe events, events of the kernel and printk are in one trace, in the order of its clock', async () => {
  const { run, trace, workload } = manifest('mixed')
  expect(trace).toMatchObject({ clock: 'counter', overwrite: false, bufferBytes: 512 * 1024 })
  const mine = `FROM events WHERE run = '${run}' AND pid = ${workload.pid}`
  const found = await rows(
    `SELECT event, count(*) ${mine} AND event IN ('entered', 'left', 'sched_process_exec') GROUP BY 1 ORDER BY 1`,
  )
  expect(found).toEqual([
    ['entered', 3],
    ['left', 3],
    ['sched_process_exec', 1],
  ])
  expect(await rows(`SELECT count(*) > 0 FROM events WHERE run = '${run}' AND event = 'sched_switch'`)).toEqual([
    [true],
  ])
  expect(await rows(`SELECT DISTINCT regexp_extract(message, 'length=0x10') ${mine} AND event = 'entered'`)).toEqual([
    ['length=0x10'],
  ])
  const order = await rows(
    `SELECT event ${mine} AND (event IN ('entered', 'left') OR message LIKE 'copyout to%') ORDER BY time_ns`,
  )
  expect(order.flat().slice(0, 3)).toEqual([
    expect.stringMatching(/entered|print/),
    expect.stringMatching(/entered|print/),
    'left',
  ])
  expect(
    await rows(
      `SELECT program, hits, missed FROM probes WHERE run = '${run}' AND program IN ('entered', 'left') ORDER BY 1`,
    ),
  ).toEqual([
    ['entered', 3, 0],
    ['left', 3, 0],
  ])
})

test('a kretprobe sees every return, although more calls sleep in the function than the kernel by itself has room for', async () => {
  const { run, trace } = manifest('sleepers')
  // The recorder naps too.
  const mine = `FROM events WHERE run = '${run}' AND event = 'woke' AND comm = 'sleepers'`
  expect(await rows(`SELECT count(*), count(DISTINCT pid) ${mine}`)).toEqual([[20, 20]])
  expect(trace.losses['missed']).toBe(0)
})

test('typed events that find their buffer full are counted: what was read and what was lost is what was sent', () => {
  const { verdict, trace } = manifest('flooded')
  expect({ verdict, completeness: trace.completeness }).toEqual({ verdict: 'passed', completeness: 'incomplete' })
  const [typed] = trace.typed ?? []
  expect(trace.losses['typed']).toBeGreaterThan(0)
  expect((typed?.events ?? 0) + (typed?.lost ?? 0)).toBeGreaterThanOrEqual(4000)
  expect(typed?.events).toBe(typed?.sent)
  expect(typed?.lostPerCpu.reduce((sum, one) => sum + one, 0)).toBe(typed?.lost)
  expect(trace.reasons.join()).toMatch(/typed events found their buffer full.*copied: \d+/)
})

test('a program that was hit and not run is not heard of, and counted', () => {
  expect(manifest('probe-in-tracepoint')).toMatchObject({ verdict: 'passed', trace: { completeness: 'complete' } })
})

test('typed events have the clock mono: another one is refused before anything boots', async () => {
  lab.edit('lab.yaml', '    trace: { buffer: 8K, onLoss: warn }', '    trace: { clock: counter }')
  const { status, stderr } = await lab.lab(['run', 'flooded'])
  expect(status).toBe(2)
  expect(stderr).toMatch(/trace.clock: counter: typed events .* carry the clock mono/)
})
