/**
 * Names for addresses in stacks of user space: by where each process had its code (mappings.ts), and the symbols of the
 * lab's own programs and of the guest's files.
 */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { CodeIndex, programRanges, type CodeRange } from '../../linux/symbols/code-ranges.ts'
import { MappedFile } from '../../linux/symbols/mapped-file.ts'
import { ElfError } from '../../linux/objects/elf.ts'
import { LOWEST_OF_KERNEL } from '../../trace/stacks/addresses.ts'
import type { NamedAddress, StackOwner } from '../../trace/stacks/run-code.ts'
import type { KeptCode } from '../../trace/stacks/symbols-file.ts'
import type { FilePlace, Mappings } from './mappings.ts'

/** An address of user space, as it is looked up. */
export interface UserAddress extends StackOwner {
  readonly at: bigint
}

export interface ProgramSources {
  /** Programs and libraries that were brought to the guest, and where they are there. */
  readonly programs: readonly { readonly name: string; readonly file: string; readonly path: string }[]
  /** Undefined where the run kept none: then programs that are where they were linked still have names. */
  readonly mappings: Mappings | undefined
  /** A file that the guest sent. */
  readonly sent: (name: string) => Buffer | undefined
  /** What was inlined at addresses of a program, where it was linked. */
  readonly inlinedInProgram: (
    file: string,
    addresses: readonly bigint[],
  ) => Promise<ReadonlyMap<bigint, readonly string[]>>
}

/** A script, or a file that is not for this machine or that somebody damaged, has no functions to name. */
function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof ElfError) return undefined
    throw error
  }
}

/** Without a memory map: functions of programs that are where they were linked. */
async function fixedRanges(addresses: readonly bigint[], { programs }: ProgramSources): Promise<CodeRange[]> {
  const found = new Set<CodeRange>()
  for (const { name, file } of programs) {
    const bytes = await readFile(file)
    const code = new CodeIndex(unlessDamaged(() => programRanges(bytes, name)) ?? [])
    for (const address of addresses) {
      const range = code.at(address)
      if (range !== undefined) found.add(range)
    }
  }
  return [...found]
}

/** A place in a file with everybody who has it at that address. */
interface Wanted extends FilePlace {
  readonly at: bigint
  readonly ids: Set<number> | undefined
}

function wantedIn(addresses: Iterable<UserAddress>, mappings: Mappings): Wanted[] {
  const found = new Map<string, Wanted>()
  for (const { at, pid, comm } of addresses) {
    const place = at < LOWEST_OF_KERNEL ? mappings.at(pid, at, comm) : undefined
    if (place === undefined) continue
    const key = [at, place.path, place.offset, pid === undefined].join('\0')
    const one = found.get(key) ?? { ...place, at, ids: pid === undefined ? undefined : new Set<number>() }
    found.set(key, one)
    if (pid !== undefined) one.ids?.add(pid)
  }
  return [...found.values()]
}

/** What a frame without a symbol is called: `libc.so.6+0x29d90`, at the address where the file was linked. */
const placeText = (path: string, address: bigint): string => `${basename(path)}+0x${address.toString(16)}`

async function namesIn(path: string, wanted: readonly Wanted[], sources: ProgramSources): Promise<NamedAddress[]> {
  const own = sources.programs.find((program) => program.path === path)
  const bytes = own ? await readFile(own.file) : sources.sent(sources.mappings?.files.get(path) ?? '')
  const file = bytes && unlessDamaged(() => new MappedFile(bytes, basename(path)))
  const linked = wanted.map((place) => ({ ...place, address: file?.addressOf(place.offset) }))
  const addresses = linked.flatMap(({ address }) => address ?? [])
  const inlined = own && file ? await sources.inlinedInProgram(own.file, addresses) : undefined
  return linked.map(({ at, ids, offset, address }) => {
    const name = (address === undefined ? undefined : file?.nameAt(address)) ?? placeText(path, address ?? offset)
    const names = [...(address === undefined ? [] : (inlined?.get(address) ?? [])), name]
    return { at, names, of: basename(path), ...(ids && { ids: [...ids].toSorted((a, b) => a - b) }) }
  })
}

/** The names of these addresses; what nobody knows is left out. */
export async function programCode(addresses: Iterable<UserAddress>, sources: ProgramSources): Promise<KeptCode> {
  const { mappings } = sources
  if (mappings === undefined) {
    const all = new Set(Array.from(addresses, ({ at }) => at).filter((at) => at < LOWEST_OF_KERNEL))
    return { ranges: all.size > 0 ? await fixedRanges([...all], sources) : [], addresses: [] }
  }
  const byFile = Map.groupBy(wantedIn(addresses, mappings), ({ path }) => path)
  const found = await Promise.all([...byFile].map(([path, wanted]) => namesIn(path, wanted, sources)))
  return { ranges: [], addresses: found.flat() }
}
