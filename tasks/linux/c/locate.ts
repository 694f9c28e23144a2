/**
 * Finds the functions of a declaration in a tree, or says why not: absent, a macro, a system call, defined in several
 * places.
 */
import { userError } from '../../engine/error.ts'
import type { Files, Located } from './source-tree.ts'

export const isStatic = ({ definitions }: Located): boolean =>
  definitions.every(({ signature }) => /\bstatic\b/.test(signature))
export const isHeader = ({ file }: Located): boolean => file.endsWith('.h')

/**
 * Files that are compiled for something else than the kernel's image: firmware-like stages, the vDSO, user space, host
 * programs.
 */
const OUTSIDE =
  /^(?:arch\/x86\/(?:boot|purgatory|realmode|entry\/vdso|um|tools)|tools|scripts|usr|samples|Documentation)\//

/** Files of 32-bit x86, which the lab does not build. */
const FOREIGN = /^arch\/x86\/.*_32\.[ch]$/

/** A file that may become a part of the kernel's image. */
export const inKernel = (file: string): boolean => !OUTSIDE.test(file) && !FOREIGN.test(file)

/** What x86 has of its own is not taken from asm-generic. */
const withoutGeneric = (found: readonly Located[]): readonly Located[] =>
  found.some(({ file }) => file.startsWith('arch/x86/'))
    ? found.filter(({ file }) => !file.startsWith('include/asm-generic/'))
    : found

/**
 * Names that share most of their words with the wanted one ("filemap_read" for "generic_file_buffered_read" is beyond
 * it).
 */
function similar(name: string, names: readonly string[]): string[] {
  const words = new Set(name.split('_').filter((word) => word.length > 2))
  const score = (other: string) => other.split('_').filter((word) => words.has(word)).length
  return names
    .filter((other) => other !== name && score(other) >= Math.max(2, words.size - 1))
    .toSorted((a, b) => score(b) - score(a))
    .slice(0, 3)
}

/**
 * The one definition that is meant, of several: in the kernel's image, in a .c file, and beside the rest of the path.
 */
function choose(found: readonly Located[], near: ReadonlySet<string>): readonly Located[] {
  const inside = withoutGeneric(found.filter(({ file }) => inKernel(file)))
  const sources = inside.filter((one) => !isHeader(one))
  const pool = sources.length > 0 ? sources : inside
  if (pool.length <= 1) return pool
  const beside = pool.filter(({ file }) => near.has(file))
  if (beside.length > 0) return beside
  const global = pool.filter((one) => !isStatic(one))
  return global.length > 0 ? global : pool
}

/** Several definitions in one file are alternatives of the preprocessor, or the file is broken. */
function checkAlternatives({ name, file, definitions }: Located): void {
  if (definitions.length > 1 && !definitions.every(({ condition }) => condition !== undefined))
    throw userError({
      place: `kernel source: ${file}`,
      fact: `${name} is defined ${definitions.length} times, not only under #if`,
      wayOut: "the source is broken, or carries somebody else's change",
    })
}

/** Why no definition was found. */
async function absent(
  files: Files,
  name: string,
  place: string,
  found: readonly Located[],
  near: readonly string[],
  only?: string,
) {
  if (found[0])
    return userError({
      place,
      fact: `${name} is defined in ${found[0].file} only, which is not part of the kernel's image`,
      wayOut: 'no probe reaches it: take a function of the kernel itself',
    })
  const call = await files.systemCall(name)
  if (call !== undefined)
    return userError({
      place,
      fact: `${name} is made by SYSCALL_DEFINE (${call}): it has no definition of its own`,
      wayOut: `a probe can be on the system call as it is; for the path behind it, name the function that ${call} calls`,
    })
  const macro = await files.macro(name)
  if (macro !== undefined)
    return userError({
      place,
      fact: `${name} is a macro (${macro}), not a function`,
      wayOut: 'name the function that the macro calls',
    })
  const unclear = await files.misunderstood(name, only)
  if (unclear !== undefined)
    return userError({
      place,
      fact: `${name} seems to be defined at ${unclear}, in a form that cannot be understood (macros or #if inside the head?)`,
      wayOut: 'change it with a patch of your own (`patches:`), or name its caller',
    })
  const suggestions = similar(name, await files.namesNear(near))
  return userError({
    place,
    fact: only === undefined ? `this kernel source has no function ${name}` : `${only} does not define ${name}`,
    wayOut:
      suggestions.length > 0
        ? `did you mean ${suggestions.join(' or ')}? names differ between kernel versions`
        : 'names differ between kernel versions: declare it per kernel; a function that a macro makes cannot be named',
  })
}

export interface Wanted {
  readonly name: string
  /** The file to look in, where several define it. */
  readonly file?: string | undefined
  /** What the user wrote, for messages: "parallelPath.entry". */
  readonly place: string
  /** What to do when several files define it. */
  readonly wayOut: string
}

/** Where a function is defined. @throws a user's error with the reason */
export async function locateOne(files: Files, wanted: Wanted, near: ReadonlySet<string> = new Set()): Promise<Located> {
  const { name, place, file } = wanted
  const found = await files.definitions(name, file)
  const chosen = choose(found, near)
  const only = chosen[0]
  if (!only) throw await absent(files, name, place, found, file === undefined ? [...near] : [file], file)
  if (chosen.length > 1)
    throw userError({
      place,
      fact: `${name} is defined in ${chosen.map((one) => one.file).join(' and ')}`,
      wayOut: wanted.wayOut,
    })
  checkAlternatives(only)
  return only
}

/** Locates every name; a function found in one file only helps to choose among the others' several. */
export async function locateAll(
  files: Files,
  names: readonly string[],
  place: string,
  seeds: readonly string[],
): Promise<Located[]> {
  const near = new Set(seeds)
  for (const name of names) {
    const sources = (await files.definitions(name)).filter((one) => !isHeader(one))
    if (sources.length === 1 && sources[0]) near.add(sources[0].file)
  }
  const located: Located[] = []
  const wayOut = 'the path must say which: name a function of the same file beside it'
  for (const name of names) located.push(await locateOne(files, { name, place, wayOut }, near))
  return located
}
