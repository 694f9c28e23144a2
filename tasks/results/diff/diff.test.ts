import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { said, trace } from '../../trace/events/trace.fixture.ts'
import { diffStep } from './diff.ts'
import { before, side } from './side.ts'
import { diffText } from './text.ts'
import type { Manifest } from '../manifest.ts'
import { listRuns } from '../result.ts'
import { MANIFEST, putRun, type RunFiles } from '../run.fixture.ts'
import { definitionOfResult } from '../definition.ts'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { failureOf } from '../../test/caught.ts'
import { testContext } from '../../test/context.ts'
import { tempDir } from '../../test/temp-dir.ts'

const READ = ['ext4 file read', 'entering copyout', 'copyout to 0x12 from 0x34 len 16']
const READS = trace(said(7, ...READ, ...READ, ...READ))
const later = (events: readonly TraceEvent[], ns: bigint) =>
  events.map((event) => ({ ...event, timeNs: event.timeNs + ns }))
const startedAt = (minute: number) => `2026-11-23T21:${String(minute).padStart(2, '0')}:00.000Z`

/** Runs in their order; the first is the oldest. */
async function results(...runs: readonly Omit<RunFiles, 'run'>[]): Promise<string> {
  const dir = join(tempDir(), 'results')
  for (const [index, run] of runs.entries())
    await putRun(dir, { run: `r${index + 1}`, ...run, manifest: { started: startedAt(index), ...run.manifest } })
  return dir
}

async function compared(dir: string, a = 'last~1', b = 'last') {
  const all = await listRuns(dir)
  return await diffStep([side(all, a), side(all, b)], dir, testContext(tempDir()))
}

const text = async (dir: string, a?: string, b?: string) =>
  diffText(await compared(dir, a, b), { width: undefined, full: false })

