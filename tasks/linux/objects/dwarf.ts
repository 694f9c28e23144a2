/**
 * Where a function was inlined, by the kernel's debug information (DWARF 4 and 5, .debug_info). Only the compilation
 * units that are asked for are decoded: a kernel has thousands, and hundreds of megabytes of them.
 */
import { ElfError, sectionBytes, type Read, type SectionHeader } from './elf.ts'

export interface InlineSite {
  /** The function whose code has it: a symbol. */
  readonly caller: string
  /** Source file of the caller's compilation unit, and the line of the call; the call itself may be in a header. */
  readonly unit: string
  readonly line: number
}

const TAG = { inlined: 0x1d, subprogram: 0x2e } as const
const AT = { name: 0x03, abstractOrigin: 0x31, callLine: 0x59 } as const

/** Sizes of forms that have one; others are read. */
const FIXED: Readonly<Record<number, number>> = {
  0x01: 8,
  0x05: 2,
  0x06: 4,
  0x07: 8,
  0x0b: 1,
  0x0c: 1,
  0x0e: 4,
  0x10: 4,
  0x11: 1,
  0x12: 2,
  0x13: 4,
  0x14: 8,
  0x17: 4,
  0x19: 0,
  0x1c: 4,
  0x1d: 4,
  0x1e: 16,
  0x1f: 4,
  0x20: 8,
  0x21: 0,
  0x24: 8,
  0x25: 1,
  0x26: 2,
  0x27: 3,
  0x28: 4,
  0x29: 1,
  0x2a: 2,
  0x2b: 3,
  0x2c: 4,
}
const FORM = { string: 0x08, strp: 0x0e, lineStrp: 0x1f, sdata: 0x0d, implicit: 0x21 } as const
/** Forms that are one LEB128 number: udata, sdata, ref_udata, strx, addrx, loclistx, rnglistx. */
const LEB = new Set([0x0d, 0x0f, 0x15, 0x1a, 0x1b, 0x22, 0x23])
/** Forms with a length before them, of so many bytes; 0 is LEB128. */
const BLOCKS: Readonly<Record<number, number>> = { 0x0a: 1, 0x03: 2, 0x04: 4, 0x09: 0, 0x18: 0 }

interface Abbreviation {
  readonly tag: number
  readonly children: boolean
  readonly attributes: readonly { readonly name: number; readonly form: number; readonly constant: number }[]
}

class Cursor {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  unsigned(size: number): number {
    const value =
      size === 0 ? 0 : size > 6 ? Number(this.bytes.readBigUInt64LE(this.at)) : this.bytes.readUIntLE(this.at, size)
    this.at += size
    return value
  }

  /** LEB128; the sign does not matter to what is read here. */
  leb(): number {
    let [value, factor] = [0, 1]
    for (;;) {
      const byte = this.bytes.readUInt8(this.at++)
      value += (byte & 127) * factor
      if (byte < 128) return value
      factor *= 128
    }
  }

  text(): string {
    const end = this.bytes.indexOf(0, this.at)
    if (end < 0) throw new ElfError('a text in the debug information has no end')
    const text = this.bytes.toString('latin1', this.at, end)
    this.at = end + 1
    return text
  }
}

function abbreviations(bytes: Buffer, at: number): Map<number, Abbreviation> {
  const found = new Map<number, Abbreviation>()
  const cursor = new Cursor(bytes, at)
  for (let code = cursor.leb(); code !== 0; code = cursor.leb()) {
    const [tag, children] = [cursor.leb(), cursor.unsigned(1) === 1]
    const attributes: { name: number; form: number; constant: number }[] = []
    for (;;) {
      const [name, form] = [cursor.leb(), cursor.leb()]
      const constant = form === FORM.implicit ? cursor.leb() : 0
      if (name === 0 && form === 0) break
      attributes.push({ name, form, constant })
    }
    found.set(code, { tag, children, attributes })
  }
  return found
}

interface Unit {
  /** In .debug_info. */
  readonly start: number
  readonly end: number
  /** Of its first entry, in the unit. */
  readonly first: number
  readonly abbreviations: number
}

interface Entry {
  readonly offset: number
  readonly tag: number
  readonly depth: number
  readonly name: string | undefined
  readonly origin: number | undefined
  readonly line: number | undefined
}

export class Dwarf {
  readonly #info: (offset: number, size: number) => Buffer
  readonly #size: number
  readonly #abbreviations: Buffer
  readonly #strings: (section: 'str' | 'line_str', offset: number) => string
  /** Name of its source -> unit. */
  readonly #units = new Map<string, Unit>()

