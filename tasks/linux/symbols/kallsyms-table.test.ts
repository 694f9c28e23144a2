import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ElfError, sectionsOf, symbolsOf, type Read } from '../objects/elf.ts'
import { withSymbols } from '../objects/with-symbols.ts'
import { factsOfImage } from './image.ts'
import { kallsymsOf } from './kallsyms-table.ts'
import { LAYOUTS, PER_CPU, strippedElf, SYMBOLS } from './kallsyms-table.fixture.ts'

const readerOf =
  (file: Buffer): Read =>
  (offset, size) =>
    file.subarray(offset, offset + size)
const V6_1 = LAYOUTS['6.1 with backports'] ?? LAYOUTS['5.10']
if (!V6_1) throw new Error('no layout')

test.each(Object.entries(LAYOUTS))('the table of %s: every name, type and address', (_version, layout) => {
  const symbols = layout.relative === 'base, down' ? [PER_CPU, ...SYMBOLS] : SYMBOLS
  expect(kallsymsOf(readerOf(strippedElf(symbols, layout)))).toEqual(symbols)
})

test('a file without the table, and one whose markers disagree with its names', () => {
  const file = strippedElf(SYMBOLS, V6_1)
  const digits = file.lastIndexOf('0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00:', file.indexOf('vfs_'))
  const without = Buffer.from(file)
  without.fill(1, digits, digits + 20)
  expect(() => kallsymsOf(readerOf(without))).toThrow(ElfError)
  // The second marker stands for name 256.
  const name256 = SYMBOLS.slice(0, 256).reduce((sum, { name }) => sum + 2 + name.length - 3, 0)
  const marker = Buffer.alloc(4)
  marker.writeUInt32LE(name256)
  const damaged = Buffer.from(file)
  const at = damaged.indexOf(marker)
  expect(at).toBeGreaterThan(0)
  damaged.writeUInt32LE(name256 + 1, at)
  expect(() => kallsymsOf(readerOf(damaged))).toThrow(/no table of symbols/)
})

test('a damaged file is refused as such, whatever is wrong with it', () => {
  const file = strippedElf(SYMBOLS, V6_1)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.option(fc.nat(file.length)),
      (changes, length) => {
        const copy = Buffer.from(length === null ? file : file.subarray(0, length))
        for (const [at, value] of changes) if (at < copy.length) copy[at] = value
        try {
          kallsymsOf(readerOf(copy))
        } catch (error) {
          expect(error).toBeInstanceOf(ElfError)
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('with its symbols back, a stripped file is read like any vmlinux', () => {
  const file = strippedElf(SYMBOLS, V6_1)
  const whole = withSymbols(file, kallsymsOf(readerOf(file)))
  const sections = sectionsOf(whole)
  expect(sections.map(({ name }) => name)).toEqual(['', '.text', '.rodata', '.shstrtab', '.symtab', '.strtab'])
  // What was there is there, at its place.
  expect(sections[1]?.bytes.equals(sectionsOf(file)[1]?.bytes ?? Buffer.alloc(0))).toBe(true)
  const symbols = new Map(symbolsOf(sections).map((symbol) => [symbol.name, symbol]))
  expect(symbols.size).toBe(SYMBOLS.length)
  expect(symbols.get('_etext')).toMatchObject({ section: 1, isFunction: true })
  expect(symbols.get('jiffies')).toMatchObject({ section: 2, isFunction: false })
  const facts = factsOfImage(readerOf(whole), { release: '6.1.0', config: new Map(), exported: new Map() })
  expect(facts.places('vfs_function_1')).toMatchObject([{ address: 0x81000010, type: 't' }])
  expect(facts.places('alias')).toMatchObject([{ type: 'W' }])
  expect(facts.isData('jiffies')).toBe(true)
})
