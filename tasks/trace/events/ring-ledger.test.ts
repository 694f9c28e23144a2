import { expect, test } from 'vitest'
import { lossLedger } from './loss.ts'
import { parseRingStats, ringBalance } from './ring-ledger.ts'

const stats = (read: number, entries = 0): string =>
  `entries: ${entries}\noverrun: 0\ncommit overrun: 0\nbytes: 0\noldest event ts: 1.0\nnow ts: 2.0\ndropped events: 0\nread events: ${read}\n`
const ledger = (cpus: readonly string[], events: number, countersAreFinal: boolean) =>
  lossLedger({ stats: cpus, missed: [], markers: [], notUnderstood: 0, recorded: { events, countersAreFinal } })

test('a run whose events are those that the ring buffers gave is complete', () => {
  expect(ledger([stats(7), stats(15)], 22, true)).toMatchObject({ completeness: 'complete', reasons: [] })
})

test('events that the buffers gave to somebody else are counted as lost', () => {
  const { completeness, losses, reasons } = ledger([stats(7), stats(15)], 3, true)
  expect({ completeness, taken: losses.taken }).toEqual({ completeness: 'incomplete', taken: 19 })
  expect(reasons).toEqual(['19: events were read from the ring buffer by somebody other than the recorder'])
})

test('a trace with more events than the buffers count: they were cleared', () => {
  const { completeness, reasons } = ledger([stats(2)], 9, true)
  expect(completeness).toBe('incomplete')
  expect(reasons.join()).toContain('the trace has 9 events and the ring buffers count 2: somebody cleared')
})

test.each([
  ['were still in the buffer when trace-cmd read its counters, and in its file', 10, 4, 14, 'complete', 0],
  ['were left in the buffer', 10, 4, 10, 'incomplete', 4],
  ['are neither of both', 10, 4, 12, 'unknown', null],
])('events that %s', (_, read, entries, events, completeness, unread) => {
  expect(ledger([stats(read, entries)], events, false)).toMatchObject({ completeness, losses: { unread } })
})

test('counters that cannot be read are compared with nothing', () => {
  expect(ringBalance([null], { events: 4, countersAreFinal: true })).toEqual({
    unread: undefined,
    taken: 0,
    losses: [],
    doubts: [],
  })
  expect(parseRingStats('entries: 0\n')).toBeUndefined()
})
