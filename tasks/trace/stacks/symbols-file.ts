/**
 * symbols.json of a run: the functions behind the addresses in its stacks, typed events and messages, named while the
 * symbols of that very boot were there. What it holds came from a guest.
 */
import { z } from 'zod'
import type { CodeRange } from '../../linux/symbols/code-ranges.ts'
import { RunCode, type NamedAddress } from './run-code.ts'

export const SYMBOLS_FILE = 'symbols.json'

const address = z.string().regex(/^0x[0-9a-f]{1,16}$/)

const SymbolsSchema = z.object({
  symbols: z.array(z.object({ from: address, to: address, name: z.string(), of: z.string() })),
  /** Runs of earlier versions have none. */
  addresses: z
    .array(
      z.object({
        at: address,
        names: z.array(z.string()).min(1),
        of: z.string(),
        ids: z.array(z.int()).exactOptional(),
      }),
    )
    .default([]),
})

/** What a run kept of the code that it recorded addresses of. */
export interface KeptCode {
  readonly ranges: readonly CodeRange[]
  readonly addresses: readonly NamedAddress[]
}

const hex = (value: bigint): string => `0x${value.toString(16)}`
const inOrder = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** The text of the file. @param code what is needed, in any order */
export function symbolsText({ ranges, addresses }: KeptCode): string {
  const symbols = ranges
    .toSorted((a, b) => inOrder(a.from, b.from))
    .map(({ from, to, name, of }) => ({ from: hex(from), to: hex(to), name, of }))
  const named = addresses
    .toSorted((a, b) => inOrder(a.at, b.at) || (a.ids?.[0] ?? 0) - (b.ids?.[0] ?? 0))
    .map(({ at, names, of, ids }) => ({ at: hex(at), names, of, ...(ids && { ids }) }))
  return `${JSON.stringify({ symbols, ...(named.length > 0 && { addresses: named }) }, null, 1)}\n`
}

const parsed = (text: string) => SymbolsSchema.parse(JSON.parse(text))

const rangesOf = ({ symbols }: z.infer<typeof SymbolsSchema>): CodeRange[] =>
  symbols.map(({ from, to, name, of }) => ({ from: BigInt(from), to: BigInt(to), name, of }))

/** The functions in the text of a symbols.json. @throws where it is no such file */
export const rangesIn = (text: string): CodeRange[] => rangesOf(parsed(text))

/** The same with single addresses, to be looked up. @throws where it is no such file */
export function codeIn(text: string): RunCode {
  const file = parsed(text)
  return new RunCode(
    rangesOf(file),
    file.addresses.map(({ at, ...rest }) => ({ at: BigInt(at), ...rest })),
  )
}
