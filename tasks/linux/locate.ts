/** Finds the functions of a declaration in a tree, or says why not: absent, a macro, defined in several places. */
import { userError } from '../engine/error.ts'
import type { Files, Located } from './source-tree.ts'

const isStatic = ({ definitions }: Located): boolean =>
  definitions.every(({ signature }) => /\bstatic\b/.test(signature))
const isHeader = ({ file }: Located): boolean => file.endsWith('.h')

/** Names that share most of their words with the wanted one ("filemap_read" for "generic_file_buffered_read" is beyond it). */
function similar(name: string, names: readonly string[]): string[] {
  const words = new Set(name.split('_').filter((word) => word.length > 2))
  const score = (other: string) => other.split('_').filter((word) => words.has(word)).length
  return names
    .filter((other) => other !== name && score(other) >= Math.max(2, words.size - 1))
    .toSorted((a, b) => score(b) - score(a))
    .slice(0, 3)
}

/** The one definition that is meant, of several: in a .c file, and beside the rest of the path. */
function choose(found: readonly Located[], near: ReadonlySet<string>): readonly Located[] {
  const sources = found.filter((one) => !isHeader(one))
  const pool = sources.length > 0 ? sources : found
  if (pool.length <= 1) return pool
  const beside = pool.filter(({ file }) => near.has(file))
  if (beside.length > 0) return beside
  const global = pool.filter((one) => !isStatic(one))
  return global.length > 0 ? global : pool
}

/** Several definitions in one file are alternatives of the preprocessor, or the file is broken. */
function checkAlternatives({ name, file, definitions }: Located): void {
  if (definitions.length > 1 && !definitions.every(({ conditional }) => conditional))
    throw userError({
      place: `kernel source: ${file}`,
      fact: `${name} is defined ${definitions.length} times, not only under #if`,
      wayOut: "the source is broken, or carries somebody else's change",
    })
}

async function locateOne(files: Files, name: string, key: string, near: ReadonlySet<string>): Promise<Located> {
  const found = await files.definitions(name)
  const chosen = choose(found, near)
  const only = chosen[0]
  if (only && chosen.length === 1) {
    checkAlternatives(only)
    return only
  }
  const place = `parallelPath.${key}`
  if (chosen.length > 1)
    throw userError({
      place,
      fact: `${name} is defined in ${chosen.map(({ file }) => file).join(' and ')}`,
      wayOut: 'the path must say which: name a function of the same file beside it',
    })
  const macro = await files.macro(name)
  if (macro !== undefined)
    throw userError({
      place,
      fact: `${name} is a macro (${macro}), not a function`,
      wayOut: 'name the function that the macro calls',
    })
  const suggestions = similar(name, await files.namesNear([...near]))
  throw userError({
    place,
    fact: `this kernel source has no function ${name}`,
    wayOut:
      suggestions.length > 0
        ? `did you mean ${suggestions.join(' or ')}? names differ between kernel versions`
        : 'names differ between kernel versions: declare the path per kernel',
  })
}

/** Locates every name; a function found in one file only helps to choose among the others' several. */
export async function locateAll(
  files: Files,
  names: readonly string[],
  key: string,
  seeds: readonly string[],
): Promise<Located[]> {
  const near = new Set(seeds)
  for (const name of names) {
    const sources = (await files.definitions(name)).filter((one) => !isHeader(one))
    if (sources.length === 1 && sources[0]) near.add(sources[0].file)
  }
  const located: Located[] = []
  for (const name of names) located.push(await locateOne(files, name, key, near))
  return located
}

/** Where the prototype of a clone goes: beside the original's. Undefined for a static function of a .c file. */
export async function prototypeHome(files: Files, one: Located): Promise<{ file: string; at: number } | undefined> {
  if (isHeader(one)) return { file: one.file, at: one.definitions.at(-1)?.end ?? 0 }
  const header = isStatic(one) ? undefined : (await files.declaringHeaders(one.name))[0]
  if (header === undefined) return undefined
  const declared = (await files.parsed(header)).declarations.find(({ name }) => name === one.name)
  return declared && { file: header, at: declared.end }
}
