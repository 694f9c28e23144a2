import { expect, test } from 'vitest'
import { silentPrinters } from './printk-ledger.ts'

test('programs that fired and printed nothing are named with both reasons that this can have', () => {
  const silent = silentPrinters(
    [
      { program: 'b', hits: 3 },
      { program: 'never', hits: 0 },
    ],
    0,
  )
  expect(silent).toHaveLength(1)
  expect(silent[0]).toMatch(
    /^b fired 3 times and printed nothing: either no run got as far .*, or bpf_trace_printk .*%c/,
  )
  expect(silentPrinters([{ program: 'a', hits: 1 }], 1)).toEqual([])
})
