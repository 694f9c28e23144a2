/**
 * symbols.json of a run: the functions behind the addresses in its stacks, typed events and messages, named while the
 * symbols of that very boot were there. What it holds came from a guest.
 */
import { z } from 'zod'
import { CodeIndex, type CodeRange } from '../../linux/symbols/code-ranges.ts'

export const SYMBOLS_FILE = 'symbols.json'

const address = z.string().regex(/^0x[0-9a-f]{1,16}$/)

const SymbolsSchema = z.object({
  symbols: z.array(z.object({ from: address, to: address, name: z.string(), of: z.string() })),
})

const hex = (value: bigint): string => `0x${value.toString(16)}`

/** The text of the file. @param ranges those that are needed, in any order */
export function symbolsText(ranges: Iterable<CodeRange>): string {
  const symbols = [...ranges]
    .toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))
    .map(({ from, to, name, of }) => ({ from: hex(from), to: hex(to), name, of }))
  return `${JSON.stringify({ symbols }, null, 1)}\n`
}

/** The functions in the text of a symbols.json. @throws where it is no such file */
export const rangesIn = (text: string): CodeRange[] =>
  SymbolsSchema.parse(JSON.parse(text)).symbols.map(({ from, to, name, of }) => ({
    from: BigInt(from),
    to: BigInt(to),
    name,
    of,
  }))

/** The same, to be looked up. @throws where it is no such file */
export const codeIn = (text: string): CodeIndex => new CodeIndex(rangesIn(text))
