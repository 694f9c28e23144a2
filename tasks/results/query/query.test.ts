import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabEvent } from '../../engine/event.ts'
import type { Manifest } from '../manifest.ts'
import { MANIFEST, putRun as put } from '../run.fixture.ts'
import { indexRuns } from '../run-index.ts'
import { openDatabase } from '../../trace/duckdb.ts'
import { trace, said } from '../../trace/events/trace.fixture.ts'
import { readEvents } from '../../trace/events/read-events.ts'
import { eventsDigests } from '../../trace/events/same-events.ts'
import { queryStep } from './query.ts'
import { failureOf } from '../../test/caught.ts'
import { tempDir } from '../../test/temp-dir.ts'

const PROGRAM = { program: 'p', section: 'kprobe/f', attached: null, hits: 0, missed: -1 }

/** A run of one process, with a table of its messages and one program. @returns its directory */
async function putRun(results: string, run: string, started: string, ...texts: string[]): Promise<string> {
  const manifest: Partial<Manifest> = {
    experiment: 'e',
    started,
    arm: { name: 'n=3', params: { n: 3, how: 'fast' } },
    kernel: { ...MANIFEST.kernel, wanted: 'v5.4', fallback: true },
    trace: { ...MANIFEST.trace, losses: { overrun: 0, dropped: null } },
  }
  const files = { 'probes.json': JSON.stringify({ programs: [PROGRAM] }) }
  return (await put(results, { run, manifest, events: trace(said(7, ...texts)), files })).dir
}

const shared = mkdtempSync(join(tmpdir(), 'lab-query-'))
afterAll(() => rmSync(shared, { recursive: true, force: true }))
const results = join(shared, 'results')
beforeAll(async () => {
  await putRun(results, 'r2', '2026-01-02T00:00:00.000Z', 'a', 'b', 'c')
  await putRun(results, 'r1', '2026-01-01T00:00:00.000Z', 'a')
})

async function rows(sql: string, from = results): Promise<{ rows: unknown; notices: string[] }> {
  const notices: string[] = []
  const emit = (event: LabEvent) =>
    void (event.type === 'notice' && notices.push(`${event.place ?? ''}: ${event.text}`))
  const outcome = await queryStep({ sql, results: from, parquet: undefined, emit, cache: tempDir() })
  return { rows: 'table' in outcome ? outcome.table.rows : [], notices }
}

describe('the tables', () => {
  test.each([
    [
      'SELECT run, verdict, fallback, year(started), imported FROM runs ORDER BY run',
      [
        ['r1', 'passed', true, 2026, null],
        ['r2', 'passed', true, 2026, null],
      ],
    ],
    [
      'SELECT run, count(*) FROM events GROUP BY run ORDER BY run',
      [
        ['r1', 1],
        ['r2', 3],
      ],
    ],
    [
      "SELECT name, value, number FROM params WHERE run = 'r1' ORDER BY name",
      [
        ['how', 'fast', null],
        ['n', '3', 3],
      ],
    ],
    ["SELECT program, attached, hits, missed FROM probes WHERE run = 'r1'", [['p', null, 0, null]]],
    [
      "SELECT layer, lost FROM losses WHERE run = 'r1' ORDER BY layer",
      [
        ['dropped', null],
        ['overrun', 0],
      ],
    ],
  ])('%s', async (sql, expected) => expect((await rows(sql)).rows).toEqual(expected))

  test('are there, with their columns, when there are no runs', async () => {
    const empty = tempDir()
    expect((await rows('SELECT run, time_ns, message FROM events', empty)).rows).toEqual([])
    expect((await rows('SELECT count(*) FROM runs JOIN params USING (run)', empty)).rows).toEqual([[0]])
  })
})

