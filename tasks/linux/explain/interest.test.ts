import { expect, test } from 'vitest'
import { BIT, interestOf, type ReaderName } from './interest.ts'
import { ROWS } from './messages/index.ts'

test.each<[ReaderName, string]>([
  ['context', '[    0.000000] Linux version 5.10.0 (lab@lab)'],
  ['splats', '[   12.3] BUG: KASAN: use-after-free in f+0x1/0x2'],
  ['trace', '     readfile-95 [000] d....     8.498202: bpf_trace_printk: x'],
  ['verifier', "R0 invalid mem access 'map_value_or_null'"],
  ['verifier', '8: (79) r1 = *(u64 *)(r0 +0)'],
  ['search', '$ grep copyout /proc/kallsyms'],
  ['errorLog', '[   88.1] trace_kprobe: error: Invalid probed address or symbol'],
  ['btf', '[2] ENUM64 states size=8 vlen=2 Invalid kind:19'],
  ['addresses', 'copyout to 0x12b96e0 from 0xffff8880036e0000'],
])('%s is asked about: %s', (reader, line) => {
  expect(interestOf(line).readers & BIT[reader]).not.toBe(0)
})

test('rows of the tables by their index, and nothing for a line that concerns nobody', () => {
  const line = 'libbpf: failed to find valid kernel BTF'
  const rows = interestOf(line).rows.map((index) => ROWS[index]?.rule)
  expect(rows).toContain('no BTF in the kernel')
  expect(interestOf('[    3.1] usb 1-1: new high-speed device')).toEqual({ rows: [], readers: BIT.trace })
  expect(interestOf('an ordinary sentence')).toEqual({ rows: [], readers: 0 })
})
