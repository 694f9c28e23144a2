import { expect, test } from 'vitest'
import { explainText } from './index.ts'

const HEADER = [
  'magic: 0xeb9f',
  'version: 1',
  'flags: 0x0',
  'hdr_len: 24',
  'type_off: 0',
  'type_len: 952',
  'btf_total_size: 2168',
]

test.each([
  [
    ['[1] PTR (anon) type_id=2', '[2] ENUM64 states size=8 vlen=2 Invalid kind:19'],
    /newer than the kernel/,
    /type 2 \(ENUM64 states\)/,
  ],
  [
    ['[1] INT int size=4 bits_offset=0 nr_bits=32 encoding=SIGNED', '[2] Invalid kind:16'],
    /newer than the kernel/,
    /type 2 /,
  ],
  [['[3] STRUCT Option<u64> size=16 vlen=2 Invalid name'], /identifier of C/, /STRUCT Option<u64>/],
  [['[4] DATASEC .rodata size=0 vlen=1 size == 0'], /contradicts itself/, /DATASEC/],
  [
    ['[5] STRUCT s size=4 vlen=1', '\tm type_id=1 bits_offset=64 Member exceeds struct_size'],
    /contradicts itself/,
    /STRUCT s/,
  ],
  [['Section overlap found'], /sections of the BTF/, /the BTF/],
  [['[7] FUNC main type_id=6 vlen != 0'], /contradicts itself/, /FUNC main/],
])('%j', (lines, cause, what) => {
  for (const prefix of ['', 'libbpf: ', '    ']) {
    const found = explainText([...HEADER, ...lines].map((line) => prefix + line).join('\n'))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      rule: 'BTF of the object is refused',
      cause: expect.stringMatching(cause),
      what: expect.stringMatching(what),
    })
  }
})

test('a log that the kernel accepted, and other lists with numbers in brackets, say nothing', () => {
  expect(explainText([...HEADER, '[1] PTR (anon) type_id=2', '[2] STRUCT s size=4 vlen=0'].join('\n'))).toEqual([])
  expect(explainText('[1] Invalid assumptions\n[2] STRUCT of the paper\n[3] INT 13h Invalid size')).toEqual([])
})
