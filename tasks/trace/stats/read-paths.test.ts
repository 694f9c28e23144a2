import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { writeEvents } from '../events/events-parquet.ts'
import { pathsOf } from './read-paths.ts'

const dir = mkdtempSync(join(tmpdir(), 'lab-unit-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const file = (name: string) => join(dir, `${name}.parquet`)
const spill = join(dir, 'spill')

const event = (pid: number, us: number, message: string, name = 'bpf_trace_printk'): TraceEvent => ({
  timeNs: 8_000_000_000n + BigInt(us * 1000),
  cpu: 0,
  pid,
  comm: 'x',
  event: name,
  message,
})
const READ = ['enter', 'copy to 0xffff8880036e0000 len 16', 'leave']
const ORDER = [
  { kind: 'text', text: 'enter' },
  { kind: 'regex', regex: /^copy to 0x[0-9a-f]+ len 16$/u },
  { kind: 'text', text: 'leave' },
] as const
/** Reads of three messages, 10 and 30 us apart; each read with an address of its own. */
const reads = (pid: number, count: number, from = 0) =>
  Array.from({ length: count }, (_, index) =>
    READ.map((text, step) =>
      event(pid, from + index * 100 + [0, 10, 40][step]!, text.replace('36e0', `${3600 + index}`)),
    ),
  ).flat()

beforeAll(async () => {
  await writeEvents(file('one'), [
    event(7, -20, 'comm=x pid=7 child_comm=x child_pid=8', 'sched_process_fork'),
    ...reads(7, 3),
    ...reads(8, 2, 1000),
    // Somebody else, and a message of the workload that is cut off.
    ...reads(99, 5, 2000),
    event(7, 5000, 'enter'),
  ])
  await writeEvents(file('two'), reads(7, 4))
  await writeEvents(
    file('plain'),
    [0, 1, 2, 3].map((index) => event(5, index * 10, 'a=1', ['open', 'close'][index % 2])),
  )
  await writeEvents(file('none'), [])
})

describe('paths', () => {
  test('the reads of the workload and its children over several runs; nobody else, nothing half', async () => {
    const [path] = await pathsOf(
      ['one', 'two'].map((name) => ({ file: file(name), group: 0, pid: 7 })),
      [{ order: ORDER }],
      spill,
    )
    expect(path?.kind.count).toBe(9)
    expect(path?.others).toBe(1)
    expect(path?.kind.gaps.map(({ values }) => [...new Set(values)])).toEqual([[10_000], [30_000]])
    expect(path?.typical.map(({ time, message }) => [time, message.replace(/0x\w+/, 'A')])).toEqual([
      [0, 'enter'],
      [10_000, 'copy to A len 16'],
      [40_000, 'leave'],
    ])
    expect(path?.steps).toEqual(['enter', 'copy to 0x… len 16', 'leave'])
    expect([...(path?.kind.byRun() ?? [])].map(([run, list]) => [run, list.length])).toEqual([
      [0, 5],
      [1, 4],
    ])
  })

  test('a read that begins at the moment when another ends is shown from its own first message', async () => {
    await writeEvents(file('touching'), [event(7, 0, 'enter'), event(7, 0, 'leave'), ...reads(7, 1)])
    const [path] = await pathsOf([{ file: file('touching'), group: 0, pid: 7 }], [{ order: ORDER }], spill)
    expect(path?.typical.map(({ time, message }) => [time, message.replace(/0x\w+/, 'A')])).toEqual([
      [0, 'enter'],
      [10_000, 'copy to A len 16'],
      [40_000, 'leave'],
    ])
  })

  test('more different messages than are told apart: each group keeps the reads that its order means', async () => {
    const many = (pid: number, length: number) =>
      reads(pid, 3000).map((event, index) => ({
        ...event,
        message: event.message.replace(
          /to 0x\w+ len 16/,
          `to 0xffff88800${(0x100000 + index + pid).toString(16)} len ${length}`,
        ),
      }))
    await writeEvents(file('short'), many(7, 16))
    await writeEvents(file('long'), many(7, 64))
    const order = (length: number) => [
      ORDER[0],
      { kind: 'regex', regex: new RegExp(`len ${length}$`, 'u') } as const,
      ORDER[2],
    ]
    const paths = await pathsOf(
      ['short', 'long'].map((name, group) => ({ file: file(name), group, pid: 7 })),
      [{ order: order(16) }, { order: order(64) }],
      spill,
    )
    expect(paths.map((path) => [path?.kind.count, path?.others])).toEqual([
      [3000, 0],
      [3000, 0],
    ])
  })

  test('processes that take turns, and messages that are all different, are the reads that each process made', async () => {
    // More than become numbers in DuckDB; times since 1970, of which a double holds no nanoseconds.
    const count = 6000
    const epoch = 1_790_000_000_000_000_001n
    const events = Array.from({ length: count }, (_, index) =>
      [7, 8].flatMap((pid) =>
        ['enter', `copied ${index * 10 + pid}`].map((message, step) => ({
          ...event(pid, 0, message),
          timeNs: epoch + BigInt(index * 1000 + step * 7 + (pid - 7) * 3),
        })),
      ),
    ).flat()
    await writeEvents(
      file('mixed'),
      events.toSorted((a, b) => Number(a.timeNs - b.timeNs)),
    )
    for (const order of [undefined, [ORDER[0], { kind: 'regex', regex: /^copied \d+$/u } as const]]) {
      const [path] = await pathsOf([{ file: file('mixed'), group: 0, pid: undefined }], [{ order }], spill)
      expect(path?.kind.count).toBe(2 * count)
      expect([...new Set(path?.kind.durations.values)]).toEqual([7])
      expect(path?.typical.map(({ time }) => time)).toEqual([0, 7])
      expect(path?.others).toBe(0)
    }
  })

  test('groups are apart; where nothing is declared, numbers are no difference', async () => {
    const found = await pathsOf(
      [
        { file: file('two'), group: 0, pid: 7 },
        { file: file('one'), group: 1, pid: undefined },
      ],
      [{ order: undefined }, { order: undefined }],
      spill,
    )
    expect(found.map((path) => [path?.kind.count, path?.declared])).toEqual([
      [4, false],
      [10, false],
    ])
    expect(found[0]?.steps[1]).toBe('copy to 0x… len N')
  })

  test('an import without messages of probes has the path of its events', async () => {
    const [path] = await pathsOf([{ file: file('plain'), group: 0, pid: undefined }], [{ order: undefined }], spill)
    expect(path?.steps).toEqual(['open', 'close'])
  })

  test('no events, no runs: no path', async () => {
    expect(await pathsOf([{ file: file('none'), group: 0, pid: 7 }], [{ order: ORDER }], spill)).toEqual([undefined])
    expect(await pathsOf([], [{ order: ORDER }], spill)).toEqual([undefined])
  })
})
