import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openDatabase, quoted } from '../trace/duckdb.ts'
import { importStep, type ImportOutcome } from './import.ts'
import { datOptions } from './dat.ts'
import { recording } from '../test/recording.ts'
import { LOG } from '../linux/ftrace/trace-log.fixture.ts'
import { failureOf } from '../test/caught.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'

async function importing(content: string | Buffer, name = 'trace.log'): Promise<ImportOutcome> {
  const dir = tempDir()
  const file = join(dir, name)
  writeFileSync(file, typeof content === 'string' ? Buffer.from(content, 'latin1') : content)
  return await importStep({ file, name: 'imported', results: join(dir, 'results') }, testContext(dir))
}

async function rowsOf({ dir }: ImportOutcome, columns: string): Promise<unknown[][]> {
  using database = await openDatabase({ threads: '1' })
  const reader = await database.connection.runAndReadAll(
    `SELECT ${columns} FROM read_parquet(${quoted(join(dir, 'events.parquet'))}) ORDER BY line`,
  )
  return reader.getRowsJS() as unknown[][]
}

const line = (message: string, time = '1.000001') => `        readfile-95    [000] d... ${time}: 0: ${message}`
const text = (...lines: string[]) => lines.map((line) => `${line}\n`).join('')
const messages = async (outcome: ImportOutcome) => (await rowsOf(outcome, 'message')).flat()