  constructor(read: Read, sections: readonly SectionHeader[]) {
    const find = (name: string) => sections.find((header) => header.name === `.debug_${name}`)
    const info = find('info')
    this.#size = info?.size ?? 0
    this.#info = (offset, size) => read((info?.offset ?? 0) + offset, Math.min(size, this.#size - offset))
    const table = find('abbrev')
    this.#abbreviations = table ? sectionBytes(read, table) : Buffer.alloc(0)
    this.#strings = (section, offset) => {
      const strings = find(section)
      const bytes = strings ? read(strings.offset + offset, Math.min(256, strings.size - offset)) : Buffer.alloc(0)
      return new Cursor(Buffer.concat([bytes, Buffer.alloc(1)])).text()
    }
    this.#readUnits()
  }

  /** There is debug information. */
  get there(): boolean {
    return this.#units.size > 0
  }

  #readUnits(): void {
    for (let start = 0; start + 11 < this.#size;) {
      const head = new Cursor(this.#info(start, 4096))
      const length = head.unsigned(4)
      const version = head.unsigned(2)
      const end = start + 4 + length
      // 64-bit DWARF, or something else: nobody makes it for a kernel.
      if (length >= 0xfffffff0 || version < 2 || version > 5) return
      const type = version >= 5 ? head.unsigned(1) : 1
      if (version >= 5) head.unsigned(1)
      const table = head.unsigned(4)
      if (version < 5) head.unsigned(1)
      const unit = { start, end, first: head.at, abbreviations: table }
      const name = type === 1 ? this.#entry(head, abbreviations(this.#abbreviations, table), 0)?.name : undefined
      if (name !== undefined) this.#units.set(name, unit)
      start = end
    }
  }

  #value(cursor: Cursor, form: number, constant: number): number | string | undefined {
    if (form === FORM.implicit) return constant
    if (form === FORM.string) return cursor.text()
    if (form === FORM.strp) return this.#strings('str', cursor.unsigned(4))
    if (form === FORM.lineStrp) return this.#strings('line_str', cursor.unsigned(4))
    const size = FIXED[form]
    if (size === 16 || size === 3) {
      cursor.at += size
      return undefined
    }
    if (size !== undefined) return cursor.unsigned(size)
    if (LEB.has(form)) return cursor.leb()
    const block = BLOCKS[form]
    if (block === undefined) throw new ElfError(`DWARF form ${form} is not known`)
    const length = block === 0 ? cursor.leb() : cursor.unsigned(block)
    cursor.at += length
    return undefined
  }

  /** The entry at the cursor, which moves behind it; undefined for the end of a list of children. */
  #entry(
    cursor: Cursor,
    table: ReadonlyMap<number, Abbreviation>,
    depth: number,
  ): (Entry & { children: boolean }) | undefined {
    const offset = cursor.at
    const shape = table.get(cursor.leb())
    if (!shape) return undefined
    const values: Partial<Record<keyof typeof AT, number | string>> = {}
    for (const { name, form, constant } of shape.attributes) {
      const wanted =
        name === AT.name
          ? 'name'
          : name === AT.abstractOrigin
            ? 'abstractOrigin'
            : name === AT.callLine
              ? 'callLine'
              : undefined
      // A name is read only where it is of use: most entries are variables and types.
      if (wanted === 'name' && form === FORM.strp && shape.tag !== TAG.subprogram && depth > 0) cursor.at += 4
      else {
        const value = this.#value(cursor, form, constant)
        if (wanted !== undefined && value !== undefined) values[wanted] = value
      }
    }
    const number = (value: number | string | undefined) => (typeof value === 'number' ? value : undefined)
    return {
      offset,
      tag: shape.tag,
      depth,
      children: shape.children,
      name: typeof values.name === 'string' ? values.name : undefined,
      origin: number(values.abstractOrigin),
      line: number(values.callLine),
    }
  }

  *#entries(unit: Unit): Iterable<Entry> {
    const table = abbreviations(this.#abbreviations, unit.abbreviations)
    const cursor = new Cursor(this.#info(unit.start, unit.end - unit.start), unit.first)
    let depth = 0
    while (cursor.at < cursor.bytes.length) {
      const entry = this.#entry(cursor, table, depth)
      if (!entry) {
        depth--
        if (depth <= 0) return
        continue
      }
      yield entry
      if (entry.children) depth++
    }
  }

  /** Places in these units where a function was inlined. */
  sites(name: string, files: readonly string[]): InlineSite[] {
    const found: InlineSite[] = []
    for (const file of files) {
      const unit = this.#units.get(file)
      if (!unit) continue
      const names = new Map<number, string>()
      const inlined: { readonly origin: number; readonly by: Entry; readonly line: number }[] = []
      /** The functions that are open; one may be declared inside of another. */
      const open: Entry[] = []
      for (const entry of this.#entries(unit)) {
        while ((open.at(-1)?.depth ?? -1) >= entry.depth) open.pop()
        const by = open.at(-1)
        if (entry.tag === TAG.subprogram) {
          open.push(entry)
          if (entry.name !== undefined) names.set(entry.offset, entry.name)
        } else if (entry.tag === TAG.inlined && entry.origin !== undefined && by)
          inlined.push({ origin: entry.origin, by, line: entry.line ?? 0 })
      }
      for (const { origin, by: function_, line } of inlined) {
        if (names.get(origin) !== name) continue
        const caller = function_.name ?? names.get(function_.origin ?? -1)
        if (caller !== undefined) found.push({ caller, unit: file, line })
      }
    }
    return found
  }
}