describe('R-1601-1: two runs side by side', () => {
  test('of one question: nothing but times differs', async () => {
    const dir = await results({ events: READS }, { events: later(READS, 5_000_000n) })
    const found = await compared(dir)
    expect(found).toMatchObject({ same: true, inputs: [], outcomes: [], capture: { identical: null } })
    expect(await text(dir)).toMatch(/^messages {4}the same 9 in the same order/m)
  })

  test('lines that differ, and map values', async () => {
    const maps = (fd: number, pid: number) =>
      JSON.stringify({
        slots: [],
        maps: [
          {
            object: 'readbuff',
            name: 'seen',
            type: 'hash',
            keyType: 'u32',
            valueType: 'u32',
            keySize: 4,
            valueSize: 4,
            maxEntries: 8,
            cpus: 0,
            cut: false,
            entries: [{ key: pid, value: fd, raw: { key: '', value: '' } }],
          },
        ],
      })
    const other = trace(said(8, ...READ, ...READ, 'ext4 file read', 'entering copyout', 'fault'))
    const dir = await results(
      { events: READS, files: { 'maps.json': maps(3, 7) } },
      {
        events: other,
        files: { 'maps.json': maps(4, 8) },
        manifest: { workload: { ...MANIFEST.workload, pid: 8 } },
      },
    )
    const found = await compared(dir)
    expect(found.same).toBe(false)
    expect(found.messages.divergence).toMatchObject({
      message: 9,
      first: ['copyout to 0x… from 0x… len 16'],
      second: ['fault'],
    })
    // The pid is each run's own: the key is the same entry.
    expect(found.maps?.differences).toEqual([{ what: 'readbuff seen[${workload.pid}]', a: '3', b: '4' }])
    const shown = await text(dir)
    expect(shown).toMatch(/^ {2}A copyout to 0x… from 0x… len 16\n {2}B fault$/m)
    expect(shown).toMatch(/readbuff seen\[\$\{workload\.pid\}\] +3 +4$/m)
  })

  test('what they were made of: facts, and the files that the experiment used', async () => {
    const kernel = { ...MANIFEST.kernel, name: 'v6.1', release: '6.1.176', fingerprint: 'e'.repeat(64) }
    const inputs = (n: number) => ({ lab: `lab-${n}`, kernel: `kernel-${n}`, image: 'image-1' })
    const dir = await results(
      { events: READS, manifest: { inputs: inputs(1) } },
      { events: READS, manifest: { inputs: inputs(2), kernel, host: { ...MANIFEST.host, cpus: 8 } } },
    )
    const keep = (name: string, files: Readonly<Record<string, string>>) => {
      mkdirSync(join(dir, '.inputs', name), { recursive: true })
      for (const [file, content] of Object.entries(files)) writeFileSync(join(dir, '.inputs', name, file), content)
    }
    const base = { 'bzImage.txt': 'x' }
    keep('lab-1', { ...base, 'readiter.bpf.c': 'int a;\nsay("one");\nint b;\n' })
    keep('lab-2', { ...base, 'readiter.bpf.c': 'int a;\nsay("two");\nint b;\n' })
    keep('kernel-1', {
      config: '# Linux\nCONFIG_BPF=y\n# CONFIG_KVM is not set\nCONFIG_OLD=y\n',
      'inputs.json': JSON.stringify({ gcc: 'gcc 12', config: { '0 base.config': 'a'.repeat(64) } }),
      sha256sums: `${'1'.repeat(64)}  bzImage\n${'2'.repeat(64)}  vmlinux\n`,
    })
    keep('kernel-2', {
      config: '# Linux\nCONFIG_BPF=y\nCONFIG_KVM=y\n',
      'inputs.json': JSON.stringify({ gcc: 'gcc 14', config: { '0 base.config': 'b'.repeat(64) } }),
      sha256sums: `${'1'.repeat(64)}  bzImage\n${'3'.repeat(64)}  vmlinux\n`,
    })
    const { inputs: found } = await compared(dir)
    expect(found).toMatchObject([
      { what: 'kernel', a: 'v5.10 (5.10.223)', b: 'v6.1 (6.1.176)' },
      { what: 'kernel build', a: 'f'.repeat(16), b: 'e'.repeat(16) },
      { what: 'host CPU', a: '2 x c', b: '8 x c' },
      { what: 'readiter.bpf.c', lines: ['@@ -1,3 +1,3 @@', ' int a;', '-say("one");', '+say("two");', ' int b;'] },
      { what: 'kernel config', lines: ['CONFIG_KVM: n -> y', 'CONFIG_OLD: y -> -'] },
      {
        what: 'kernel inputs.json',
        lines: ['config.0 base.config: aaaaaaaaaaaa -> bbbbbbbbbbbb', 'gcc: gcc 12 -> gcc 14'],
      },
      { what: 'kernel sha256sums', lines: ['vmlinux: 222222222222 -> 333333333333'] },
    ])
  })

  test('what was built from other inputs, as long as the cache has both', async () => {
    const objects = (letter: string) => ({ readiter: letter.repeat(64), gone: `c${letter}`.repeat(32) })
    const dir = await results({ manifest: { objects: objects('a') } }, { manifest: { objects: objects('b') } })
    const context = testContext(tempDir())
    for (const [letter, clang] of [
      ['a', '14'],
      ['b', '19'],
    ] as const) {
      const entry = join(context.store.root, 'probe', letter.repeat(32))
      mkdirSync(entry, { recursive: true })
      writeFileSync(
        join(entry, 'inputs.json'),
        JSON.stringify({ clang, lab: `code ${clang}`, source: { 'readiter.bpf.c': 'same' }, name: 'readiter.bpf.o' }),
      )
    }
    const all = await listRuns(dir)
    const { inputs } = await diffStep([side(all, 'r1'), side(all, 'r2')], dir, context)
    expect(inputs).toMatchObject([
      { what: 'build of readiter', lines: ['clang: 14 -> 19', 'lab itself was updated: code 14 -> code 19'] },
      { what: 'build of gone', a: 'ca'.repeat(8), b: 'cb'.repeat(8) },
    ])
  })

  test('inputs that were deleted are said to be gone', async () => {
    const inputs = (n: number) => ({ lab: `lab-${n}`, kernel: 'kernel-1', image: 'image-1' })
    const dir = await results({ manifest: { inputs: inputs(1) } }, { manifest: { inputs: inputs(2) } })
    expect((await compared(dir)).inputs).toMatchObject([{ what: 'lab inputs', lines: [expect.stringMatching(/gone/)] }])
  })

  test('hits, misses, losses and verdicts', async () => {
    const probes = (hits: number, missed: number) =>
      JSON.stringify({
        programs: [{ program: 'copyout', section: 'kprobe/copyout', attached: 'kprobe', hits, missed }],
      })
    const dir = await results(
      { files: { 'probes.json': probes(3, 0) } },
      {
        files: { 'probes.json': probes(2, 1) },
        manifest: {
          verdict: 'failed',
          trace: { ...MANIFEST.trace, completeness: 'incomplete', losses: { missed: 1 } },
        },
      },
    )
    expect((await compared(dir)).outcomes).toEqual([
      { what: 'verdict', a: 'passed', b: 'failed' },
      { what: 'trace', a: 'complete', b: 'incomplete' },
      { what: 'losses', a: 'none', b: 'missed 1' },
      { what: 'hits of copyout', a: '3', b: '2, 1 missed' },
    ])
  })
})