describe('a text', () => {
  test('becomes a run with the file itself, its events and an account of every line', async () => {
    const outcome = await importing(
      text('# tracer: nop', line('a'), 'what I saw', 'CPU:1 [LOST 7 EVENTS]', line('b', '0.5')),
    )
    const { manifest, dir } = outcome
    expect(readdirSync(dir).toSorted()).toEqual(['events.parquet', 'manifest.json', 'not-understood.txt', 'trace.txt'])
    expect(manifest).toMatchObject({
      verdict: 'imported',
      trace: { events: 2, notUnderstood: 1, completeness: 'incomplete', losses: { lostMarkers: 7, overrun: null } },
      imported: { file: 'trace.log', kept: 'trace.txt', lines: 5, headings: 1, backwards: 1 },
    })
    expect(manifest.trace.reasons.join('\n')).toMatch(/1 event is earlier than the one above \(line 5/)
    expect(readFileSync(join(dir, 'not-understood.txt'), 'utf8')).toBe('3: what I saw\n')
    expect(Object.keys(manifest.sha256).toSorted()).toEqual(['events.parquet', 'not-understood.txt', 'trace.txt'])
    expect(await rowsOf(outcome, 'time_ns, cpu, pid, comm, flags, event, message, line, raw')).toEqual([
      [1_000_001_000n, 0, 95, 'readfile', 'd...', 'print', 'a', 2n, null],
      [500_000_000n, 0, 95, 'readfile', 'd...', 'print', 'b', 5n, null],
    ])
  })

  test('of a log with prose around its traces gives all of them', async () => {
    const prose = Object.entries(LOG).flatMap(([day, lines]) => [
      `### ${day}`,
      '- worked on it',
      '```',
      ...lines,
      '```',
      '',
    ])
    const { manifest } = await importing(text(...prose))
    expect(manifest.trace.events).toBe(60)
    expect(manifest.trace.notUnderstood).toBe(Object.keys(LOG).length * 3)
  })

  test('has what stood before a record in a column of its own', async () => {
    const record = 'readfile-95    [000] d... 1.000001: bpf_trace_printk: x'
    const outcome = await importing(
      text(
        `2024-01-31T12:00:00Z ${record}`,
        `        ${record}`,
        `the caf\xc3\xa9 server | ${record}`,
        `the caf\xe9\x1f server | ${record}`,
      ),
    )
    expect((await rowsOf(outcome, 'prefix')).flat()).toEqual([
      '2024-01-31T12:00:00Z',
      null,
      'the café server |',
      'the caf\\xe9\x1f server |',
    ])
  })

  test('with lines that end in CR LF has no CR in its messages', async () => {
    expect(await messages(await importing(`${line('a')}\r\n${line('b')}\r\n`))).toEqual(['a', 'b'])
    expect(await messages(await importing(`${line('a')}\n${line('b\r')}\n`))).toEqual(['a', 'b\r'])
  })

  test('keeps bytes that are no UTF-8, and letters that are', async () => {
    const outcome = await importing(
      text(line('caf\xe9'), line('caf\xc3\xa9'), line('a\x1fb\x1e\x00c'), line('\xe9\x1f')),
    )
    const rows = await rowsOf(outcome, 'message, hex(raw)')
    expect(rows).toEqual([
      [String.raw`caf\xe9`, '636166E9'],
      ['café', null],
      ['a\x1fb\x1e\0c', null],
      ['\\xe9\x1f', 'E91F'],
    ])
  })

  test('may have messages that look like headings, and lines of a million characters', async () => {
    const long = 'x'.repeat(1_000_000)
    const outcome = await importing(
      text(line('# tracer: nop'), line('cpus=2'), line(long), line(`\xe9${long}`), line('')),
    )
    expect((await rowsOf(outcome, 'length(message)')).flat().map(Number)).toEqual([13, 6, 1_000_000, 1_000_004, 0])
    expect((await messages(outcome)).slice(0, 2)).toEqual(['# tracer: nop', 'cpus=2'])
  })

  test('of any bytes has every line accounted for, and its messages come back byte by byte', async () => {
    // Without NUL: a short file with one in fifty bytes is taken for binary data (events/file-kind.ts).
    const character = fc.integer({ min: 1, max: 255 }).map((code) => (code === 10 ? 'n' : String.fromCharCode(code)))
    const said = fc
      .string({ unit: character, maxLength: 40 })
      .filter((text) => !/\[/.test(text) && !text.endsWith('\r'))
    await fc.assert(
      fc.asyncProperty(fc.array(said, { minLength: 1, maxLength: 20 }), async (wanted) => {
        const outcome = await importing(text(...wanted.map((message) => line(message))))
        const rows = await rowsOf(outcome, 'coalesce(raw, encode(message))')
        expect(rows.map(([bytes]) => Buffer.from(bytes as Uint8Array).toString('latin1'))).toEqual(wanted)
      }),
      { numRuns: 25 },
    )
  })

  test('of several parts of rows is one table, in order', async () => {
    // More than the 16 MB that one part has: with its parallel reader DuckDB refuses some of them.
    const count = 300_000
    const lines = Array.from({ length: count }, (_, index) =>
      line('copyout to 0x12b96e0 from 0xffff8880036e0000', `1.${String(index).padStart(6, '0')}`),
    )
    const { dir } = await importing(`${lines.join('\n')}\n`)
    using database = await openDatabase({ threads: '1' })
    const found = await database.connection.runAndReadAll(
      `SELECT count(*), min(time_ns - 1000 * line), max(time_ns - 1000 * line) FROM ${quoted(join(dir, 'events.parquet'))}`,
    )
    expect(found.getRowsJS().flat().map(Number)).toEqual([count, 999_999_000, 999_999_000])
  })

  test('that names its LOST events without a number says that they are not counted', async () => {
    const { manifest } = await importing(
      text(line('a'), 'CPU:0 [LOST EVENTS]', 'CPU:0 [LOST 3 EVENTS]', 'CPU:0 [LOST 4 EVENTS]'),
    )
    expect(manifest.trace).toMatchObject({ completeness: 'incomplete', losses: { lostMarkers: null } })
    expect(manifest.trace.reasons.join('\n')).toContain('3 marks')
  })
})

describe('a text of the function_graph tracer', () => {
  const CALLS = text(' 0)               |  f() {', ' 0)   1.389 us    |    g();', ' 0)   2.500 us    |  }')

  test('becomes the events of a recording and a call tree; what it lacks is said', async () => {
    const { manifest, dir } = await importing(CALLS)
    expect(manifest.trace).toMatchObject({ events: 4, notUnderstood: 0 })
    expect(manifest.trace.reasons.join('\n')).toMatch(/sums of durations[^]*names no processes/)
    expect(readFileSync(join(dir, 'graph.txt'), 'utf8')).toMatch(/2\.500 us \| f\(\) \{\n +1\.389 us \|   g\(\);/)
    expect(Object.keys(manifest.sha256)).toContain('graph.txt')
  })

  test('with times and processes lacks nothing', async () => {
    const { manifest } = await importing(text('    1.000001 |   0)   cat-95    |   1.389 us    |  g();'))
    expect(manifest.trace.reasons.join('\n')).not.toMatch(/function_graph/)
  })
})

describe('what is no trace', () => {
  test.each([
    ['an ELF program', Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(60)]), 'an ELF file'],
    ['a picture', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), 'a PNG picture'],
    ['an empty file', Buffer.alloc(0), 'it is empty'],
    ['a text without a trace', Buffer.from('a\nb\n'), 'no line of a trace in 2 lines'],
    ['output of bpftrace', Buffer.from('Attaching 1 probe...\n@reads: 3\n'), 'it looks like output of bpftrace'],
    ['a header of trace.dat alone', Buffer.from('\x17\x08Dtra', 'latin1'), 'no line of a trace'],
  ])('%s is named, and nothing is left', async (_, content, fact) => {
    const dir = tempDir()
    writeFileSync(join(dir, 'f'), content)
    const failure = await failureOf(
      importStep({ file: join(dir, 'f'), name: 'x', results: join(dir, 'r') }, testContext(dir)),
    )
    expect([failure.kind, failure.parts.fact]).toEqual(['user', expect.stringContaining(fact)])
    expect(existsSync(join(dir, 'r/x')) ? readdirSync(join(dir, 'r/x')) : []).toEqual([])
  })

  test('neither is a directory, nor a file that is not there, nor a loop of links', async () => {
    const dir = tempDir()
    mkdirSync(join(dir, 'd'))
    symlinkSync(join(dir, 'loop'), join(dir, 'loop'))
    const of = async (file: string) =>
      (await failureOf(importStep({ file: join(dir, file), name: 'x', results: join(dir, 'r') }, testContext(dir))))
        .parts.fact
    expect(await of('d')).toBe('this is not a file')
    expect(await of('nothing')).toBe('there is no such file')
    expect(await of('loop')).toContain('ELOOP')
  })

  test('a name that would leave the results is none', async () => {
    const dir = tempDir()
    const failure = await failureOf(importStep({ file: join(dir, 'f'), name: '../x', results: dir }, testContext(dir)))
    expect(failure.parts.fact).toContain('is not a valid name')
  })
})

