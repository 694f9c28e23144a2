import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Manifest } from './manifest.ts'
import { listRuns, pickRun, putResult } from './result.ts'
import type { StoredRun } from './manifest.ts'
import { MANIFEST as PASSED } from './run.fixture.ts'
import type { ListedRun } from './listed-run.ts'
import { isShown, readRunFiles, removeRun, runDetails } from './results.ts'
import { runsTable } from './runs-table.ts'

const MANIFEST: Manifest = {
  ...PASSED,
  repeat: 2,
  kernel: { ...PASSED.kernel, wanted: 'v5.4', fallback: true },
  workload: { ...PASSED.workload, argv: ['readfile', '/data/f'] },
  trace: {
    ...PASSED.trace,
    events: 18,
    notUnderstood: 2,
    completeness: 'incomplete',
    losses: { overrun: 5, dropped: null },
    reasons: ['5 events were overwritten'],
  },
  others: [{ pid: 7, comm: 'evil\u001b[2J', events: 4 }],
  expectations: [
    { ok: true, lines: ['3 reads'] },
    { ok: false, lines: ['3 sequences were expected', 'found 2'] },
  ],
  verdict: 'failed',
}

function resultsWith(runs: Readonly<Record<string, object | null>>): string {
  const results = mkdtempSync(path.join(tmpdir(), 'lab-results-'))
  onTestFinished(() => rmSync(results, { recursive: true, force: true }))
  for (const [name, manifest] of Object.entries(runs)) {
    mkdirSync(path.join(results, name), { recursive: true })
    writeFileSync(path.join(results, name, 'manifest.json'), JSON.stringify(manifest))
  }
  return results
}

const found = (manifest: Manifest = MANIFEST): StoredRun => ({
  dir: `/lab/results/readiter/${manifest.run}`,
  run: manifest.run,
  manifest,
})
const at = (run: string): StoredRun => found({ ...MANIFEST, run })

describe('runDetails', () => {
  const PROBES = [{ program: 'copyout', section: 'kprobe/copyout_giulia', attached: 'kprobe', hits: 6, missed: 1 }]
  const text = runDetails(found(), { probes: PROBES, files: [{ name: 'trace.dat', bytes: 1_500_000 }] })

  test('verdict, completeness and expectations come first', () => {
    expect(text.split('\n').slice(1, 6)).toEqual([
      'FAILED, trace incomplete; 1 of 2 expectations met',
      '  trace: 5 events were overwritten',
      '  ok    3 reads',
      '  FAIL  3 sequences were expected',
      '        found 2',
    ])
  })

  test('a fallback has a line of its own, and only a fallback', () => {
    expect(text).toMatch(/^FALLBACK +v5\.4 was asked for, and v5\.10 was booted/m)
    const own = { ...MANIFEST, kernel: { ...MANIFEST.kernel, name: 'v5.4', fallback: false } }
    expect(runDetails(found(own), { probes: PROBES, files: [] })).not.toContain('FALLBACK')
  })

  test('hits, misses, losses, other processes and files', () => {
    expect(text).toMatch(/copyout +kprobe\/copyout_giulia +kprobe +6 +1$/m)
    expect(text).toMatch(/^losses +overrun 5, dropped unknown$/m)
    expect(text).toMatch(/^trace +18 events, 2 not understood, clock mono$/m)
    expect(text).toMatch(/trace\.dat +1\.5 MB$/m)
  })

  test('nothing of a guest reaches the terminal as it is', () => {
    expect(text).toContain(String.raw`evil\x1b[2J (7): 4`)
    expect(text).not.toContain('\u001b')
  })

  test('an end that was not seen is not success', () => {
    const open = { ...MANIFEST, workload: { ...MANIFEST.workload, status: null, ms: null } }
    expect(runDetails(found(open), { probes: undefined, files: [] })).toMatch(
      /^workload +readfile \/data\/f: its end was not seen$/m,
    )
  })
})

test('runsTable: one line each, the fallback told, nothing of a guest as it is', () => {
  const listed: ListedRun = {
    run: MANIFEST.run,
    experiment: 'readiter',
    arm: 'bytes=16\u001b[2J',
    started: MANIFEST.started,
    verdict: 'failed',
    completeness: 'incomplete',
    kernel: 'v5.10',
    wanted: 'v5.4',
    fallback: true,
    accel: 'tcg',
    definition: null,
    table: true,
    typed: [],
  }
  const [head = '', line = ''] = runsTable([listed], undefined).split('\n')
  expect(head).toMatch(/^RUN +VERDICT +EXPERIMENT +ARM +KERNEL +TRACE +ACCEL +WHEN/)
  expect(line.split(/ {2,}/)).toEqual([
    '20261123-213000-1a2b',
    'failed',
    'readiter',
    String.raw`bytes=16\x1b[2J`,
    'v5.10 (not v5.4)',
    'incomplete',
    'tcg',
    '2026-11-23 21:30:00',
  ])
  const narrow = runsTable([listed], 80).split('\n')
  expect(narrow[0]).toMatch(/^RUN +VERDICT +EXPERIMENT +ARM .*WHEN \(UTC\)$/)
  expect(narrow[1]).toMatch(/ failed .* 2026-11-23 21:30$/)
  expect(narrow.at(-1)).toMatch(/^not shown: .*ACCEL/)
  expect(runsTable([], undefined)).toBe('no runs')
})

test('a manifest of another version, or of no run, is not shown', () => {
  expect([MANIFEST, { ...MANIFEST, format: 99 }, null, { ...MANIFEST, trace: {} }].map(isShown)).toEqual([
    true,
    false,
    false,
    false,
  ])
})