describe('R-2601-2: the same capture under two names', () => {
  const boot = (n: number): Partial<Manifest> => ({ guest: { ...MANIFEST.guest, bootId: `boot-${n}` } })

  test('a raw file that was copied is the same capture, and a manifest that says otherwise is contradicted', async () => {
    const files = { 'trace.dat': 'raw pages' }
    const dir = await results({ events: READS, files }, { events: READS, files, manifest: boot(2) })
    const { capture } = await compared(dir)
    expect(capture).toMatchObject({ identical: 'raw file', contradictions: ['bootId', 'started'] })
    expect(await text(dir)).toMatch(/IDENTICAL CAPTURES: the same raw file[^]*two boots: .* one of them is wrong/)
  })

  test('events that were written down again are the same capture, whatever the file, the names and the flags', async () => {
    const again = READS.map((event) => ({
      ...event,
      comm: 'readfile',
      event: 'bpf_trace_printk',
      flags: 'd...',
      cpu: event.cpu,
    }))
    const dir = await results(
      { events: READS, files: { 'trace.dat': 'one' } },
      { events: again.toReversed(), files: { 'trace.txt': 'two' } },
    )
    expect((await compared(dir)).capture).toMatchObject({ identical: 'events' })
  })

  test.each<[string, (one: TraceEvent, index: number) => TraceEvent]>([
    ['time', (event, i) => (i === 4 ? { ...event, timeNs: event.timeNs + 1000n } : event)],
    ['CPU', (event, i) => (i === 4 ? { ...event, cpu: 1 } : event)],
    ['message', (event, i) => (i === 4 ? { ...event, message: `${event.message}.` } : event)],
    ['pid', (event, i) => (i === 4 ? { ...event, pid: 8 } : event)],
  ])('one other %s makes two captures', async (_what, change) => {
    const dir = await results({ events: READS }, { events: READS.map(change) })
    expect((await compared(dir)).capture?.identical).toBeNull()
  })
})

