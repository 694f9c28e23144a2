import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PbfReader } from 'pbf'
import { describe, expect, test } from 'vitest'
import { executed, forked, said, trace } from '../trace/events/trace.fixture.ts'
import { MANIFEST, putRun } from './run.fixture.ts'
import type { StoredRun } from './manifest.ts'
import { failureOf } from '../test/caught.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import { exportStep, type Format } from './export.ts'
import type { TraceRequest } from './events.ts'

const NOTHING: TraceRequest = {
  comm: undefined,
  pid: undefined,
  probe: undefined,
  from: undefined,
  to: undefined,
  all: false,
}
const ORDER = ['enter', 'middle', 'exit'].map((text) => (message: string) => message.startsWith(text))

const EVENTS = trace(
  forked(1, 7),
  executed(7, '/run/readfile'),
  said(7, 'enter', 'middle', 'exit 0x12', 'enter', 'middle', 'exit 0x34'),
  said(9, 'odd "text",\n\u001b[2J'),
).map((event, index) => ({ ...event, cpu: index % 2, flags: 'd...', timeNs: event.timeNs + 8_498_202_123_456n }))

const aRun = async (rest: Partial<typeof MANIFEST> = {}): Promise<StoredRun> =>
  await putRun(join(tempDir(), 'results'), {
    run: 'r1',
    events: EVENTS,
    manifest: rest,
    files: { 'trace.dat': 'raw pages' },
  })

async function exported(run: StoredRun, format: Format, request: Partial<TraceRequest> = {}): Promise<Buffer> {
  const file = join(tempDir(), 'out')
  await exportStep({ run, format, file, request: { ...NOTHING, ...request }, order: ORDER }, testContext(tempDir()))
  expect(readdirSync(dirname(file))).toEqual(['out'])
  return readFileSync(file)
}

/**
 * Reads Perfetto's format with another library than it is written with, and by its numbers as
 * github.com/google/perfetto has them in
 * protos/perfetto/trace/{trace_packet,track_event/track_event,track_event/track_descriptor,interned_data/interned_data}.proto
 * (ec5d16b14b74).
 */
interface Event {
  track: number
  time: number
  type: number
  name?: string
  value?: number
  args: Record<string, string | number>
}

function decode(bytes: Buffer) {
  const tracks = new Map<number, Record<string, unknown>>()
  const events: Event[] = []
  const [names, keys] = [new Map<number, string>(), new Map<number, string>()]
  const flags: number[] = []
  const inner = <T>(reader: PbfReader, field: (tag: number, into: T, of: PbfReader) => void, into: T): T =>
    reader.readFields(field, into, reader.readVarint() + reader.pos)
  const interned = (reader: PbfReader, to: Map<number, string>) => {
    const { iid, name } = inner(
      reader,
      (tag, into: { iid: number; name: string }, of) => {
        if (tag === 1) into.iid = of.readVarint()
        if (tag === 2) into.name = of.readString()
      },
      { iid: 0, name: '' },
    )
    to.set(iid, name)
  }
  const trackOf = (reader: PbfReader) =>
    inner(
      reader,
      (tag, into: Record<string, unknown>, of) => {
        if (tag === 1) into['uuid'] = of.readVarint()
        if (tag === 2) into['name'] = of.readString()
        if (tag === 5) into['parent'] = of.readVarint()
        if (tag === 8)
          into['counter'] = inner(
            of,
            (t, unit: { ns?: boolean }, o) => void (t === 3 && (unit.ns = o.readVarint() === 1)),
            {},
          )
        if (tag === 3)
          into['process'] = inner(
            of,
            (t, p: Record<string, unknown>, o) => {
              if (t === 1) p['pid'] = o.readVarint()
              if (t === 6) p['name'] = o.readString()
            },
            {},
          )
        if (tag === 4)
          into['thread'] = inner(
            of,
            (t, p: Record<string, unknown>, o) => {
              if (t === 1) p['pid'] = o.readVarint()
              if (t === 2) p['tid'] = o.readVarint()
              if (t === 5) p['name'] = o.readString()
            },
            {},
          )
      },
      {},
    )
  const argOf = (reader: PbfReader) =>
    inner(
      reader,
      (tag, into: { key: number; value: string | number }, of) => {
        if (tag === 1) into.key = of.readVarint()
        if (tag === 4) into.value = of.readVarint(true)
        if (tag === 6) into.value = of.readString()
      },
      { key: 0, value: '' },
    )
  const eventOf = (reader: PbfReader) =>
    inner(
      reader,
      (
        tag,
        into: { event: Omit<Event, 'time'>; nameId: number; argIds: { key: number; value: string | number }[] },
        of,
      ) => {
        if (tag === 4) into.argIds.push(argOf(of))
        if (tag === 9) into.event.type = of.readVarint()
        if (tag === 10) into.nameId = of.readVarint()
        if (tag === 11) into.event.track = of.readVarint()
        if (tag === 23) into.event.name = of.readString()
        if (tag === 30) into.event.value = of.readVarint(true)
      },
      { event: { track: 0, type: 0, args: {} }, nameId: 0, argIds: [] },
    )
  new PbfReader(bytes).readFields((tag, _, reader) => {
    expect(tag).toBe(1)
    let time = 0
    const waiting: ReturnType<typeof eventOf>[] = []
    inner(
      reader,
      (field, _into: object, of) => {
        if (field === 8) time = of.readVarint()
        if (field === 10) expect(of.readVarint()).toBe(1)
        if (field === 11) waiting.push(eventOf(of))
        if (field === 12)
          inner(
            of,
            (kind, _names: object, o) => {
              if (kind === 2) interned(o, names)
              if (kind === 3) interned(o, keys)
            },
            {},
          )
        if (field === 13) flags.push(of.readVarint())
        if (field === 60) {
          const track = trackOf(of)
          tracks.set(Number(track['uuid']), track)
        }
      },
      {},
    )
    for (const { event, nameId, argIds } of waiting)
      events.push({
        ...event,
        time,
        ...(nameId === 0 ? {} : { name: names.get(nameId) ?? '?' }),
        args: Object.fromEntries(argIds.map(({ key, value }) => [keys.get(key) ?? '?', value])),
      })
  }, undefined)
  return { tracks: [...tracks.values()], events, flags }
}

