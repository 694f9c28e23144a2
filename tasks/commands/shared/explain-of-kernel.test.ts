import { expect, test } from 'vitest'
import type { KernelView } from '../../build/preflight/kernel.ts'
import { explainText } from '../../linux/explain/index.ts'
import { askKernel } from './explain-of-kernel.ts'

/** A kernel of which nothing is known. */
const UNKNOWN = {
  kernel: { name: 'v9', options: {}, expose: [], parallelPath: [], patches: [], config: [], debug: 'none' },
  version: undefined,
  facts: undefined,
  config: new Map(),
  tree: undefined,
  state: 'nothing',
  note: 'not built',
} as unknown as KernelView

test('a function is answered by the kernel that was asked, and what was said before is what else it can be', async () => {
  const text = '$ grep do_foo /proc/kallsyms\n$ \n[ 1.0] kprobes: kprobes globally disabled'
  const plain = { source: '-', lines: 3, findings: explainText(text), more: 0 }
  const [asked] = await askKernel([plain], UNKNOWN)
  const [symbol, other] = asked?.findings ?? []
  expect(symbol?.cause).toMatch(/^in v9: /)
  expect(symbol).toMatchObject({ confidence: 'possible', otherwise: plain.findings[0]?.cause })
  expect(other).toEqual(plain.findings[1])
})