test('metrics, and which runs count: no warm-ups, and of two attempts the last', async () => {
  const own = tempDir()
  const plan = {
    id: 'p',
    index: 1,
    warmup: false,
    attempt: 1,
    order: 'declared',
    seed: 1,
    start: 'shared',
    parallel: 1,
  }
  const putWith = async (run: string, more: object) => {
    await putRun(own, run, `2026-01-01T00:00:0${run.slice(1)}.000Z`, 'a')
    const file = join(own, 'e', run, 'manifest.json')
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...more }))
  }
  await putWith('r1', { plan: { ...plan, index: 0, warmup: true } })
  await putWith('r2', { plan, metrics: { ns: 5 } })
  await putWith('r3', { plan: { ...plan, attempt: 2 }, metrics: { ns: 7, other: null } })
  await putWith('r4', {})
  expect(
    (await rows('SELECT run, counts, name, value FROM runs LEFT JOIN metrics USING (run) ORDER BY 1, 3', own)).rows,
  ).toEqual([
    ['r1', false, null, null],
    ['r2', false, 'ns', 5],
    ['r3', true, 'ns', 7],
    ['r3', true, 'other', null],
    ['r4', true, null, null],
  ])
})

describe('SQL', () => {
  const secret = join(shared, 'secret.txt')
  const wrote = join(shared, 'new/out')
  mkdirSync(join(shared, 'new'))
  writeFileSync(secret, 'secret')
  test.each([
    [`SELECT * FROM read_text('${secret}')`],
    [`SELECT * FROM read_csv('${secret}')`],
    [`SELECT * FROM glob('/etc/*')`],
    [`COPY runs TO '${wrote}'`],
    [`COPY (SELECT 1) TO '${results}/e/r1/events.parquet' (FORMAT parquet, USE_TMP_FILE false)`],
    [`EXPLAIN ANALYZE COPY (SELECT 1 AS a) TO '${results}/e/r1/events.parquet' (FORMAT parquet, USE_TMP_FILE false)`],
    [`ATTACH '${wrote}'`],
    [`SELECT * FROM enable_logging(storage = 'file', storage_path = '${wrote}')`],
    // Alone it ended the process.
    [`SELECT * FROM enable_profiling(format = 'json', save_location = '${wrote}')`],
    [`SELECT (SELECT count(*) FROM main.ENABLE_logging())`],
    [`WITH x AS (SELECT 1 UNION ALL SELECT * FROM arrow_scan(1, 2, 3)) FROM x`],
    [`FROM query('FROM enable_logging()')`],
    [`FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))`],
    [`PRAGMA json_execute_serialized_sql(json_serialize_sql('FROM enable_logging()'))`],
    [`PRAGMA json_execute_serialized_sql(json_serialize_sql('SELECT 1'))`],
    ["PRAGMA table_info('runs')"],
    [`PRAGMA import_database('${shared}')`],
    ['CALL enable_logging()'],
    ['SET enable_external_access = true'],
    ['DROP TABLE runs'],
    ['SELECT 1; DROP TABLE runs'],
    ['INSTALL httpfs'],
    ['SELEC 1'],
    [''],
    ['SELECT * FROM nothing'],
  ])('%s is refused', async (sql) => {
    const before = readFileSync(join(results, 'e/r1/events.parquet'))
    expect((await failureOf(rows(sql))).kind).toBe('user')
    expect(readFileSync(join(results, 'e/r1/events.parquet')).equals(before)).toBe(true)
    expect(readdirSync(join(wrote, '..'))).toEqual([])
  })

  test.each([
    ['SELECT 1 -- a; note\n; -- another', [[1]]],
    ["SELECT ';' /* ; */;;", [[';']]],
    ["SELECT i FROM range(2) t(i), json_each('[1]') ORDER BY i DESC", [[1], [0]]],
    ["PIVOT events ON comm IN ('<...>') USING count(*) GROUP BY cpu", [[0, 4]]],
    ["SELECT column_name FROM (DESCRIBE events) WHERE column_name = 'cpu'", [['cpu']]],
  ])('%s is answered, on the terminal and as a file', async (sql, expected) => {
    expect((await rows(sql)).rows).toEqual(expected)
    const dir = tempDir()
    const wanted = { results, emit: () => undefined, cache: tempDir() }
    expect(await queryStep({ sql, ...wanted, parquet: join(dir, 'a.parquet') })).toMatchObject({
      rows: expected.length,
    })
  })

  test('nothing of the current directory can be read, and what does not fit in memory leaves nothing behind', async () => {
    const [cwd, cache] = [tempDir(), tempDir()]
    mkdirSync(join(cwd, '.tmp'))
    writeFileSync(join(cwd, '.tmp/secret.csv'), 'secret\n')
    const before = process.cwd()
    process.chdir(cwd)
    try {
      const wanted = { results, parquet: undefined, emit: () => undefined, cache }
      const failure = await failureOf(queryStep({ ...wanted, sql: "FROM '.tmp/secret.csv'" }))
      expect(failure.parts.fact).toContain('Permission Error')
      const outcome = await queryStep({ ...wanted, sql: "SELECT current_setting('temp_directory')" })
      expect(outcome).toMatchObject({ table: { rows: [[expect.stringContaining(cache)]] } })
      expect(readdirSync(cache, { recursive: true })).toEqual(['beside'])
    } finally {
      process.chdir(before)
    }
  })

  test('writes a Parquet file only where it was told to', async () => {
    const file = join(tempDir(), "it's.parquet")
    const outcome = await queryStep({
      sql: 'SELECT * FROM events;',
      results,
      parquet: file,
      emit: () => undefined,
      cache: tempDir(),
    })
    expect(outcome).toEqual({ file, rows: 4 })
    expect(readdirSync(join(file, '..'))).toEqual(["it's.parquet"])
  })
})

