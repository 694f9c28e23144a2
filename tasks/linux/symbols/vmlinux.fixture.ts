/**
 * A small vmlinux as a linker would make it: sections at their addresses, symbols, and the tables that the kernel's
 * linker script gathers.
 */
import type { Read } from '../objects/elf.ts'

interface Part {
  readonly name: string
  /** Low 32 bits; the high ones are set. */
  readonly address: number
  readonly bytes: Buffer
  readonly code?: boolean
}

interface Named {
  readonly name: string
  readonly address: number
  readonly size?: number
  readonly local?: boolean
}

const TEXT = 0x81000000
const INIT = 0x81100000
const DATA = 0x82000000

/** Pointers into the kernel. */
const pointers = (addresses: readonly number[]): Buffer =>
  Buffer.concat(
    addresses.map((address) => {
      const bytes = Buffer.alloc(8, 0xff)
      bytes.writeUInt32LE(address)
      return bytes
    }),
  )

function elf(parts: readonly Part[], symbols: readonly Named[]): Buffer {
  const strings: number[] = [0]
  const text = (name: string): number => {
    const at = strings.length
    strings.push(...Buffer.from(name), 0)
    return at
  }
  const table = Buffer.concat([
    Buffer.alloc(24),
    ...symbols.map(({ name, address, size = 0, local = false }) => {
      const entry = Buffer.alloc(24)
      const index = parts.findIndex((part) => part.address <= address && address <= part.address + part.bytes.length)
      entry.writeUInt32LE(text(name), 0)
      entry[4] = (local ? 0 : 1) << 4
      entry.writeUInt16LE(index + 1, 6)
      entry.writeUInt32LE(address, 8)
      entry.writeUInt32LE(0xffffffff, 12)
      entry.writeUInt32LE(size, 16)
      return entry
    }),
  ])
  const sections = [
    ...parts.map((part) => ({ ...part, type: 1 })),
    { name: '.symtab', address: 0, bytes: table, type: 2, code: false },
  ]
  const names = sections.map(({ name }) => text(name))
  const stringsName = text('.strtab')
  const all = [...sections, { name: '.strtab', address: 0, bytes: Buffer.from(strings), type: 3, code: false }]
  let offset = 64
  const headers = [Buffer.alloc(64)]
  for (const [index, one] of all.entries()) {
    const header = Buffer.alloc(64)
    header.writeUInt32LE(names[index] ?? stringsName, 0)
    header.writeUInt32LE(one.type, 4)
    header.writeBigUInt64LE(one.code === true ? 6n : 2n, 8)
    header.writeUInt32LE(one.address, 16)
    if (one.address !== 0) header.writeUInt32LE(0xffffffff, 20)
    header.writeBigUInt64LE(BigInt(offset), 24)
    header.writeBigUInt64LE(BigInt(one.bytes.length), 32)
    headers.push(header)
    offset += one.bytes.length
  }
  const head = Buffer.alloc(64)
  head.write('\x7fELF\x02\x01', 'latin1')
  head.writeBigUInt64LE(BigInt(offset), 40)
  head.writeUInt16LE(all.length + 1, 60)
  head.writeUInt16LE(all.length, 62)
  return Buffer.concat([head, ...all.map(({ bytes }) => bytes), ...headers])
}

/** Functions of 16 bytes each in .text, in this order. `traced` ones begin with a call of __fentry__. */
const FUNCTIONS = [
  'traced',
  'lib_function',
  'listed',
  'listed.cold',
  'branch',
  'split.isra.0',
  'split.part.1',
  'copyout_giulia',
  '__x64_sys_write',
  'same',
  'same',
  '_etext',
]

const at = (name: string): number => TEXT + 16 * FUNCTIONS.indexOf(name)

function tables(): { data: Buffer; symbols: Named[] } {
  const symbols: Named[] = []
  let data = Buffer.alloc(0)
  const add = (name: string, bytes: Buffer, ends?: readonly [string, string]) => {
    if (ends) symbols.push({ name: ends[0], address: DATA + data.length })
    else symbols.push({ name, address: DATA + data.length, local: true })
    data = Buffer.concat([data, bytes])
    if (ends) symbols.push({ name: ends[1], address: DATA + data.length })
  }
  const table = (name: string, bytes: Buffer) => add(name, bytes, [`__start_${name}`, `__stop_${name}`])
  table('mcount_loc', pointers([at('traced'), at('listed') + 4, at('__x64_sys_write'), INIT]))
  table('kprobe_blacklist', pointers([at('listed')]))
  const jump = Buffer.alloc(16)
  jump.writeInt32LE(at('branch') - (DATA + data.length))
  table('__jump_table', jump)
  const group = DATA + data.length
  add('group', Buffer.from('demo\0\0\0\0'))
  const type = DATA + data.length
  add('event_class_demo', pointers([group]))
  const event = DATA + data.length
  add('event_thing', Buffer.concat([Buffer.alloc(16), pointers([type])]))
  const entered = DATA + data.length
  add('event_enter__read', Buffer.concat([Buffer.alloc(16), pointers([type])]))
  table('ftrace_events', pointers([event, entered]))
  add('__tracepoint_thing', Buffer.alloc(8))
  add('jiffies', Buffer.alloc(8))
  add('_eil_addr___x64_sys_write', Buffer.alloc(8))
  return { data, symbols }
}

/** Reads of the file. `more` are symbols beside its own, for what a kernel version adds. */
export function vmlinux(more: readonly string[] = []): Read {
  const { data, symbols } = tables()
  const file = elf(
    [
      { name: '.text', address: TEXT, bytes: Buffer.alloc(16 * FUNCTIONS.length), code: true },
      { name: '.init.text', address: INIT, bytes: Buffer.alloc(32), code: true },
      { name: '.data', address: DATA, bytes: data },
    ],
    [
      ...FUNCTIONS.map((name, index) => ({ name, address: TEXT + 16 * index, size: 16, local: name === 'same' })),
      ...more.map((name) => ({ name, address: TEXT, size: 16 })),
      { name: '_sinittext', address: INIT },
      { name: 'start_kernel', address: INIT, size: 16 },
      { name: '_einittext', address: INIT + 32 },
      ...symbols,
    ],
  )
  return (offset, size) => file.subarray(offset, offset + size)
}