test('a program that never fired has its line and is counted; an unknown count is no number', () => {
  const of = (program: string, hits: number, missed: number) => ({
    program,
    section: 'kprobe/f',
    attached: 'kprobe',
    hits,
    missed,
  })
  const text = runDetails(found(), { probes: [of('a', 3, 0), of('b', 0, -1)], files: [] })
  expect(text).toMatch(/^ +b +kprobe\/f +kprobe +0 +unknown$/m)
  expect(text).toContain('1 of 2 programs never fired')
  expect(text).not.toContain('skipped')
})

test('hits for which a program was skipped have a column, and the table fits the terminal', () => {
  const section = 'tracepoint/syscalls/sys_enter_pread64_and_more'
  const program = { program: 'count_reads', section, attached: 'tracepoint', hits: 700, missed: 0, skipped: 35 }
  const lines = (width: number) => runDetails(found(), { probes: [program], files: [] }, width).split('\n')
  const wide = lines(200)
  expect(wide).toContainEqual(expect.stringMatching(/^ +program +section +attached +hits +missed +skipped$/))
  expect(wide).toContainEqual(expect.stringMatching(/^ +count_reads .* 700 +0 +35$/))
  const narrow = lines(60)
  expect(narrow).toContainEqual(expect.stringMatching(/^ +count_reads .* 700 +0 +35$/))
  expect(narrow).toContainEqual(expect.stringContaining('not shown: attached'))
  expect(narrow.join('')).not.toContain('…')
})

test('an imported run says where it is from instead of what it ran on', () => {
  const imported = {
    file: 'old\u001b.log',
    kept: 'trace.txt',
    bytes: 2000,
    form: 'text',
    lines: 30,
    headings: 4,
    inProse: 1,
    backwards: 0,
    unclosedCalls: 2,
    unopenedReturns: 0,
  }
  const text = runDetails(found({ ...MANIFEST, imported }), { probes: undefined, files: [] })
  expect(text).toMatch(/^imported +old\\x1b\.log \(text, 2\.0 kB\), kept as trace\.txt$/m)
  expect(text).toMatch(
    /^lines +30: 18 events, 4 headings and blank lines, 2 not understood, 1 inside other text, function_graph: 2 calls/m,
  )
  expect(text).not.toMatch(/^(guest|workload|probes)/m)
})

describe('pickRun', () => {
  const runs = ['20260101-000000-aaaa', '20260101-000000-bbbb', '20260102-000000-cccc'].map(at)

  test('last, whole name, unique beginning', () => {
    expect(pickRun(runs, 'last').run).toBe('20260102-000000-cccc')
    expect(pickRun(runs, '20260101-000000-aaaa').run).toBe('20260101-000000-aaaa')
    expect(pickRun(runs, '20260102').run).toBe('20260102-000000-cccc')
    expect(pickRun(runs, 'bbbb').run).toBe('20260101-000000-bbbb')
  })

  test.each([
    ['20260101', '2 runs begin or end with "20260101"'],
    ['', 'there is no run ""'],
    ['../..', 'there is no run "../.."'],
  ])('%j: %s', (name, fact) => {
    expect(() => pickRun(runs, name)).toThrow(fact)
    expect(() => pickRun([runs[2] as StoredRun], name)).toThrow(/there is no run/)
  })

  test('prefers the whole name to one that begins with it, and says where two are called so', () => {
    const copy = { ...runs[0], run: `${runs[0]?.run}.bak` } as StoredRun
    expect(pickRun([...runs, copy], '20260101-000000-aaaa')).toBe(runs[0])
    expect(() => pickRun([...runs, runs[0] as StoredRun], '20260101-000000-aaaa')).toThrow(/2 runs are called/)
  })

  test('no runs at all', () => expect(() => pickRun([], 'last')).toThrow('there are no runs'))
})

test('only its owner can look into a result', async () => {
  const results = path.join(mkdtempSync(path.join(tmpdir(), 'lab-unit-')), 'results')
  onTestFinished(() => rmSync(path.dirname(results), { recursive: true }))
  const dir = await putResult(results, 'x', 'r', () => Promise.resolve())
  for (const place of [results, path.dirname(dir), dir]) expect(statSync(place).mode & 0o777).toBe(0o700)
})

test('removeRun removes that directory and nothing beside it', async () => {
  const results = resultsWith({ 'readiter/a': MANIFEST, 'readiter/ab': MANIFEST, 'other/a': MANIFEST })
  const runs = await listRuns(results, 'readiter')
  await removeRun(runs.find(({ run }) => run === 'a') as StoredRun)
  expect(readdirSync(path.join(results, 'readiter'))).toEqual(['ab'])
  expect(existsSync(path.join(results, 'other/a/manifest.json'))).toBe(true)
})

test('readRunFiles: sizes by name, below directories too; a broken probes.json is no probes', async () => {
  const results = resultsWith({ 'x/a': {} })
  const dir = path.join(results, 'x/a')
  mkdirSync(path.join(dir, 'maps'))
  writeFileSync(path.join(dir, 'maps/m.json'), '12345')
  writeFileSync(path.join(dir, 'probes.json'), '{"programs":[{"program":1}]}')
  expect(await readRunFiles(dir)).toEqual({
    probes: undefined,
    files: [
      { name: 'manifest.json', bytes: 2 },
      { name: 'maps/m.json', bytes: 5 },
      { name: 'probes.json', bytes: 28 },
    ],
  })
})
