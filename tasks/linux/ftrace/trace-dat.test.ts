import { expect, test } from 'vitest'
import { PAGE, traceDat, type TraceData } from './trace-dat.ts'

const DATA: TraceData = {
  meta: {
    headerPage: Buffer.from('page'),
    headerEvent: Buffer.from('event'),
    formats: new Map(),
    kallsyms: Buffer.alloc(0),
    printkFormats: Buffer.alloc(0),
  },
  cpus: [Buffer.alloc(0), Buffer.alloc(PAGE, 1)],
  stats: ['', ''],
  cmdlines: '',
  clock: 'mono',
  uname: '',
}
const TABLE = Buffer.from('flyrecord\0')

test('behind the table of CPUs are always eight bytes of zeros before the first page', () => {
  const begins = new Set<number>()
  for (let length = 0; length < PAGE; length++) {
    const file = Buffer.concat(traceDat({ ...DATA, uname: 'x'.repeat(length) }))
    const end = file.indexOf(TABLE) + TABLE.length + 2 * 16
    const first = Number(file.readBigUInt64LE(end - 16))
    begins.add(first - end)
    expect(first % PAGE).toBe(0)
    if (first - end < 8 || file.readBigUInt64LE(end) !== 0n)
      expect.fail(`${first - end} bytes with a uname of ${length}`)
  }
  // Every place in a page was tried.
  expect(begins.size).toBe(PAGE)
})

test('pages that are not whole are refused', () => {
  expect(() => traceDat({ ...DATA, cpus: [Buffer.alloc(5)] })).toThrow('not whole pages')
})
