/**
 * Names for the addresses of code that a run recorded: in maps of stacks, in typed events and in messages. They are
 * looked up when the run is made, while the symbols of its boot are there; a kernel with KASLR is elsewhere at the
 * next.
 */
import { CodeIndex, kernelRanges, type CodeRange } from '../../linux/symbols/code-ranges.ts'
import type { Field } from '../../linux/objects/event-record.ts'
import { addressesInText, LOWEST_OF_KERNEL } from '../../trace/stacks/addresses.ts'
import { lookedUp } from '../../trace/stacks/run-code.ts'
import { stackAddresses, stackCounts } from '../../trace/stacks/stack-counts.ts'
import type { KeptCode } from '../../trace/stacks/symbols-file.ts'
import { isStackField } from '../../trace/stacks/typed-stacks.ts'
import type { Channel } from '../../trace/events/typed-parquet.ts'
import type { MapsFile } from './maps.ts'
import { programCode, type ProgramSources, type UserAddress } from './program-code.ts'

/** What the addresses may be of. */
export interface CodeSources extends ProgramSources {
  /** Text of /proc/kallsyms of the boot. */
  readonly kallsyms: Buffer
  /** What was inlined at addresses of the kernel, as they were in this boot. */
  readonly inlinedInKernel: (addresses: readonly bigint[]) => Promise<ReadonlyMap<bigint, readonly string[]>>
}

/** What a run recorded. */
export interface WithCode {
  readonly maps: Pick<MapsFile, 'maps'>
  readonly channels: readonly Channel[]
  /** Texts in which an address of the kernel's code may be. */
  readonly messages: Iterable<string>
}

/** Read once for all runs of a boot. */
const kernels = new WeakMap<Buffer, CodeIndex>()

function kernelOf(kallsyms: Buffer): CodeIndex {
  const known = kernels.get(kallsyms) ?? new CodeIndex(kernelRanges(kallsyms.toString('latin1')))
  kernels.set(kallsyms, known)
  return known
}

/** Arrays of 64-bit numbers are what bpf_get_stack() fills. */
const numbersIn = (value: Field): bigint[] =>
  Array.isArray(value)
    ? value.flatMap((field: Field) => (typeof field === 'bigint' || typeof field === 'number' ? [BigInt(field)] : []))
    : []

/** Addresses of a stack with the one before each: where a call never returns, that is the function of the call. */
const withCalls = (addresses: readonly bigint[]): bigint[] => addresses.flatMap((address) => [address, address - 1n])

/** Every array that may be a stack, whatever it is called. */
const arraysIn = (channels: readonly Channel[]): bigint[] =>
  channels.flatMap(({ columns, records }) => {
    const indexes = columns.flatMap(({ type }, index) => (type === 'UBIGINT[]' ? [index] : []))
    return indexes.length === 0
      ? []
      : records.flatMap(({ values }) => indexes.flatMap((index) => numbersIn(values[index] ?? '')))
  })

/** Each frame of user space with whose it is. */
function* framesOfPrograms({ maps, channels }: WithCode): Generator<UserAddress> {
  for (const { counts } of stackCounts(maps))
    for (const { pid, comm, halves } of counts)
      for (const half of halves)
        if ('addresses' in half)
          for (const [depth, address] of half.addresses.entries()) yield { at: lookedUp(address, depth), pid, comm }
  for (const { columns, records } of channels) {
    const indexes = columns.flatMap(({ path, type }, index) => (isStackField(path, type) ? [index] : []))
    for (const { thread: pid, comm, values } of records)
      for (const index of indexes)
        for (const [depth, address] of numbersIn(values[index] ?? '').entries())
          yield { at: lookedUp(address, depth), pid, comm }
  }
}

/** The functions that the recorded addresses are in, each once; what is in none is left out. */
export async function codeOf(recorded: WithCode, sources: CodeSources): Promise<KeptCode> {
  const stacks = new Set(withCalls([...stackAddresses(recorded.maps).flat(), ...arraysIn(recorded.channels)]))
  const inText = new Set<bigint>()
  for (const message of recorded.messages) for (const address of addressesInText(message)) inText.add(address)
  const isKernel = (address: bigint) => address >= LOWEST_OF_KERNEL
  const ofKernel = [...stacks].filter(isKernel)
  const ranges = new Set<CodeRange>()
  const kernel = ofKernel.length + inText.size > 0 ? kernelOf(sources.kallsyms) : new CodeIndex([])
  const known = ofKernel.filter((address) => kernel.at(address) !== undefined)
  for (const address of [...known, ...inText]) {
    const range = kernel.at(address)
    if (range !== undefined) ranges.add(range)
  }
  const inlined = known.length > 0 ? await sources.inlinedInKernel(known) : new Map<bigint, readonly string[]>()
  const programs = await programCode(framesOfPrograms(recorded), sources)
  return {
    ranges: [...ranges, ...programs.ranges],
    addresses: [...Array.from(inlined, ([at, names]) => ({ at, names, of: 'kernel' })), ...programs.addresses],
  }
}
