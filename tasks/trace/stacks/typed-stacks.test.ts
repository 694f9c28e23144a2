import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Column } from '../../linux/objects/event-record.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { writeTyped } from '../events/typed-parquet.ts'
import { folded, foldedText } from './folded.ts'
import { RunCode } from './run-code.ts'
import { withStacks } from './stack-text.ts'
import { typedStacks } from './typed-stacks.ts'

const KERNEL = 0xffff_ffff_8100_0000n
const CODE = new RunCode(
  [{ from: KERNEL, to: KERNEL + 0x100n, name: 'read', of: 'kernel' }],
  [
    { at: KERNEL + 0x10n, names: ['copy'], of: 'kernel' },
    { at: 0x5555_0010n, names: ['leaf'], of: 'a', ids: [7] },
    { at: 0x5555_010fn, names: ['in_outer', 'outer'], of: 'a', ids: [7] },
    { at: 0x5555_0010n, names: ['other'], of: 'b', ids: [9] },
  ],
)
const USER = [0x5555_0010n, 0x5555_0110n, 0n, 0n]

const column = (path: string, type: string): Column => ({ path, type, read: () => 0, show: String })

test('stacks of typed events count once each, by whose they are; inlined functions are frames', async () => {
  const file = join(tempDir(), 'asked.parquet')
  const records = [7, 7, 9, 8].map((thread, index) => ({
    timeNs: BigInt(index),
    thread,
    cpu: 0,
    comm: 'a',
    values: [[KERNEL + 0x10n, 0n], USER],
  }))
  const columns = [column('kernel_stack', 'UBIGINT[]'), column('user_stack', 'UBIGINT[]')]
  await writeTyped(file, { name: 'asked', type: 'struct asked', columns, records })
  expect(foldedText(folded((await typedStacks(file)) ?? [], CODE))).toBe(
    `a;outer;in_outer (inlined);leaf;read;copy (inlined) 2
a;0x55550110;0x55550010;read;copy (inlined) 1
a;0x55550110;other;read;copy (inlined) 1
`,
  )
})

test('a channel without stacks has none', async () => {
  const file = join(tempDir(), 'seen.parquet')
  const records = [{ timeNs: 1n, thread: 7, cpu: 0, comm: 'a', values: [[1, 2], 5] }]
  await writeTyped(file, {
    name: 'seen',
    type: 'struct seen',
    columns: [column('numbers', 'UBIGINT[]'), column('stack_id', 'UINTEGER')],
    records,
  })
  expect(await typedStacks(file)).toBeUndefined()
})

test('in a message functions stand in place of addresses, and other fields stay', () => {
  const message = `id=3 my.user_stack=[${USER.join(',')}] kernel_stack=[0,0] stacked=[x] list=[1,2]`
  expect(withStacks(message, CODE, { pid: 7, comm: 'a' })).toBe(
    'id=3 my.user_stack=[leaf <- in_outer (inlined) <- outer] kernel_stack=[[no stack]] stacked=[x] list=[1,2]',
  )
})
