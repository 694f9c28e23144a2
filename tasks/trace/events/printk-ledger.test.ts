import { expect, test } from 'vitest'
import { silentPrinters } from './printk-ledger.ts'

test('a refused format is the only reason for a program without branches, and one of two for others', () => {
  const [straight, branched] = silentPrinters(
    [
      { program: 'a', hits: 1, isStraight: true },
      { program: 'b', hits: 3 },
      { program: 'never', hits: 0 },
    ],
    0,
  )
  expect(straight).toMatch(/^a fired 1 time and printed nothing: bpf_trace_printk refuses a format .*%c/)
  expect(branched).toMatch(/^b fired 3 times and printed nothing: either no run got as far .*, or bpf_trace_printk/)
  expect(silentPrinters([{ program: 'a', hits: 1 }], 1)).toEqual([])
})
