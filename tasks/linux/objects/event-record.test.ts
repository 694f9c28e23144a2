import { describe, expect, test } from 'vitest'
import { MAPS_OBJECT } from './bpf-object.fixture.ts'
import { readBpfObject } from './bpf-object.ts'
import { BtfError } from './btf.ts'
import { eventColumns, eventMessage, HEADER, readHead, recordsIn } from './event-record.ts'

const { btf } = readBpfObject(MAPS_OBJECT)
const seen = btf.named('seen') ?? 0

const record = Buffer.alloc(HEADER + 64)
record.writeBigUInt64LE(5_029_403_960n, 0)
record.writeUInt32LE(49, 8)
record.writeUInt32LE(1, 12)
record.write('readfile', 16)
record.writeUInt32LE(50, HEADER)
record.write('cat\u00e9', HEADER + 4, 'latin1')
record.writeBigUInt64LE(0xffff_ffff_ffff_fff0n, HEADER + 24)
record.writeBigUInt64LE(0xffff888003b23000n, HEADER + 32)
record.writeUInt32LE(7, HEADER + 40)
record.writeInt16LE(-2, HEADER + 44)
record[HEADER + 46] = 1
record.writeUInt32LE(8, HEADER + 48)
record.writeUInt32LE(1, HEADER + 52)
record.writeUInt32LE(5 | (17 << 3), HEADER + 56)

describe('a record of a typed event', () => {
  test('has columns for the fields of its struct, inner ones too, with types that hold every value', () => {
    expect(eventColumns(btf, seen).map(({ path, type }) => `${path} ${type}`)).toEqual([
      'pid UINTEGER',
      'comm VARCHAR',
      'buffer UBIGINT',
      'from UBIGINT',
      'state VARCHAR',
      'delta SMALLINT',
      'first BOOLEAN',
      'dev.major UINTEGER',
      'dev.minor UINTEGER',
      'low VARCHAR',
      'high VARCHAR',
    ])
  })

  test('is read by them: no bit of an integer, no byte of a text is lost', () => {
    const columns = eventColumns(btf, seen)
    const values = columns.map((column) => column.read(record, HEADER))
    expect(values).toEqual([
      50,
      'cat\u00e9',
      0xffff_ffff_ffff_fff0n,
      0xffff888003b23000n,
      'BUSY',
      -2,
      true,
      8,
      1,
      { json: 5 },
      { json: 17 },
    ])
    expect(eventMessage(columns, values)).toBe(
      'pid=50 comm="cat\u00e9" buffer=18446744073709551600 from=0xffff888003b23000 state=BUSY delta=-2 first=true dev.major=8 dev.minor=1 low=5 high=17',
    )
  })

  test('begins with time, thread, CPU and comm', () => {
    expect(readHead(record)).toEqual({ timeNs: 5_029_403_960n, thread: 49, cpu: 1, comm: 'readfile' })
    expect(readHead(Buffer.alloc(HEADER, 'x')).comm).toBe('x'.repeat(16))
    expect(readHead(Buffer.alloc(HEADER, 0xff))).toMatchObject({
      cpu: 0xffff,
      thread: 0xffff_ffff,
      timeNs: 2n ** 64n - 1n,
    })
  })

  test('is of a struct, or refused', () => {
    expect(() => eventColumns(btf, btf.named('__u32') ?? 0)).toThrow(BtfError)
  })
})

test('records stand one behind the other with their sizes; one that is cut off is none', () => {
  const framed = (bytes: Buffer) => Buffer.concat([Buffer.from([bytes.length, 0, 0, 0]), bytes])
  const file = Buffer.concat([framed(Buffer.from('one')), framed(Buffer.alloc(0)), framed(Buffer.from('three'))])
  expect([...recordsIn(file)].map(String)).toEqual(['one', '', 'three'])
  expect([...recordsIn(file.subarray(0, -1))].map(String)).toEqual(['one', ''])
  expect([...recordsIn(Buffer.from([255, 255, 255, 255, 0]))]).toEqual([])
})
