/**
 * A trace.dat of somebody else, as trace-cmd reads it: its text with nanoseconds, its flags, and what its options say.
 */
import { open } from 'node:fs/promises'
import { userError } from '../engine/error.ts'
import { isDamaged } from '../host/sandbox.ts'
import { latencyFlags, optionsText, reportFiles } from '../host/trace-cmd.ts'
import type { TraceEvent } from '../linux/ftrace/trace-line.ts'
import { eachLine } from './lines.ts'

export interface DatOptions {
  /** Text of each CPU's stats, in order, as far as the file has them. */
  readonly stats: readonly string[]
  readonly clock: string | undefined
  readonly release: string | undefined
  /** As the file has it. */
  readonly uname: string | undefined
}

/** Reads `trace-cmd dump --options`: "[Option CPUSTAT, 142 bytes]", then the option's text. */
export function datOptions(text: string): DatOptions {
  const options = text.split(/^\s*\[Option /m).map((part) => {
    const [, name = '', value = ''] = /^(\w+), \d+ bytes\]\n(.*)$/s.exec(part) ?? []
    return { name, value }
  })
  const of = (name: string) => options.filter((option) => option.name === name).map(({ value }) => value)
  const [uname] = of('UNAME')
  return {
    stats: of('CPUSTAT'),
    uname: uname?.trim(),
    clock: /\[(\S+)\]/.exec(of('TRACECLOCK')[0] ?? '')?.[1],
    // As /proc/version has it, or uname -a.
    release: /^Linux (?:version |\S+ )(\d+\.\d+\S*)/.exec(uname ?? '')?.[1],
  }
}

/** Flags of each line: a trace of millions of events has few different ones. */
class Flags {
  readonly #known: string[] = ['']
  #indexes = new Uint8Array(1 << 16)
  count = 0

  add(line: string): void {
    const flags = latencyFlags(line) ?? ''
    let index = this.#known.indexOf(flags)
    if (index < 0) index = this.#known.length < 256 ? this.#known.push(flags) - 1 : 0
    if (this.count === this.#indexes.length) {
      const larger = new Uint8Array(this.#indexes.length * 2)
      larger.set(this.#indexes)
      this.#indexes = larger
    }
    this.#indexes[this.count++] = index
  }

  /** `line` counts from 1. */
  at(line: number): string | undefined {
    return this.#known[this.#indexes[line - 1] ?? 0] || undefined
  }
}

const damaged = (file: string, fact: string, lines: readonly string[], cause?: unknown) =>
  userError(
    {
      place: file,
      fact,
      lines,
      wayOut: 'is it whole? `trace-cmd restore` can save what is left of a recording that was interrupted',
    },
    cause,
  )

/**
 * trace-cmd begins every report with it, and says nothing at all of a file that ends within its headers (status 0, seen
 * with 3.1.6).
 */
const FIRST_LINE = /^cpus=\d+$/

async function firstLine(file: string): Promise<string> {
  await using handle = await open(file)
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(64), 0, 64, 0)
  return buffer.toString('latin1', 0, bytesRead).split('\n')[0] ?? ''
}

export interface DatText {
  readonly known: (event: TraceEvent, line: number) => TraceEvent
  readonly options: DatOptions
}

/**
 * Writes the text of `file` to `plain`. `latency` is for the second form of it, which has the flags.
 * @param name the file as the user called it, for failures
 * @throws Failure (user) when trace-cmd cannot read the file
 */
export async function datText(
  file: string,
  paths: { readonly plain: string; readonly latency: string },
  name: string,
  signal: AbortSignal,
): Promise<DatText> {
  let options: DatOptions
  try {
    const stderr = await reportFiles(file, paths, signal)
    if (!FIRST_LINE.test(await firstLine(paths.plain)))
      throw damaged(name, 'this trace.dat is cut short: it ends before its first event', stderr.split('\n').slice(0, 3))
    options = datOptions(await optionsText(file, signal))
  } catch (error) {
    if (isDamaged(error))
      throw damaged(name, `this trace.dat cannot be read: ${error.parts.fact}`, error.parts.lines ?? [], error)
    throw error
  }
  const flags = new Flags()
  const skip = () => flags.add('')
  await eachLine(paths.latency, { line: (line) => flags.add(line), tooLong: skip }, { signal })
  let lines = 0
  const count = () => void lines++
  await eachLine(paths.plain, { line: count, tooLong: count }, { signal })
  // The lines of both must be the same events; a message with line ends of its own is in both.
  if (lines !== flags.count) return { known: (event) => event, options }
  return {
    known: (event, line) => {
      const found = event.flags ?? flags.at(line)
      return found === undefined ? event : { ...event, flags: found }
    },
    options,
  }
}