test('a directory with the characters of a pattern is that directory, and not its neighbour', async () => {
  const dir = tempDir()
  const names = ['a[bc]1', 'ab1', 's*r', 'star', 'q?m', 'q1m', '[', 'run=3', 'comm=z']
  for (const name of names) await putRun(join(dir, name), 'r1', '2026-01-01', `in ${name}`)
  for (const name of names) {
    const { rows: found, notices } = await rows('SELECT run, comm, message FROM events', join(dir, name))
    expect([name, found, notices]).toEqual([name, [['r1', '<...>', `in ${name}`]], []])
    const file = join(dir, name, 'e/r1/events.parquet')
    const { events } = await readEvents(file, {}, 9, false)
    expect(events.map(({ comm, message }) => [comm, message])).toEqual([['<...>', `in ${name}`]])
    expect([...(await eventsDigests([file])).keys()]).toEqual([file])
  }
})

test('runs that are damaged or half deleted are left out, and said to be', async () => {
  const own = tempDir()
  await putRun(own, 'good', '2026-01-01', 'a')
  truncateSync(join(await putRun(own, 'cut', '2026-01-02', 'a'), 'events.parquet'), 20)
  for (const [run, from, to] of [
    ['footer', 8, -8],
    ['pages', 4, 60],
  ] as const) {
    const file = join(await putRun(own, run, '2026-01-03', 'a'), 'events.parquet')
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0xff, from, to < 0 ? bytes.length + to : to))
  }
  rmSync(join(await putRun(own, 'half', '2026-01-04', 'a'), 'manifest.json'))
  writeFileSync(join(await putRun(own, 'text', '2026-01-05', 'a'), 'manifest.json'), '{')
  rmSync(join(await putRun(own, 'without', '2026-01-06', 'a'), 'events.parquet'))
  const { rows: found, notices } = await rows('SELECT run, time_ns FROM events', own)
  expect(found).toEqual([['good', 1000]])
  const said = (run: string) => notices.filter((notice) => notice.startsWith(`results/e/${run}:`)).length
  expect(['good', 'cut', 'footer', 'pages', 'half', 'text', 'without'].map(said)).toEqual([0, 1, 1, 1, 1, 1, 0])
})

