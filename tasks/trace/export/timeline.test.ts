import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { Timeline, type Item, type TimelineOptions } from './timeline.ts'
import { said, trace } from '../events/trace.fixture.ts'

const ORDER = ['enter', 'middle', 'exit'].map((text) => (message: string) => message === text)
const OPTIONS: TimelineOptions = {
  order: ORDER,
  unit: 'call',
  comm: (pid) => (pid === 7 ? 'readfile' : 'sshd'),
  notes: { name: 'trace complete', args: { run: 'r' } },
}

function itemsOf(events: readonly TraceEvent[], options = OPTIONS): Item[] {
  const timeline = new Timeline(options)
  return [...events.flatMap((event) => [...timeline.add(event)]), ...timeline.finish()]
}

/** The items of one track as "time what name", relative to the first event. */
function lines(items: readonly Item[], wanted: string): string[] {
  return items.flatMap((item) => {
    if (item.type === 'track' || item.track.name !== wanted) return []
    const what = item.type === 'counter' ? `= ${item.value}` : 'name' in item ? `${item.type} ${item.name}` : item.type
    return [`${Number(item.timeNs) / 1000} ${what}`]
  })
}

describe('the track of a process', () => {
  test('a slice for each read, in it a step up to each next message; the last message is a point', () => {
    const items = itemsOf(trace(said(7, 'enter', 'middle', 'exit', 'enter', 'middle', 'exit')))
    expect(lines(items, 'readfile-7')).toEqual([
      '1 begin call',
      '1 begin enter',
      '2 end',
      '2 begin middle',
      '3 end',
      '3 instant exit',
      '3 end',
      '4 begin call',
      '4 begin enter',
      '5 end',
      '5 begin middle',
      '6 end',
      '6 instant exit',
      '6 end',
    ])
    expect(lines(items, 'duration of one call')).toEqual(['3 = 2000', '6 = 2000'])
  })

  test('a read that is not whole says so, and counts for no duration', () => {
    const items = itemsOf(trace(said(7, 'enter', 'middle', 'enter', 'exit')))
    const ends = items.flatMap((item) => (item.type === 'end' && item.args ? [item.args] : []))
    expect(ends).toEqual([
      { messages: 2, whole: 'NO' },
      { messages: 2, whole: 'NO' },
    ])
    expect(lines(items, 'duration of one call')).toEqual([])
  })

  test('system calls stand around the reads in them', () => {
    const call = (event: string, message: string) => ({ pid: 7, event, message })
    const items = itemsOf(
      trace(call('sys_enter_read', 'fd: 3'), said(7, 'enter', 'middle', 'exit'), call('sys_exit_read', '0x10')),
    )
    expect(lines(items, 'readfile-7')).toEqual([
      '1 begin read()',
      '2 begin call',
      '2 begin enter',
      '3 end',
      '3 begin middle',
      '4 end',
      '4 instant exit',
      '4 end',
      '5 end',
    ])
  })

  test('without a declared order a round begins where the first message comes again', () => {
    const items = itemsOf(trace(said(7, 'a 1', 'b', 'a 2')), { ...OPTIONS, order: undefined })
    expect(lines(items, 'readfile-7')).toEqual([
      '1 begin round',
      '1 begin a N',
      '2 end',
      '2 instant b',
      '2 end',
      '3 begin round',
      '3 instant a N',
      '3 end',
    ])
  })
})

test('the track of a CPU has everything that happened on it, and what ran', () => {
  const on = (message: string) => ({ pid: 7, event: 'sched_switch', message })
  const items = itemsOf(
    trace(
      on('prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=read file next_pid=7 next_prio=120'),
      said(7, 'enter'),
      on('read file:7 [120] R ==> swapper/0:0 [120]'),
      said(9, 'other'),
    ),
  )
  expect(lines(items, 'CPU 0')).toEqual(['1 begin read file-7', '2 instant enter', '3 end', '4 instant other'])
})

test('the first thing that is said is which run this is, and whether anything is missing', () => {
  expect(lines(itemsOf(trace(said(7, 'enter'))), 'lab')).toEqual(['1 instant trace complete'])
})

test('whatever the trace holds, slices of a track are nested, every begin has its end, and no message is lost', () => {
  const event = fc.record({
    pid: fc.constantFrom(0, 7, 8),
    cpu: fc.constantFrom(0, 1),
    event: fc.constantFrom('print', 'sys_enter_read', 'sys_exit_read', 'sys_exit_write', 'sched_switch', 'other'),
    message: fc.constantFrom('enter', 'middle', 'exit', 'x', ' ==> a:7 [1]', ' ==> b:0 [1]'),
    step: fc.integer({ min: 0, max: 3 }),
  })
  fc.assert(
    fc.property(fc.array(event), fc.boolean(), (list, declared) => {
      let timeNs = 0n
      const events = list.map(({ step, ...event }) => ({ ...event, comm: 'c', timeNs: (timeNs += BigInt(step)) }))
      const items = itemsOf(events, { ...OPTIONS, order: declared ? ORDER : undefined })
      const open = new Map<number, number>()
      const last = new Map<number, bigint>()
      const known = new Set<number>()
      for (const item of items)
        if (item.type === 'track') {
          expect(item.track.parent === undefined || known.has(item.track.parent)).toBe(true)
          known.add(item.track.id)
        } else expect(known.has(item.track.id)).toBe(true)
      const slices = items.flatMap((item) => (item.type === 'begin' || item.type === 'end' ? [item] : []))
      for (const { type, track, timeNs: at } of slices) {
        expect(at).toBeGreaterThanOrEqual(last.get(track.id) ?? 0n)
        last.set(track.id, at)
        const depth = (open.get(track.id) ?? 0) + (type === 'begin' ? 1 : -1)
        expect(depth).toBeGreaterThanOrEqual(0)
        open.set(track.id, depth)
      }
      expect([...open.values()].every((depth) => depth === 0)).toBe(true)
      const printed = events.filter(({ event: name }) => name === 'print').length
      const shown = (kind: string) =>
        items.filter((item) => 'args' in item && item.args && 'message' in item.args && item.track.kind === kind).length
      // What ran is a slice on a CPU's track; everything else is a point.
      const switches = events.filter(({ event: name, message }) => name === 'sched_switch' && message.includes('==>'))
      expect(shown('thread') + shown('notes')).toBeGreaterThanOrEqual(printed)
      expect(shown('cpu')).toBe(events.length - switches.length)
    }),
  )
})
