/**
 * The compilers: clang for BPF objects, gcc for programs of the guest. Their messages reach the user once, with file
 * and line.
 */
import { readFile, rm } from 'node:fs/promises'
import { failedBy, Failure, type FailureParts } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { dependenciesOf, includesOf, preprocessing, type Include } from '../linux/c/includes.ts'
import { warningsIn, type CompilerWarning } from './compiler-warnings.ts'
import { run, type RunOptions } from './sh.ts'

/** What decides how a BPF object is compiled, without where it goes. */
export interface BpfSource {
  readonly source: string
  /** Include directories in this order; nothing else is searched, so no header of the host's own kernel slips in. */
  readonly include: readonly string[]
  readonly define: Readonly<Record<string, string>>
  /** What to do about a probe that does not compile. */
  readonly wayOut: string
  readonly place: string
  readonly signal: AbortSignal
}

export interface BpfCompile extends BpfSource {
  readonly object: string
}

/** A source that does not compile, with every line that the compiler said; to some experiments it is the result. */
export class CompileFailure extends Failure {
  readonly said: readonly string[]

  constructor(parts: FailureParts, said: readonly string[], cause: unknown) {
    super('user', parts, { cause })
    this.said = said
  }
}

/** Lines of a compiler's output that are shown: the first, since the later errors are often consequences. */
const SHOWN = 20

/** Where a macro comes from, as clang and gcc say it. */
const OF_MACRO = /: note: (?:expanded from macro|in (?:definition|expansion) of macro|expanded from here)/
/** A line that begins something new: a diagnostic, or how a file came to be included. */
const BEGINS = /^(?:\S.*:\d+(?::\d+)?: |In file included from |\S+: In function )/

/**
 * Diagnostics without the notes that lead through macros: they show code of headers, which nobody wrote or corrects.
 */
export function withoutMacros(output: readonly string[]): string[] {
  let isOfMacro = false
  return output.filter((line) => {
    if (BEGINS.test(line)) isOfMacro = OF_MACRO.test(line)
    return !isOfMacro
  })
}

/** First diagnostics of a compiler, without its "N errors generated". */
function compileFailure(
  error: unknown,
  said: readonly string[],
  place: string,
  source: string,
  wayOut: string,
): unknown {
  if (!failedBy(error, 'exit-status')) return error
  const output = said.filter((line) => !/^\d+ (errors?|warnings?)( and .*)? generated/.test(line))
  const at = output
    .map((line) => /^(\S+?:\d+(?::\d+)?): (?:fatal )?error: (.*)$/.exec(line))
    .find((match) => match !== null)
  return new CompileFailure(
    {
      place: at?.[1] ?? place,
      fact: at ? `${place} does not compile: ${at[2] ?? ''}` : `${source} does not compile`,
      lines: withoutMacros(output)
        .slice(0, SHOWN)
        .map((line) => printable(line, 200)),
      wayOut,
    },
    output,
    error,
  )
}

/**
 * Debug information without the places of this machine: an object is the same bytes wherever its sources lie. Else its
 * size, and with it the count of a deterministic guest's instructions, would depend on how long a path is. (The
 * source's own directory is among those of its includes.)
 */
const withoutPlaces = (include: readonly string[], resources: string): string[] => [
  '-fdebug-compilation-dir=.',
  ...[...include, resources].map((dir, index) => `-ffile-prefix-map=${dir}=include${index}`),
]

export const bpfArgv = (
  { source, object, include, define }: Pick<BpfCompile, 'source' | 'object' | 'include' | 'define'>,
  resources: string,
): string[] => [
  'clang',
  '-target',
  'bpf',
  '-D__TARGET_ARCH_x86',
  '-O2',
  '-g',
  '-Wall',
  '-Wno-unused-function',
  '-Wno-address-of-packed-member',
  ...withoutPlaces(include, resources),
  '-nostdinc',
  '-isystem',
  `${resources}/include`,
  ...include.map((dir) => `-I${dir}`),
  ...Object.entries(define).map(([name, value]) => `-D${name}=${value}`),
  '-c',
  source,
  '-o',
  object,
]

