/** The dumped maps of a run: bytes as hexadecimal digits, and as a number where they are 1, 2, 4 or 8 wide. */
import { of, type HolderLine } from './holder.ts'

export interface DumpedMap {
  readonly name: string
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly entries: readonly {
    readonly key: string
    readonly value: string
    readonly keyNumber?: string
    readonly valueNumber?: string
  }[]
}

/** Little endian; as text, because 64 bits do not fit into a JSON number. */
function numberOf(hex: string): string | undefined {
  const bytes = Buffer.from(hex, 'hex')
  return [1, 2, 4, 8].includes(bytes.length) ? BigInt(`0x${bytes.reverse().toString('hex')}`).toString() : undefined
}

export const mapsOf = (lines: readonly HolderLine[]): DumpedMap[] =>
  of(lines, 'map').map(({ name, type, keySize, valueSize, maxEntries }) => ({
    ...{ name, type, keySize, valueSize, maxEntries },
    entries: of(lines, 'map-entry')
      .filter(({ map }) => map === name)
      .map(({ key, value }) => {
        const [keyNumber, valueNumber] = [numberOf(key), numberOf(value)]
        return {
          key,
          value,
          ...(keyNumber === undefined ? {} : { keyNumber }),
          ...(valueNumber === undefined ? {} : { valueNumber }),
        }
      }),
  }))
