import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeEvents } from '../trace/events/events-parquet.ts'
import { executed, forked, said, trace } from '../trace/events/trace.fixture.ts'
import type { Manifest } from './manifest.ts'
import type { StoredRun } from './manifest.ts'
import { failureOf } from '../test/caught.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import { MOST_EVENTS, traceStep, type TraceRequest } from './events.ts'

const NOTHING: TraceRequest = {
  comm: undefined,
  pid: undefined,
  probe: undefined,
  from: undefined,
  to: undefined,
  all: false,
}

/** A run of process 7 with its child 8, beside process 9; one event each microsecond. */
async function aRun(imported = false): Promise<StoredRun> {
  const results = tempDir()
  const dir = join(results, 'e', 'r')
  mkdirSync(dir, { recursive: true })
  const kept = join(results, '.inputs', 'lab-1', 'bpf')
  mkdirSync(kept, { recursive: true })
  writeFileSync(
    join(kept, 'p.bpf.c'),
    'int copyout(void *ctx)\n{\n\tsay("len %d");\n}\nint other(void *ctx)\n{\n\tsay("b");\n}\n',
  )
  const events = trace(
    forked(1, 7),
    executed(7, '/x'),
    said(7, 'a', 'len 3'),
    forked(7, 8),
    said(8, 'b'),
    said(9, 'len 4'),
  )
  await writeEvents(join(dir, 'events.parquet'), events)
  const manifest = {
    experiment: 'e',
    workload: { pid: 7 },
    trace: { clock: 'mono' },
    inputs: { lab: 'lab-1', kernel: '', image: '' },
    ...(imported ? { imported: {} } : {}),
  }
  return { dir, run: 'r', manifest: manifest as unknown as Manifest }
}

const messages = async (run: StoredRun, request: Partial<TraceRequest>) =>
  (await traceStep(run, { ...NOTHING, ...request }, testContext(tempDir()))).events.map(({ message }) => message)

describe('traceStep', () => {
  test.each<[string, Partial<TraceRequest>, string[]]>([
    ['the workload and its children', {}, ['a', 'len 3', 'b']],
    ['all processes', { all: true }, ['a', 'len 3', 'b', 'len 4']],
    ['one pid', { pid: 9 }, ['len 4']],
    ['a comm', { comm: 'nobody' }, []],
    ['a comm that is SQL', { comm: "' OR true --" }, []],
    ['a time on', { from: '0.000004' }, ['len 3', 'b']],
    ['a time to', { to: '0.000003' }, ['a']],
    ['both', { from: '0.000004', to: '0.000004' }, ['len 3']],
    ['a program', { probe: 'copyout', all: true }, ['len 3', 'len 4']],
    ['an event', { probe: 'sched_process_exec' }, ['filename=/x pid=7 old_pid=7']],
  ])('R-1501-1 gives %s', async (_, request, expected) =>
    expect(await messages(await aRun(), request)).toEqual(expected),
  )

  test('gives everything of an import: nobody knows its workload', async () => {
    expect(await messages(await aRun(true), {})).toHaveLength(7)
  })

  test.each([[{ from: 'now' }], [{ to: '1.0000000001' }], [{ probe: 'nothing' }]])(
    '%j is wrong input',
    async (wanted) => {
      expect((await failureOf(messages(await aRun(), wanted))).kind).toBe('user')
    },
  )

  test('without a table and without a recording there is nothing to read, and it says so', async () => {
    const run = await aRun()
    rmSync(join(run.dir, 'events.parquet'))
    expect((await failureOf(messages(run, {}))).parts.fact).toContain('events.parquet cannot be read')
    writeFileSync(join(run.dir, 'events.parquet'), 'PAR1 is not all of it')
    expect((await failureOf(messages(run, {}))).parts.fact).toContain('events.parquet cannot be read')
  })

  test('a run whose experiment keeps no trace says so, and not that something was deleted', async () => {
    const run = await aRun()
    rmSync(join(run.dir, 'events.parquet'))
    const untraced = { ...run, manifest: { ...run.manifest, sha256: { stdout: '00' } } }
    const { fact, wayOut } = (await failureOf(messages(untraced, {}))).parts
    expect([fact, wayOut]).toEqual([expect.stringContaining('no trace was kept'), expect.stringContaining('collect:')])
  })

  test('of a run without messages, --all shows what the kernel told of processes', async () => {
    const run = await aRun()
    await writeEvents(join(run.dir, 'events.parquet'), trace(forked(1, 7), executed(7, '/x')))
    expect(await messages(run, {})).toEqual([])
    expect(await messages(run, { all: true })).toHaveLength(2)
  })

  test('an event of another process is known, and not of the workload', async () => {
    const run = await aRun()
    await writeEvents(join(run.dir, 'events.parquet'), trace(executed(7, '/x'), executed(9, '/y'), said(9, 'irq')))
    expect(await messages(run, { probe: 'sched_process_exec', comm: 'nobody' })).toEqual([])
  })

  test('R-1501-1 cuts what is shown, and not what is looked at', { timeout: 120_000 }, async () => {
    const run = await aRun()
    const times = Array.from({ length: MOST_EVENTS })
    const many = times.flatMap(() => said(7, 'x'))
    const forks = times.map(() => forked(9, 10))
    const events = trace(executed(7, '/x'), many, forks, forked(7, 8), said(8, 'len 7'))
    await writeEvents(join(run.dir, 'events.parquet'), events)
    expect(await messages(run, { probe: 'copyout' })).toEqual(['len 7'])
    const shown = await traceStep(run, NOTHING, testContext(tempDir()))
    expect([shown.events.length, shown.more, shown.pids?.has(8)]).toEqual([MOST_EVENTS, true, true])
    // Six hundred thousand events are written: seconds on a quiet machine, and most of a minute on one that is not.
  })
})
