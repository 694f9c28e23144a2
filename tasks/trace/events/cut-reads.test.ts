import { describe, expect, test } from 'vitest'
import { Numbers, ReadCutter } from './cut-reads.ts'

/** Rows of one process: a letter each, `step` ns apart. */
function feed(cutter: ReadCutter, letters: string, { run = 0, pid = 1, step = 10, from = 0 } = {}): void {
  for (const [index, letter] of Array.from(letters).entries())
    cutter.row(run, pid, from + index * step, letter.charCodeAt(0) - 97, from + index)
}
const declared = (order: string): ReadCutter =>
  new ReadCutter({
    length: order.length,
    mask: (text) =>
      Array.from(order).reduce(
        (mask, letter, index) => (letter.charCodeAt(0) - 97 === text ? mask | (1 << index) : mask),
        0,
      ),
  })

describe('declared', () => {
  test('whole reads give the time of each step; exec and cut-off ones are counted apart', () => {
    const cutter = declared('abc')
    feed(cutter, 'ababcabcab')
    const kind = cutter.finish()
    expect(kind?.count).toBe(2)
    expect(kind?.gaps.map(({ values }) => [...values])).toEqual([
      [10, 10],
      [10, 10],
    ])
    expect([...(kind?.durations.values ?? [])]).toEqual([20, 20])
    expect(cutter.others).toBe(2)
  })

  test('the same message may be in the order twice, the first one too', () => {
    const cutter = declared('aab')
    feed(cutter, 'aabaab')
    expect(cutter.finish()?.count).toBe(2)
    expect(cutter.others).toBe(0)
  })

  test('another message in between makes a read that is not whole', () => {
    const cutter = declared('abc')
    feed(cutter, 'abxcabc')
    expect(cutter.finish()?.count).toBe(1)
    expect(cutter.others).toBe(1)
  })

  test('processes and runs do not run into each other', () => {
    const cutter = declared('ab')
    feed(cutter, 'a', { pid: 1 })
    feed(cutter, 'b', { pid: 2 })
    feed(cutter, 'ab', { run: 1, pid: 2 })
    expect(cutter.finish()?.count).toBe(1)
    expect(cutter.others).toBe(2)
  })
})

describe('not declared', () => {
  test('a read begins where the first message comes again, and the most frequent kind is the path', () => {
    const cutter = new ReadCutter()
    feed(cutter, 'abcabcabxabc')
    const kind = cutter.finish()
    expect(kind?.steps).toEqual([0, 1, 2])
    expect(kind?.count).toBe(3)
    expect(cutter.others).toBe(1)
  })

  test('one message over and over has no steps', () => {
    const cutter = new ReadCutter()
    feed(cutter, 'aaaa')
    expect(cutter.finish()).toBeUndefined()
    expect(cutter.others).toBe(4)
  })

  test('a process that never comes back to its first message is not kept whole in memory', () => {
    const cutter = new ReadCutter()
    feed(cutter, `a${'b'.repeat(100_000)}`)
    expect(cutter.finish()).toBeUndefined()
  })
})

test('the typical read is one that happened, of the median duration', () => {
  const cutter = declared('ab')
  for (const [index, step] of [50, 10, 30].entries()) feed(cutter, 'ab', { run: index, step, from: 1000 })
  expect(cutter.finish()?.typical()).toEqual({ run: 2, pid: 1, row: 1000 })
})

test('numbers grow', () => {
  const numbers = new Numbers()
  for (let index = 0; index < 1000; index++) numbers.push(index)
  expect(numbers.length).toBe(1000)
  expect([numbers.values[0], numbers.values[64], numbers.values[999]]).toEqual([0, 64, 999])
})
