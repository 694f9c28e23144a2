/**
 * The kernel's own table of symbols (kallsyms), read out of a vmlinux that has no other: that of a distribution's boot
 * image.
 *
 * Layout (written by scripts/kallsyms.c, read by kernel/kallsyms.c), in .rodata. Each table begins at a multiple of 8,
 * since 7.0 of 4.
 * - token_table: 256 texts that end in NUL. token_index: where each of them begins, as 16-bit numbers.
 * - num_syms: how many symbols there are. names: for each of them the number of its tokens (since 6.1 in two bytes from
 *   128 on: 73bbb94466fd) and the tokens. The first character of the text is the type, as nm prints it.
 * - markers: where every 256th name begins.
 * - offsets: 32 bits for each symbol, see `addressesAt`.
 * - seqs_of_names (since 6.2, and in stable branches), which is not needed here, is in between or at the end.
 *
 * In a stripped file nothing points at these tables, so they are found by what they look like: the tokens for the ten
 * digits follow each other, since each stands for itself. The rest follows from there, and nothing is taken unless all
 * parts fit together.
 */
import { ElfError, sectionBytes, sectionTable, type Read } from '../objects/elf.ts'

export interface KernelSymbol {
  readonly name: string
  /** As nm prints it: T, t, D, d, ... */
  readonly type: string
  readonly address: bigint
}

const TOKENS = 256
/** A marker for each of so many names. */
const MARKED = 256
/** A name has 512 characters at most (KSYM_NAME_LEN), and a token at least one of them. */
const LONGEST_NAME = 512
const DIGITS = Buffer.from('0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00', 'latin1')

/** Of the beginnings of tables, newest versions last. */
const ALIGNMENTS = [8, 4] as const
const aligned = (offset: number, to: number): number => Math.ceil(offset / to) * to

interface Tokens {
  readonly start: number
  /** Behind token_index. */
  readonly end: number
  readonly texts: readonly string[]
  readonly align: number
}

/** The table around a place that looks like the tokens of the digits; undefined if it is not one. */
function tokensAt(bytes: Buffer, digits: number): Tokens | undefined {
  // Back over the tokens before "0", as many as its code says. What comes before the first one may end in NUL or not.
  let [start, next] = [digits, digits]
  for (let left = '0'.charCodeAt(0); left > 0; left--) {
    next = start
    start = bytes.lastIndexOf(0, start - 2) + 1
    if (left === 1) start = Math.max(start, next - LONGEST_NAME)
    if (start === 0 || next - start > LONGEST_NAME) return undefined
  }
  for (let from = aligned(start, 4); from < next; from += 4)
    for (const align of ALIGNMENTS) {
      const found = tokensFrom(bytes, from, align)
      if (found) return found
    }
  return undefined
}

function tokensFrom(bytes: Buffer, start: number, align: number): Tokens | undefined {
  const [texts, offsets]: [string[], number[]] = [[], []]
  let at = start
  for (let code = 0; code < TOKENS; code++) {
    const end = bytes.indexOf(0, at)
    if (end < 0 || end - at > LONGEST_NAME) return undefined
    offsets.push(at - start)
    texts.push(bytes.toString('latin1', at, end))
    at = end + 1
  }
  const index = aligned(at, align)
  if (start % align !== 0 || index + 2 * TOKENS > bytes.length) return undefined
  const fits = offsets.every((offset, code) => bytes.readUInt16LE(index + 2 * code) === offset)
  return fits ? { start, end: index + 2 * TOKENS, texts, align } : undefined
}

function findTokens(bytes: Buffer): Tokens | undefined {
  for (let at = bytes.indexOf(DIGITS); at >= 0; at = bytes.indexOf(DIGITS, at + 1)) {
    const found = tokensAt(bytes, at)
    if (found) return found
  }
  return undefined
}

interface Names {
  /** Where num_syms is. */
  readonly at: number
  readonly names: readonly string[]
}

/** The length of the name at `at`, and how many bytes say so. */
function lengthAt(bytes: Buffer, at: number): readonly [length: number, size: number] {
  const first = bytes[at] ?? 0
  return first < 128 ? [first, 1] : [(first & 127) | ((bytes[at + 1] ?? 0) << 7), 2]
}

/** The text of the name at `at`. */
function nameAt(bytes: Buffer, at: number, texts: readonly string[]): string {
  const [length, size] = lengthAt(bytes, at)
  let name = ''
  for (let token = at + size; token < at + size + length; token++) name += texts[bytes[token] ?? 0] ?? ''
  return name
}

/** A type and a name, as all of them are. */
const SYMBOL = /^[A-Za-z][\w.$]+$/
/** So many names are looked at before all of them are walked through. */
const SAMPLE = 16