describe('a Perfetto trace', () => {
  test('has a track for each CPU, process and thread, and names what they are', async () => {
    const { tracks, flags } = decode(await exported(await aRun(), 'perfetto'))
    expect(tracks).toMatchObject([
      { name: 'lab' },
      { name: 'CPUs' },
      { name: 'CPU 0', parent: tracks[1]?.['uuid'] },
      { process: { pid: 1 } },
      { thread: { pid: 1, tid: 1 } },
      { name: 'duration of one sequence', counter: { ns: true } },
      { name: 'CPU 1' },
      { process: { pid: 7, name: 'readfile' } },
      { thread: { pid: 7, tid: 7, name: 'readfile-7' } },
      { counter: {} },
      { process: { pid: 9 } },
      { thread: { pid: 9 } },
      { counter: {} },
    ])
    // The first packet begins the sequence (1), all others need what was said before (2).
    expect(flags[0]).toBe(3)
    expect(new Set(flags.slice(1))).toEqual(new Set([2]))
  })

  test('has each read as a slice with its steps in it, to the nanosecond', async () => {
    const { tracks, events } = decode(await exported(await aRun(), 'perfetto'))
    const thread = tracks.find((track) => (track['thread'] as { pid?: number } | undefined)?.pid === 7)?.['uuid']
    const start = Number(EVENTS[2]?.timeNs)
    const own = events.filter(
      ({ track, args }) => track === thread && !('message' in args && String(args['message']).includes('old_pid')),
    )
    expect(
      own.map(({ type, name, time }) => [['', 'begin', 'end', 'instant'][type], name, (time - start) / 1000]),
    ).toEqual([
      ['begin', 'sequence', 0],
      ['begin', 'enter', 0],
      ['end', undefined, 1],
      ['begin', 'middle', 1],
      ['end', undefined, 2],
      ['instant', 'exit 0x…', 2],
      ['end', undefined, 2],
      ['begin', 'sequence', 3],
      ['begin', 'enter', 3],
      ['end', undefined, 4],
      ['begin', 'middle', 4],
      ['end', undefined, 5],
      ['instant', 'exit 0x…', 5],
      ['end', undefined, 5],
    ])
    expect(own.find(({ name }) => name === 'exit 0x…')?.args).toEqual({ message: 'exit 0x12' })
    expect(own.findLast(({ type }) => type === 2)?.args).toEqual({ messages: 3, whole: 'yes' })
    const counters = events.filter(({ type }) => type === 4)
    expect(counters.map(({ value }) => value)).toEqual([2000, 2000])
  })

  test('says first which run it is, and that something is missing', async () => {
    const run = await aRun({
      trace: { ...MANIFEST.trace, completeness: 'incomplete', reasons: ['5 were overwritten'] },
    })
    const { events } = decode(await exported(run, 'perfetto'))
    expect(events[0]).toMatchObject({
      type: 3,
      name: 'TRACE INCOMPLETE',
      args: { run: 'readiter r1', kernel: '5.10.223', 'reason 1': '5 were overwritten' },
    })
  })

  test('has times that no double can hold', async () => {
    const huge = 2n ** 63n + 12_345n
    const run = await putRun(join(tempDir(), 'results'), {
      run: 'r1',
      events: trace(said(7, 'enter')).map((event) => ({ ...event, timeNs: huge })),
    })
    const bytes = await exported(run, 'perfetto')
    // The field of a timestamp, and its varint by hand.
    const varint: number[] = [8 << 3]
    for (let rest = huge; rest > 0n; rest >>= 7n) varint.push(Number(rest & 127n) | (rest > 127n ? 128 : 0))
    expect(bytes.includes(Buffer.from(varint))).toBe(true)
  })
})

