/**
 * The holder's file `mappings`: where each process has its code from, at which time. It is the guest's word: a line that
 * is none is left out.
 */
import { COMM_LENGTH } from '../../trace/events/processes.ts'
import type { GuestRun } from './guest-output.ts'
import { of } from './holder.ts'

/** A place in a file of the guest. */
export interface FilePlace {
  readonly path: string
  /** Bytes from the beginning of the file. */
  readonly offset: bigint
}

interface Mapping {
  readonly start: bigint
  readonly end: bigint
  readonly offset: bigint
  readonly path: string
}

/** What a process has mapped from one exec to the next. */
interface Image {
  /** Of the exec; undefined: that of the process it was forked from. */
  readonly comm: string | undefined
  readonly mappings: Mapping[]
}

const MAPPED = /^M \d+ (\d+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) \d+ (.+)$/
const FORKED = /^F \d+ (\d+) (\d+) (\d+)$/
const EXECUTED = /^X \d+ (\d+) (.*)$/
const KEPT = /^E (\d{1,3}) \d+ (.+)$/

const hex = (digits = ''): bigint => BigInt(`0x${digits}`)
const timeOf = (line: string): bigint => BigInt(/^\S (\d{1,20}) /.exec(line)?.[1] ?? 0)

/** The lines of all CPUs in the order of time; those that say which files were kept have none. */
const inOrder = (lines: readonly string[]): string[] =>
  lines
    .map((line) => ({ line, at: timeOf(line) }))
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ line }) => line)

export class Mappings {
  readonly #images = new Map<number, Image[]>()
  /** The process of a thread that is not its first. */
  readonly #processes = new Map<number, number>()
  /** Names of the files with symbols among those of the run, by their paths in the guest. */
  readonly files = new Map<string, string>()

  constructor(text: string) {
    for (const line of inOrder(text.split('\n'))) this.#take(line)
  }

  #take(line: string): void {
    const [, pid, start, length, offset, path] = MAPPED.exec(line) ?? []
    if (path !== undefined) {
      const mapping = { start: hex(start), end: hex(start) + hex(length), offset: hex(offset), path }
      const images = this.#images.get(Number(pid)) ?? [{ comm: undefined, mappings: [] }]
      images.at(-1)?.mappings.push(mapping)
      this.#images.set(Number(pid), images)
      return
    }
    const [, child, thread, parent] = FORKED.exec(line) ?? []
    if (parent !== undefined) {
      if (child !== thread) this.#processes.set(Number(thread), Number(child))
      const inherited = this.#images.get(Number(parent))?.at(-1)
      if (child !== parent && inherited !== undefined)
        this.#images.set(Number(child), [{ comm: inherited.comm, mappings: [...inherited.mappings] }])
      return
    }
    const [, process, comm] = EXECUTED.exec(line) ?? []
    if (comm !== undefined)
      this.#images.set(Number(process), [...(this.#images.get(Number(process)) ?? []), { comm, mappings: [] }])
    const [, number, file] = KEPT.exec(line) ?? []
    if (file !== undefined) this.files.set(file, `elf-${number}`)
  }

  /**
   * The code at an address. Undefined where nothing was mapped there, or where it was different things at different
   * times: a count has no time.
   * @param id of a process or thread; undefined: any process, where all agree
   * @param comm what it called itself, which tells the programs apart that a process was
   */
  at(id: number | undefined, address: bigint, comm: string | undefined): FilePlace | undefined {
    const process = id === undefined ? undefined : (this.#processes.get(id) ?? id)
    const images = process === undefined ? [...this.#images.values()].flat() : (this.#images.get(process) ?? [])
    const named = images.filter((image) => image.comm?.slice(0, COMM_LENGTH) === comm)
    const found = (named.length > 0 ? named : images).flatMap(({ mappings }) =>
      mappings.filter(({ start, end }) => start <= address && address < end),
    )
    const places = found.map(({ start, offset, path }) => ({ path, offset: address - start + offset }))
    const [first] = places
    return first !== undefined && places.every(({ path, offset }) => path === first.path && offset === first.offset)
      ? first
      : undefined
  }
}

/**
 * Those of a run. Undefined where the guest kept none, or lost some: then a place may have been mapped anew, and its
 * old name would be false.
 */
export function mappingsOf({ lines, files }: Pick<GuestRun, 'lines' | 'files'>): Mappings | undefined {
  const [said] = of(lines, 'mappings')
  const text = files.get('mappings')?.toString('utf8')
  return said?.errno === 0 && said.lost === 0 && text !== undefined ? new Mappings(text) : undefined
}
