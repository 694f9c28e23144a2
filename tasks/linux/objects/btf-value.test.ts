import { expect, test } from 'vitest'
import { decode, fieldNames, fieldOf } from './btf-value.ts'
import { Btf, BtfError } from './btf.ts'

/**
 * Structs without names whose members have none either, by the numbers of their types; each has 4 bytes
 * (Documentation/bpf/btf.rst).
 */
function structs(all: readonly (readonly number[])[]): Btf {
  const KIND_STRUCT = 4
  const words = all.flatMap((members) => [
    0,
    (KIND_STRUCT << 24) | members.length,
    4,
    ...members.flatMap((type) => [0, type, 0]),
  ])
  const types = Buffer.alloc(words.length * 4)
  for (const [index, word] of words.entries()) types.writeUInt32LE(word, index * 4)
  const head = Buffer.alloc(24)
  head.writeUInt16LE(0xeb9f, 0)
  head[2] = 1
  for (const [index, value] of [24, 0, types.length, types.length, 1].entries())
    head.writeUInt32LE(value, 4 + 4 * index)
  return new Btf(Buffer.concat([head, types, Buffer.alloc(1)]))
}

test('a struct that has itself for a member', () => {
  const btf = structs([[1]])
  for (const ask of [() => decode(btf, 1, Buffer.alloc(4)), () => fieldOf(btf, 1, 'x'), () => fieldNames(btf, 1)])
    expect(ask).toThrow(BtfError)
})

test('the same bytes by two ways at each of 28 levels', () => {
  const btf = structs([...Array.from({ length: 28 }, (_, index) => [index + 2, index + 2]), []])
  expect(() => decode(btf, 1, Buffer.alloc(4))).toThrow('more than 1000000 values')
})
