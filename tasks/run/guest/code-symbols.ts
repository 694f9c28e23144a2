/**
 * Names for the addresses of code that a run recorded: in maps of stacks, in typed events and in messages. They are
 * looked up when the run is made, while the symbols of its boot are there; a kernel with KASLR is elsewhere at the
 * next.
 */
import { readFile } from 'node:fs/promises'
import { CodeIndex, kernelRanges, programRanges, type CodeRange } from '../../linux/symbols/code-ranges.ts'
import { ElfError } from '../../linux/objects/elf.ts'
import type { Field } from '../../linux/objects/event-record.ts'
import { addressesInText, LOWEST_OF_KERNEL } from '../../trace/stacks/addresses.ts'
import { stackAddresses } from '../../trace/stacks/stack-counts.ts'
import type { Channel } from '../../trace/events/typed-parquet.ts'
import type { MapsFile } from './maps.ts'

/** What the addresses may be of. */
export interface CodeSources {
  /** Text of /proc/kallsyms of the boot. */
  readonly kallsyms: Buffer
  /** Programs of the run whose user space may be in stacks. */
  readonly programs: readonly { readonly name: string; readonly file: string }[]
}

/** Read once for all runs of a boot. */
const kernels = new WeakMap<Buffer, CodeIndex>()

function kernelOf(kallsyms: Buffer): CodeIndex {
  const known = kernels.get(kallsyms) ?? new CodeIndex(kernelRanges(kallsyms.toString('latin1')))
  kernels.set(kallsyms, known)
  return known
}

/** A program that is a script, or not for this machine, has no functions to name. */
async function programOf({ name, file }: CodeSources['programs'][number]): Promise<CodeRange[]> {
  try {
    return programRanges(await readFile(file), name)
  } catch (error) {
    if (error instanceof ElfError) return []
    throw error
  }
}

/** Arrays of 64-bit numbers are what bpf_get_stack() fills. */
const stackIn = (value: Field): bigint[] =>
  Array.isArray(value)
    ? value.flatMap((field: Field) => (typeof field === 'bigint' || typeof field === 'number' ? [BigInt(field)] : []))
    : []

/** Addresses of a stack with the one before each: where a call never returns, that is the function of the call. */
const withCalls = (addresses: readonly bigint[]): bigint[] => addresses.flatMap((address) => [address, address - 1n])

/**
 * The functions that the recorded addresses are in, each once; what is in none is left out.
 * @param messages texts in which an address of the kernel's code may be
 */
export async function codeOf(
  maps: Pick<MapsFile, 'maps'>,
  channels: readonly Channel[],
  messages: Iterable<string>,
  sources: CodeSources,
): Promise<CodeRange[]> {
  const wide = channels.flatMap(({ columns, records }) => {
    const indexes = columns.flatMap(({ type }, index) => (type === 'UBIGINT[]' ? [index] : []))
    return indexes.length === 0
      ? []
      : records.flatMap(({ values }) => indexes.flatMap((index) => stackIn(values[index] ?? '')))
  })
  const stacks = new Set(withCalls([...stackAddresses(maps).flat(), ...wide]))
  const named = new Set<bigint>()
  for (const message of messages) for (const address of addressesInText(message)) named.add(address)
  const isKernel = (address: bigint) => address >= LOWEST_OF_KERNEL
  const [ofKernel, ofPrograms] = [
    [...stacks, ...named].filter(isKernel),
    [...stacks].filter((stack) => !isKernel(stack)),
  ]
  const found = new Set<CodeRange>()
  const look = (code: CodeIndex, addresses: readonly bigint[]) => {
    for (const address of addresses) {
      const range = code.at(address)
      if (range !== undefined) found.add(range)
    }
  }
  if (ofKernel.length > 0) look(kernelOf(sources.kallsyms), ofKernel)
  if (ofPrograms.length > 0)
    for (const program of sources.programs) look(new CodeIndex(await programOf(program)), ofPrograms)
  return [...found]
}