/** The names at `start`, if `count` of them are there and the markers behind them agree. */
function namesAt(bytes: Buffer, start: number, count: number, { texts, align }: Tokens): string[] | undefined {
  const offsets: number[] = []
  let at = start
  for (let index = 0; index < count; index++) {
    const [length, size] = lengthAt(bytes, at)
    if (length === 0 || at + size + length > bytes.length) return undefined
    if (index < SAMPLE && !SYMBOL.test(nameAt(bytes, at, texts))) return undefined
    offsets.push(at)
    at += size + length
  }
  const markers = aligned(at, align)
  for (let index = 0; index < count; index += MARKED) {
    const marker = markers + 4 * (index / MARKED)
    if (marker + 4 > bytes.length || bytes.readUInt32LE(marker) !== (offsets[index] ?? 0) - start) return undefined
  }
  return offsets.map((offset) => nameAt(bytes, offset, texts))
}

/** In all versions the names, and their number, come before the tokens; a name has two bytes or more. */
function findNames(bytes: Buffer, tokens: Tokens): Names | undefined {
  const { start: end, align } = tokens
  for (let at = end - align; at >= 0; at -= align) {
    const count = bytes.readUInt32LE(at)
    if (count < MARKED || 2 * count > end - at) continue
    const names = namesAt(bytes, at + align, count, tokens)
    if (names) return { at, names }
  }
  return undefined
}

/** Addresses of the kernel's image are in the top 2 GiB. */
const inKernel = (address: bigint): boolean => address >= 0xffffffff80000000n

/**
 * The addresses of `count` symbols. Three ways to say them:
 * - until 6.14, 64 bits of relative_base, and offsets that count down from it: -1 is the base itself; not negative is
 *   an absolute value, which on x86-64 is one of a per-CPU variable (CONFIG_KALLSYMS_ABSOLUTE_PERCPU);
 * - since 6.15 (01157ddc58dc, which removed that option) offsets that count up from relative_base;
 * - since 7.0 no base: an offset counts from its own place in memory.
 * @param at where offsets begin; @param base undefined in the third case; @param place address of that beginning
 */
function addressesAt(bytes: Buffer, at: number, count: number, base: bigint | undefined, place: bigint) {
  const raw = Array.from({ length: count }, (_, index) => bytes.readInt32LE(at + 4 * index))
  if (base === undefined) return raw.map((offset, index) => place + BigInt(4 * index + offset))
  return raw.some((offset) => offset < 0) && inKernel(base)
    ? raw.map((offset) => (offset >= 0 ? BigInt(offset) : base - 1n - BigInt(offset)))
    : raw.map((offset) => base + BigInt(offset >>> 0))
}

/**
 * The table is sorted, and its symbols are the kernel's (or per-CPU variables, which come first): anything else is not
 * these offsets.
 */
function plausible(addresses: readonly bigint[]): boolean {
  let before = 0n
  let own = 0
  for (const address of addresses) {
    if (address < before) return false
    if (inKernel(address)) own++
    before = address
  }
  return own > addresses.length / 2
}

/** Until 6.4 the offsets come before num_syms, since then (404bad70fcf7) behind token_index. */
function addressesOf(bytes: Buffer, address: bigint, { end, align }: Tokens, { at: count, names }: Names) {
  const size = aligned(4 * names.length, align)
  const behind = aligned(end, align)
  const starts = [
    { at: count - 8 - size, base: count - 8 },
    { at: behind, base: behind + size },
    { at: behind, base: undefined },
  ]
  for (const { at, base } of starts) {
    if (at < 0 || at + size + 8 > bytes.length) continue
    const start = base === undefined ? undefined : bytes.readBigUInt64LE(base)
    if (start !== undefined && !inKernel(start)) continue
    const addresses = addressesAt(bytes, at, names.length, start, address + BigInt(at))
    if (plausible(addresses)) return addresses
  }
  throw new ElfError(
    'it has a table of symbols (kallsyms) whose addresses are in no form that is known up to Linux 7.2',
  )
}

/** All symbols of the table, in its order: by address. @throws ElfError where the file has none that can be read */
export function kallsymsOf(read: Read): KernelSymbol[] {
  for (const section of sectionTable(read)) {
    if (!section.name.startsWith('.rodata') || section.size === 0) continue
    const bytes = sectionBytes(read, section)
    const tokens = findTokens(bytes)
    const names = tokens && findNames(bytes, tokens)
    if (!tokens || !names) continue
    const addresses = addressesOf(bytes, section.address, tokens, names)
    return names.names.map((text, index) => ({
      name: text.slice(1),
      type: text.slice(0, 1),
      address: addresses[index] ?? 0n,
    }))
  }
  throw new ElfError('it has no table of symbols (CONFIG_KALLSYMS) in a form that is known up to Linux 7.2')
}
