import { describe, expect, test } from 'vitest'
import { MAPS_OBJECT } from './bpf-object.fixture.ts'
import { mapTypeName, readBpfObject } from './bpf-object.ts'
import { Btf } from './btf.ts'
import { decode, encode, fieldNames, fieldOf } from './btf-value.ts'

const object = readBpfObject(MAPS_OBJECT)
const { btf } = object
const type = (name: string): number => {
  const found = btf.named(name)
  if (found === undefined) throw new Error(`no ${name}`)
  return found
}

describe('a BPF object', () => {
  test('has the maps that its C declares, with their types and sizes', () => {
    const maps = object.maps.map(({ name, type: kind, key, value, keySize, valueSize, maxEntries }) => [
      name,
      mapTypeName(kind),
      `${btf.nameOf(key ?? 0)} -> ${btf.nameOf(value ?? 0)}`,
      keySize,
      valueSize,
      maxEntries,
    ])
    expect(maps.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))).toEqual([
      ['by_pid', 'hash', '__u32 -> struct seen', 4, 64, 64],
      ['names', 'lru_hash', 'char[8] -> __u32', 8, 4, 64],
      ['numbers', 'array', '__u32 -> __u64', 4, 8, 2],
      ['per_cpu', 'percpu_array', '__u32 -> __u32', 4, 4, 1],
      ['target', 'array', '__u32 -> struct wanted', 4, 16, 1],
    ])
  })

  test('has its global variables with section and offset', () => {
    expect(object.globals.map(({ name, section, offset }) => [name, section, offset])).toEqual([
      ['target_pid', '.data', 0],
      ['copies', '.bss', 0],
    ])
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a text', Buffer.from('int main() {}\n'.repeat(20))],
    ['the first half', MAPS_OBJECT.subarray(0, MAPS_OBJECT.length / 2)],
  ])('that is %s is refused with a sentence', (_, bytes) => {
    expect(() => readBpfObject(bytes)).toThrow(/not a 64-bit|behind the end/)
  })

  test('that is damaged anywhere never ends in anything but a value or a named error', () => {
    // Every byte of it once, changed: no endless loop, no RangeError of a Buffer.
    for (let at = 0; at < MAPS_OBJECT.length; at += 3) {
      const bytes = Buffer.from(MAPS_OBJECT)
      bytes[at] = (bytes[at] ?? 0) ^ 0xff
      try {
        const { btf: types, maps } = readBpfObject(bytes)
        for (const { value } of maps) if (value !== undefined) decode(types, value, Buffer.alloc(256))
      } catch (error) {
        expect(`${at} ${(error as Error).constructor.name}`).toMatch(/ (BtfError|ElfError)$/)
      }
    }
  })
})

describe('bytes of a struct', () => {
  const seen = Buffer.alloc(64)
  seen.writeUInt32LE(50, 0)
  seen.write('readfile', 4)
  seen.writeBigUInt64LE(0x55a5c2f3e2a0n, 24)
  seen.writeBigUInt64LE(0xffff888003b23000n, 32)
  seen.writeUInt32LE(7, 40)
  seen.writeInt16LE(-2, 44)
  seen[46] = 1
  seen.writeUInt32LE(8, 48)
  seen.writeUInt32LE(1, 52)
  seen.writeUInt32LE(5 | (17 << 3), 56)

  test('are its fields: text, pointers, enumerators, signs, bit fields', () => {
    expect(decode(btf, type('seen'), seen)).toEqual({
      pid: 50,
      comm: 'readfile',
      buffer: 0x55a5c2f3e2a0,
      from: '0xffff888003b23000',
      state: 'BUSY',
      delta: -2,
      first: true,
      dev: { major: 8, minor: 1 },
      low: 5,
      high: 17,
    })
  })

  test('that hold more than a JSON number keep every digit', () => {
    const bytes = Buffer.alloc(8, 0xff)
    expect(decode(btf, type('__u64'), bytes)).toBe('18446744073709551615')
    expect(decode(btf, type('__s32'), bytes)).toBe(-1)
  })

  test('that are no UTF-8 are kept as single characters', () => {
    seen.writeUInt8(0xfe, 4)
    expect(decode(btf, type('seen'), seen)).toMatchObject({ comm: '\xfeeadfile' })
  })

  test('that are too few are refused', () => {
    expect(() => decode(btf, type('seen'), seen.subarray(0, 63))).toThrow('struct seen has 64 bytes, and 63 are there')
  })
})

describe('a written value', () => {
  const field = (name: string) => fieldOf(btf, type('wanted'), name)

  test('becomes the bytes of its type', () => {
    expect(encode(btf, type('__u32'), '3').toString('hex')).toBe('03000000')
    expect(encode(btf, type('__s32'), '-1').toString('hex')).toBe('ffffffff')
    expect(encode(btf, type('__u64'), '0xffff888012345678').toString('hex')).toBe('785634128088ffff')
    expect(encode(btf, type('state'), 'BUSY').toString('hex')).toBe('07000000')
    expect(encode(btf, field('name')?.type ?? 0, 'hello').toString('hex')).toBe('68656c6c6f000000')
  })

  test('that does not fit is refused', () => {
    expect(() => encode(btf, type('__u32'), '4294967296')).toThrow('does not fit into __u32 (0 to 4294967295)')
    expect(() => encode(btf, type('__u32'), '-1')).toThrow('does not fit')
    expect(() => encode(btf, type('__u32'), 'three')).toThrow('"three" is not a whole number')
    expect(() => encode(btf, type('state'), 'LAZY')).toThrow('"LAZY" is not one of IDLE, BUSY')
    expect(() => encode(btf, field('name')?.type ?? 0, 'hello world')).toThrow('has 11 bytes, and char[8] 8')
    expect(() => encode(btf, type('wanted'), '3')).toThrow('give its fields (pid, bytes, name)')
  })

  test('finds fields by name', () => {
    expect(field('bytes')?.offset).toBe(4)
    expect(field('size')).toBeUndefined()
    expect(fieldNames(btf, type('seen'))).not.toContain('low')
  })
})

test('types that end in the middle are refused', () => {
  expect(() => new Btf(Buffer.alloc(24))).toThrow('no BTF header')
})