/** Where the headers of the host's C library are. */
export const C_LIBRARY = '/usr/include'

/** Where clang keeps the headers that belong to itself (stddef.h, stdarg.h). */
export const clangResources = async (signal: AbortSignal): Promise<string> =>
  (await run(['clang', '-print-resource-dir'], { signal, place: 'host' })).stdout.trim()

/** Of a source that compiled. */
export interface Compiled {
  /** Every file that was read for it. */
  readonly read: readonly string[]
  readonly warnings: readonly CompilerWarning[]
}

/** @throws CompileFailure with what the compiler said */
export async function compileBpf(request: BpfCompile): Promise<Compiled> {
  const { place, source, object, signal } = request
  const argv = bpfArgv(request, await clangResources(signal))
  const list = `${object}.d`
  const said: string[] = []
  try {
    await run([...argv, '-MD', '-MF', list], { signal, place, onLine: (line) => said.push(line) })
    return { read: dependenciesOf(await readFile(list, 'utf8')), warnings: warningsIn(said) }
  } catch (error) {
    throw compileFailure(error, said, place, source, request.wayOut)
  } finally {
    await rm(list, { force: true })
  }
}

/** Which file each include of a compiling command resolved to, as its own preprocessor says. */
export async function includes(argv: readonly string[], options: RunOptions): Promise<Include[]> {
  const { stdout } = await run(preprocessing(argv), options)
  return includesOf(stdout)
}

interface Step {
  readonly flags: readonly string[]
  readonly place: string
  readonly signal: AbortSignal
}

const CORRECT = 'correct the program; `lab doctor` tells whether a library is missing'

/**
 * Compiles one C file for the host's kind of CPU, and returns its warnings. @throws CompileFailure with what the
 * compiler said
 */
export async function compileObject({
  source,
  object,
  flags,
  place,
  signal,
}: Step & { readonly source: string; readonly object: string }): Promise<CompilerWarning[]> {
  const said: string[] = []
  try {
    const argv = ['gcc', '-O2', '-Wall', ...flags, '-c', '-o', object, source]
    await run(argv, { signal, place, onLine: (line) => said.push(line) })
    return warningsIn(said)
  } catch (error) {
    throw compileFailure(error, said, place, printable(source), CORRECT)
  }
}

/** Links objects to a program. @param wanted `libraries` are files or linker words, in their order */
export async function linkProgram({
  objects,
  program,
  libraries,
  flags,
  place,
  signal,
}: Step & {
  readonly objects: readonly string[]
  readonly program: string
  readonly libraries: readonly string[]
}): Promise<void> {
  const said: string[] = []
  try {
    // Without -s: a uprobe, gdb and a stack trace need the names of its functions. No path of this host is in them.
    const argv = ['gcc', ...flags, '-o', program, ...objects, ...libraries]
    await run(argv, { signal, place, onLine: (line) => said.push(line) })
  } catch (error) {
    throw compileFailure(error, said, place, 'the program', 'are all its sources and libraries in the lab file?')
  }
}

export interface HostCompile {
  readonly sources: readonly string[]
  readonly program: string
  readonly flags: readonly string[]
  readonly libraries: readonly string[]
  readonly place: string
  readonly signal: AbortSignal
}

export async function compileProgram({
  sources,
  program,
  flags,
  libraries,
  place,
  signal,
}: HostCompile): Promise<void> {
  const said: string[] = []
  try {
    // -s: neither names of temporary files nor of places here are in it, and it is smaller to send.
    await run(['gcc', '-O2', '-Wall', '-s', ...flags, '-o', program, ...sources, ...libraries], {
      signal,
      place,
      onLine: (line) => said.push(line),
    })
  } catch (error) {
    throw compileFailure(error, said, place, sources.map((file) => printable(file)).join(' '), CORRECT)
  }
}
