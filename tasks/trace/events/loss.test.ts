/**
 * What typed events add to the ledger; the rest of it is seen in test/loss.vm.test.ts, with events that are really
 * lost.
 */
import { describe, expect, test } from 'vitest'
import { lossLedger, type ChannelLoss } from './loss.ts'

const STATS = 'entries: 0\noverrun: 0\ncommit overrun: 0\nbytes: 0\ndropped events: 0\nread events: 5\n'
const whole: ChannelLoss = {
  name: 'seen',
  kind: 'ring buffer',
  sent: 9,
  lost: 0,
  perCpu: [0, 0],
  marked: 0,
  records: 9,
  read: 9,
  untyped: false,
  errno: 0,
}
const ledger = (typed: Partial<ChannelLoss>, skipped = 0) =>
  lossLedger({
    stats: [STATS],
    markers: [],
    notUnderstood: 0,
    typed: [{ ...whole, ...typed }],
    missed: [{ program: 'p', missed: 0, section: 'kprobe/f', skipped }],
  })

describe('typed events in the ledger', () => {
  test('that all arrived leave a run complete', () => {
    expect(ledger({})).toMatchObject({ completeness: 'complete', losses: { typed: 0, skipped: 0 }, reasons: [] })
  })

  test.each([
    ['found the buffer full', { lost: 3, perCpu: [0, 3] }, 3],
    ['were lost by the record of the kernel only', { marked: 4 }, 4],
    ['were sent, told as sent, and did not arrive', { records: 7, read: 7 }, 2],
    ['came as records of another size', { read: 8 }, 1],
  ])('that %s are counted, with their name', (_, typed, lost) => {
    const { completeness, losses, reasons } = ledger(typed)
    expect({ completeness, typed: losses.typed }).toEqual({ completeness: 'incomplete', typed: lost })
    expect(reasons[0]).toMatch(/^\d+: typed events .* \(seen: \d+\)$/)
  })

  test.each([
    ['have no type', { untyped: true, read: 0 }, /9 records of the ring buffer seen have no type/],
    ['have no counters', { sent: -1, lost: -1 }, /has no counters/],
    ['are more than were sent', { read: 10 }, /10 events seen were read, and 9 were sent/],
    ['were not all taken', { errno: 28 }, /stopped early \(errno 28\)/],
  ])('that %s leave it unknown whether the run is complete', (_, typed, reason) => {
    const { completeness, reasons } = ledger(typed)
    expect(completeness).toBe('unknown')
    expect(reasons.join()).toMatch(reason)
  })

  test('a program that was not run although it was hit is a loss', () => {
    expect(ledger({}, 2)).toMatchObject({ completeness: 'incomplete', losses: { skipped: 2 } })
  })
})
