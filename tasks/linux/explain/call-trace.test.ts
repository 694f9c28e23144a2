import { expect, test } from 'vitest'
import { explainText } from './index.ts'

const found = (text: string) => explainText(text).map(({ rule, what }) => `${rule}: ${what}`)

const FAULT = `[  9.1] Call Trace:
[  9.1]  <TASK>
[  9.1]  ? show_regs.cold+0x1a/0x1f
[  9.1]  ? page_fault_oops+0xaf/0x270
[  9.1]  ? asm_exc_page_fault+0x27/0x30
[  9.1]  ? strange_value+0x6d/0x120
[  9.1]  demo_read+0x1d/0x50
[  9.1]  bpf_prog_182d4293644cc965_on_read+0x549/0x558`

test('the middle of a report says what kind it was, where, and which program ran', () => {
  const [finding, ...others] = explainText(FAULT)
  expect(others).toEqual([])
  expect(finding).toMatchObject({
    rule: 'call trace without its beginning',
    what: 'a page fault in the kernel, in demo_read',
    confidence: 'likely',
    lines: [1],
  })
  expect(finding?.cause).toMatch(/not mapped.*on_read/)
})

test('a trace whose report is there belongs to it', () => {
  const report = `[  9.1] BUG: unable to handle page fault for address: ffff888000000000\n${FAULT}`
  expect(found(report).map((text) => text.split(':')[0])).toEqual(['splat'])
})

test('a trace that says nothing about its kind is only possible', () => {
  const [finding] = explainText('Call Trace:\n demo_a+0x1/0x2\n demo_b+0x1/0x2\n demo_c+0x1/0x2\n')
  expect(finding).toMatchObject({ what: 'a call trace, in demo_a', confidence: 'possible' })
})

test('two frames, or prose below the words, are no trace', () => {
  expect(found('Call Trace:\n demo_a+0x1/0x2\n demo_b+0x1/0x2\nand so on')).toEqual([])
  expect(found('Call trace: the list below\nof functions')).toEqual([])
})

test('frames alone, with the time of the kernel before them, are the middle of a report', () => {
  const frames = ['demo_a', 'demo_b', 'demo_c'].map((name) => `[  209.861650]  ? ${name}+0x53/0xa0`)
  expect(found(frames.join('\n'))).toEqual(['call trace without its beginning: a call trace, in demo_a'])
  expect(found(frames.slice(1).join('\n'))).toEqual([])
})

const traceOf = (...names: string[]) => ['Call Trace:', ...names.map((name) => ` ${name}+0x1/0x2`)].join('\n')

test('functions that any trace may have do not decide what kind it is', () => {
  const fault = traceOf('io_schedule', 'filemap_fault', 'handle_mm_fault', 'exc_page_fault', 'asm_exc_page_fault')
  expect(found(fault)).toEqual(['call trace without its beginning: a call trace, in io_schedule'])
  const locks = traceOf('schedule', '? lockdep_hardirqs_on', '? __kasan_kmalloc', 'demo_wait')
  expect(found(locks)).toEqual(['call trace without its beginning: a call trace, in schedule'])
})

test('of a trace without an end the first frames are kept', () => {
  const many = Array.from({ length: 200 }, (_, index) => `demo_${index}`)
  expect(found(traceOf(...many, 'page_fault_oops'))).toEqual([
    'call trace without its beginning: a call trace, in demo_0',
  ])
})