test('options of a trace.dat, as trace-cmd prints them', () => {
  const stats = (cpu: number) => `CPU: ${cpu}\nentries: 0\noverrun: ${cpu}\n`
  expect(
    datOptions(
      `\t\t[Option TRACECLOCK, 62 bytes]\nlocal [mono] boot\n\t\t[Option UNAME, 9 bytes]\nLinux host 5.10.223 x86_64\n\t\t[Option CPUSTAT, 9 bytes]\n${stats(0)}\n\t\t[Option CPUSTAT, 9 bytes]\n${stats(1)}\n`,
    ),
  ).toEqual({
    clock: 'mono',
    release: '5.10.223',
    uname: 'Linux host 5.10.223 x86_64',
    stats: [expect.stringContaining(stats(0)), expect.stringContaining(stats(1))],
  })
  expect(datOptions('nothing of that')).toEqual({ clock: undefined, release: undefined, uname: undefined, stats: [] })
})

test('a trace.dat is complete if its counters say so, and one without counters is not called a text', async () => {
  const dat = recording([Buffer.from('one'), Buffer.from('two'), Buffer.from('three')])
  const withCounters = (from: string, to: string) => Buffer.from(dat.toString('latin1').replace(from, to), 'latin1')
  const traceOf = async (bytes: Buffer) => (await importing(bytes, 'trace.dat')).manifest.trace
  // Counters that trace-cmd read before its recorder had emptied the buffer.
  const early = withCounters('entries: 0', 'entries: 2')
  expect(
    await traceOf(Buffer.from(early.toString('latin1').replace('read events: 3', 'read events: 1'), 'latin1')),
  ).toMatchObject({
    completeness: 'complete',
    losses: { unread: 0 },
  })
  // Option 2 is CPUSTAT; 99 is nothing that a reader knows.
  const at = dat.indexOf('CPU: 0') - 6
  const without = Buffer.from(dat)
  without.writeUInt16LE(99, at)
  const { completeness, reasons } = await traceOf(without)
  expect(completeness).toBe('unknown')
  expect(reasons.join()).toContain('this trace.dat has no loss counters')
})