describe('other files', () => {
  test('Chrome JSON: begins and ends by process, microseconds with all digits', async () => {
    const text = (await exported(await aRun(), 'chrome')).toString()
    const { traceEvents, displayTimeUnit } = JSON.parse(text) as {
      traceEvents: Record<string, unknown>[]
      displayTimeUnit: string
    }
    expect(displayTimeUnit).toBe('ns')
    const of7 = traceEvents.filter(({ pid, ph }) => pid === 7 && ph !== 'i' && ph !== 'M')
    expect(of7.map(({ ph }) => ph).join('')).toBe('BBEBEECBBEBEEC')
    expect(text).toContain('"ts":8498202126.456,')
    expect(traceEvents).toContainEqual({ ph: 'M', name: 'process_name', pid: 7, tid: 7, args: { name: 'readfile' } })
  })

  test('CSV: every event of every process, quoted where it must be', async () => {
    const lines = (await exported(await aRun(), 'csv')).toString().split('\n')
    expect(lines[0]).toBe('time_ns,cpu,pid,comm,flags,event,message')
    expect(lines[3]).toBe('8498202126456,0,7,<...>,d...,print,enter')
    expect(lines.slice(-3).join('\n')).toContain('print,"odd ""text"",\n\\x1b[2J"')
  })

  test('JSON lines, in the order of time', async () => {
    const rows = (await exported(await aRun(), 'jsonl'))
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(rows.map((row) => row['time_ns'])).toEqual(EVENTS.map(({ timeNs }) => Number(timeNs)))
    expect(rows.at(-1)).toMatchObject({ pid: 9, message: 'odd "text",\n\u001b[2J' })
  })

  test('the recording, as it is', async () => {
    expect((await exported(await aRun(), 'dat')).toString()).toBe('raw pages')
  })

  test.each<[string, Partial<TraceRequest>, number]>([
    ['a process', { pid: 9 }, 1],
    ['an event by its name', { probe: 'sched_process_exec' }, 1],
    ['a time', { from: '8498.202126', to: '8498.202127' }, 2],
  ])('a part: %s', async (_what, request, count) => {
    expect((await exported(await aRun(), 'csv', request)).toString().match(/^\d{13},/gm)).toHaveLength(count)
  })
})

describe('what goes wrong leaves nothing', () => {
  const attempt = async (run: StoredRun, format: Format, file: string, request: Partial<TraceRequest> = {}) =>
    await failureOf(
      exportStep({ run, format, file, request: { ...NOTHING, ...request }, order: undefined }, testContext(tempDir())),
    )

  test('a damaged table', async () => {
    const run = await aRun()
    writeFileSync(join(run.dir, 'events.parquet'), 'no Parquet')
    const dir = tempDir()
    expect(await attempt(run, 'perfetto', join(dir, 'out'))).toMatchObject({
      kind: 'user',
      parts: { fact: expect.stringMatching(/cannot be read/), wayOut: expect.stringMatching(/--dat/) },
    })
    expect(readdirSync(dir)).toEqual([])
  })

  test('a program that the run does not have', async () => {
    const dir = tempDir()
    expect(await attempt(await aRun(), 'csv', join(dir, 'out'), { probe: 'nobody' })).toMatchObject({ kind: 'user' })
    expect(readdirSync(dir)).toEqual([])
  })

  test('a directory that does not exist, and one where the file should be', async () => {
    const dir = tempDir()
    mkdirSync(join(dir, 'taken'))
    expect(await attempt(await aRun(), 'csv', join(dir, 'no', 'out'))).toMatchObject({ kind: 'user' })
    expect(await attempt(await aRun(), 'csv', join(dir, 'taken'))).toMatchObject({ kind: 'user' })
    expect(readdirSync(dir)).toEqual(['taken'])
  })
})
