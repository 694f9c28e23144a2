/** Names for the kernel's addresses in what a run recorded, from the System.map of the kernel that it ran on. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, userError } from '../engine/error.ts'
import type { Fingerprint } from '../engine/fingerprint.ts'
import type { Store } from '../engine/store.ts'
import { isRandom, shiftOf, SYMBOL_LINE } from '../linux/symbols/kaslr.ts'
import type { RunCode } from '../trace/stacks/run-code.ts'
import { codeIn, SYMBOLS_FILE } from '../trace/stacks/symbols-file.ts'
import type { StoredRun } from './manifest.ts'

/** An address as probes and the kernel print it; in a map it is a number of 64 bits. */
const ADDRESS = /\b(?:(?:0x)?(ffff[0-9a-f]{12})|(18446744\d{12}))\b/g

interface Symbols {
  /** Ascending. */
  readonly addresses: readonly bigint[]
  readonly names: readonly string[]
}

function symbolsIn(text: string): Symbols {
  const rows = Array.from(text.matchAll(SYMBOL_LINE), ([, address = '', name = '']) => ({
    at: BigInt(`0x${address}`),
    name,
  }))
  const sorted = rows.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  return { addresses: sorted.map(({ at }) => at), names: sorted.map(({ name }) => name) }
}

/** Names an address: `copyout+0x1c`; undefined for one that is not in the kernel's own text or data. */
export type NameOf = (address: bigint) => string | undefined

/** @param linked the text of a System.map @param shift how far the kernel was from there */
export function nameIn(linked: string, shift = 0n): NameOf {
  const { addresses, names } = symbolsIn(linked)
  const bound = (name: string) => addresses[names.indexOf(name)]
  const [first, end] = [bound('_text') ?? bound('_stext') ?? addresses[0], bound('_end') ?? addresses.at(-1)]
  return (address) => {
    const at = address - shift
    if (first === undefined || end === undefined || at < first || at >= end) return undefined
    let [low, high] = [0, addresses.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((addresses[middle] ?? 0n) <= at) low = middle
      else high = middle - 1
    }
    const offset = at - (addresses[low] ?? 0n)
    return offset === 0n ? names[low] : `${names[low]}+0x${offset.toString(16)}`
  }
}

/** A text with the name behind each address of the kernel. */
export const withNames = (text: string, nameOf: NameOf): string =>
  text.replaceAll(ADDRESS, (whole, digits: string | undefined, decimal: string | undefined) => {
    const name = nameOf(BigInt(digits === undefined ? (decimal ?? 0) : `0x${digits}`))
    return name === undefined ? whole : `${whole} (${name})`
  })

/**
 * The functions that the run itself kept the names of (symbols.json), those in its stacks and messages. Undefined where
 * it kept none.
 * @throws where the file cannot be read
 */
export async function keptCode({ dir }: Pick<StoredRun, 'dir'>): Promise<RunCode | undefined> {
  const text = await readFile(join(dir, SYMBOLS_FILE), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : codeIn(text)
}

/** Names single addresses by them. */
export const namesBy =
  (code: RunCode): NameOf =>
  (address) => {
    const range = code.at(address)
    if (range === undefined) return undefined
    return address === range.from ? range.name : `${range.name}+0x${(address - range.from).toString(16)}`
  }

/**
 * @param store where kernels are kept
 * @throws a user's Failure where the kernel of the run is not in the cache any more, or where nobody knows its address
 */
export async function namesOfRun({ dir, run, manifest: { kernel, guest } }: StoredRun, store: Store): Promise<NameOf> {
  const kept = await store.get('kernel', kernel.fingerprint as Fingerprint)
  if (kept === undefined)
    throw userError({
      place: `run ${run}`,
      fact: `the symbols of its kernel, ${kernel.name} (${kernel.release}), are not in the cache`,
      wayOut: `\`lab build kernel ${kernel.name}\` brings them back, if the kernel is declared as it was then`,
    })
  const linked = await readFile(join(kept.dir, 'System.map'), 'latin1')
  const seen = existsSync(join(dir, 'kallsyms')) ? await readFile(join(dir, 'kallsyms'), 'latin1') : ''
  const shift = shiftOf(linked, seen)
  if (shift === undefined && isRandom(await readFile(join(kept.dir, 'config'), 'utf8'), guest.qemu))
    throw userError({
      place: `run ${run}`,
      fact: 'its kernel was at a random address (CONFIG_RANDOMIZE_BASE), and the run kept no symbol that says which',
      wayOut:
        'add `cmdline: [nokaslr]` to the VM and run it again, or probe a function and have `kallsyms` in `collect:`',
    })
  return nameIn(linked, shift)
}