test('a table of another shape, a pipe or a directory in its place spoil no other run', async () => {
  const own = tempDir()
  await putRun(own, 'good', '2026-01-01', 'a')
  const file = async (run: string) => join(await putRun(own, run, '2026-01-02', 'a'), 'events.parquet')
  using database = await openDatabase({ threads: '1' })
  const row =
    "0::USMALLINT AS cpu, 7::UINTEGER AS pid, '' AS comm, NULL::VARCHAR AS flags, 'print' AS event, 'm' AS message"
  for (const [run, columns] of [
    ['text', `'soon' AS time_ns, ${row}`],
    ['negative', `-5 AS time_ns, ${row}`],
    ['struct', `5::UBIGINT AS time_ns, ${row.replace("'m'", "{'a': 1}")}`],
  ] as const)
    await database.connection.run(`COPY (SELECT ${columns}) TO '${await file(run)}' (FORMAT parquet)`)
  const [pipe, dir] = [await file('pipe'), await file('dir')]
  for (const path of [pipe, dir]) rmSync(path)
  execFileSync('mkfifo', [pipe])
  mkdirSync(dir)
  const { rows: found, notices } = await rows('SELECT run, time_ns + 1, message FROM events', own)
  expect(found).toEqual([['good', 1001, 'a']])
  const said = (run: string) => notices.filter((notice) => notice.startsWith(`results/e/${run}:`)).length
  expect(['good', 'text', 'negative', 'struct', 'pipe', 'dir'].map(said)).toEqual([0, 1, 1, 1, 1, 1])
  for (const run of ['text', 'pipe'])
    expect((await failureOf(readEvents(join(own, 'e', run, 'events.parquet'), {}, 9, false))).kind).toBe('user')
})

describe('the index of runs', () => {
  const names = async (dir: string) => (await indexRuns(dir)).runs.map(({ run }) => run)

  test('follows directories that come, change and vanish', async () => {
    const own = tempDir()
    await putRun(own, 'b', '2026-01-02')
    await putRun(own, 'a', '2026-01-01')
    expect(await names(own)).toEqual(['a', 'b'])
    rmSync(join(own, 'e/a'), { recursive: true })
    await putRun(own, 'c', '2026-01-03')
    writeFileSync(
      join(own, 'e/b/manifest.json'),
      JSON.stringify({ ...MANIFEST, experiment: 'e', started: '2026-01-09' }),
    )
    expect(await names(own)).toEqual(['c', 'b'])
    rmSync(join(own, 'e/b/manifest.json'))
    expect(await names(own)).toEqual(['c'])
    expect((await indexRuns(own)).skipped).toEqual([{ name: 'e/b', why: expect.stringContaining('missing') }])
  })

  test('is read instead of the manifests', async () => {
    const own = tempDir()
    const file = join(await putRun(own, 'a', '2026-01-01'), 'manifest.json')
    utimesSync(file, 1000, 1000)
    expect(await names(own)).toEqual(['a'])
    // The same size and time: nobody looks inside.
    writeFileSync(file, readFileSync(file, 'utf8').replace('passed', 'failed'))
    utimesSync(file, 1000, 1000)
    expect((await indexRuns(own)).runs[0]?.verdict).toBe('passed')
  })

  test.each([
    ['nothing'],
    ['lab index 2\n{'],
    ['lab index 2\n["e/a",1]\t'],
    ['lab index 2\nnull\t'],
    ['lab index 1\n["e/a",1,1,null,"x"]\t'],
  ])('that is %s is made again', async (content) => {
    const own = tempDir()
    await putRun(own, 'a', '2026-01-01')
    writeFileSync(join(own, '.index'), content)
    expect(await names(own)).toEqual(['a'])
  })
})