describe('groups of runs', () => {
  /** Runs of an arm whose metric is as given, each with gaps of so many microseconds. */
  const arm = (probe: string, ns: readonly number[]) =>
    ns.map((value, index) => ({
      events: trace(said(7, 'enter', 'exit')).map((event, i) => ({ ...event, timeNs: BigInt(i * value) })),
      manifest: {
        experiment: 'cost',
        metrics: { read_ns: value },
        arm: { name: `probe=${probe}`, params: {}, probes: probe === 'none' ? [] : [probe] },
        plan: {
          id: probe,
          index,
          warmup: index === 0,
          attempt: 1,
          order: 'interleaved',
          seed: 1,
          start: 'warm',
          parallel: 1,
        },
      },
    }))
  const many = (from: number) => [9999, ...Array.from({ length: 8 }, (_, index) => from + index)]

  test('arms by their values, one value for each run, warm-ups left out', async () => {
    const dir = await results(...arm('none', many(100)), ...arm('readiter', many(200)))
    const found = await compared(dir, 'cost/probe=none', 'cost/probe=readiter')
    expect(found.sides.map(({ label }) => label)).toEqual(['cost probe=none (8 runs)', 'cost probe=readiter (8 runs)'])
    expect(found.numbers.find(({ what }) => what === 'metric read_ns')).toMatchObject({
      counts: [8, 8],
      medians: [103.5, 203.5],
      test: { delta: 1, method: 'exact' },
    })
    expect(found.numbers.find(({ what }) => what === 'enter → exit')).toMatchObject({ counts: [8, 8], unit: 'ns' })
    const shown = await text(dir, 'cost/probe=none', 'cost/probe=readiter')
    expect(shown).toMatch(/metric read_ns +103\.5 +203\.5 +1\.97x +8, 8 +1\.00 +0\.000\d +B is higher \(large\)$/m)
    expect(shown).toMatch(/^ {2}enter → exit +[\d.]+ (?:ns|µs|ms) /m)
    expect(shown).toMatch(/^ {2}probes +none +readiter$/m)
    const narrow = diffText(found, { width: 80, full: false })
    expect(narrow).toMatch(/metric read_ns +103\.5 +203\.5 .*8, 8 +1\.00 +0\.000\d +B is higher/)
    expect(narrow).not.toContain('…')
  })

  test('few runs cannot show a difference, and that is said', async () => {
    const dir = await results(...arm('none', [0, 1, 2, 3]), ...arm('empty', [0, 101, 102, 103]))
    expect(await text(dir, 'cost/probe=none', 'cost/probe=empty')).toMatch(/too few values \(p >= 0\.3000\)/)
  })

  test('a group is of one definition: the newest, or the one that is named', async () => {
    const image = { name: 'minimal', fingerprint: 'e'.repeat(64) }
    const older = arm('none', [5, 6]).map((run) => ({ ...run, manifest: { ...run.manifest, image } }))
    const again = arm('none', [7, 8, 9]).map(({ events, manifest }) => ({
      events,
      manifest: { ...manifest, plan: { ...manifest.plan, id: 'again' } },
    }))
    const all = await listRuns(await results(...older, ...again))
    expect(side(all, 'cost/probe=none')).toMatchObject({
      runs: [{ run: 'r4' }, { run: 'r5' }],
      label: 'cost probe=none (2 runs, 1 of other definitions left out)',
    })
    const [first] = all
    const old = first && definitionOfResult(first)?.id
    expect(side(all, `cost/definition=${old ?? ''}`).runs.map(({ run }) => run)).toEqual(['r2'])
    expect(() => side(all, 'cost/definition=ffff')).toThrow(/no run of cost has the definition ffff/)
  })

  test('of attempts at one run only the last counts', async () => {
    const [one] = arm('none', [5, 6]).slice(1)
    const again = { ...one, manifest: { ...one?.manifest, plan: { ...one?.manifest.plan, attempt: 2 } } }
    const dir = await results(...arm('none', [5, 6, 7]), again as Omit<RunFiles, 'run'>)
    const all = await listRuns(dir)
    expect(side(all, 'cost/probe=none').runs.map(({ run }) => run)).toEqual(['r3', 'r4'])
  })
})

describe('names', () => {
  test.each([
    ['last', ['r3']],
    ['last~2', ['r1']],
    ['r2', ['r2']],
    ['readiter', ['r1', 'r2', 'r3']],
    ['readiter/r2', ['r2']],
    ['results/readiter/r2/', ['r2']],
    ['readiter/bytes=16', ['r1', 'r2', 'r3']],
    ['readiter/kernel=v5.10', ['r1', 'r2', 'r3']],
  ])('%s is %j', async (name, runs) => {
    const all = await listRuns(await results({}, {}, {}))
    expect(side(all, name).runs.map(({ run }) => run)).toEqual(runs)
  })

  test.each([
    ['readiter/bytes=99', /no run of readiter has bytes=99/],
    ['readiter/r9', /no run "r9"/],
    ['readitr/bytes=16', /no runs of "readitr"/],
    ['last~7', /there are 3 runs/],
    ['readiter/=', /does not select an arm/],
  ])('%s is refused', async (name, fact) => {
    const all = await listRuns(await results({}, {}, {}))
    expect(await failureOf(Promise.resolve().then(() => side(all, name)))).toMatchObject({
      kind: 'user',
      parts: { fact: expect.stringMatching(fact) },
    })
  })

  test('one name alone is compared with the run before it that asked the same', async () => {
    const other = { arm: { name: 'bytes=64', params: { bytes: 64 } } }
    const all = await listRuns(await results({}, { manifest: other }, {}))
    expect(before(all, side(all, 'last')).runs.map(({ run }) => run)).toEqual(['r1'])
    await expect(Promise.resolve().then(() => before(all, side(all, 'r1')))).rejects.toThrow(/older/)
  })
})
