/**
 * The files of the lab that a source is made of: itself and what it includes, of any name and in any directory, found
 * by the lines that include them. They are its inputs before anything is compiled; afterwards the compiler's own list
 * of what it read is held against them.
 */
import { readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import { hashFile } from '../../engine/fingerprint.ts'
import { includedNames } from '../../linux/c/includes.ts'

/**
 * A file's name with the links among its directories resolved, so that two spellings are one file and `..` leads where
 * it leads a compiler. Its last part is kept: a compiler looks for `"x.h"` beside the link, not beside what that points
 * to. Undefined for what is not there.
 */
export function placeOf(file: string): string | undefined {
  try {
    // The system's own: Node's takes `link/..` away before it looks.
    return join(realpathSync.native(dirname(file)), basename(file))
  } catch {
    return undefined
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

export interface OwnFiles {
  /** Absolute, the source first; without links among the directories. */
  readonly files: readonly string[]
  /** Every name that one of them includes, found or not. */
  readonly names: ReadonlySet<string>
}

/**
 * Follows the includes of a source, those under a condition too.
 * @param dirs where else they are searched after the directory of the file that has the line, in this order
 */
export function ownFiles(source: string, dirs: readonly string[] = []): OwnFiles {
  const names = new Set<string>()
  const files = new Map<string, string>()
  const open = (path: string): boolean => {
    const file = placeOf(path)
    if (file === undefined) return false
    const text = files.get(file) ?? textOf(file)
    if (text === undefined) return false
    files.set(file, text)
    return true
  }
  open(source)
  // A map goes on to what is added while it is read.
  for (const [file, text] of files)
    for (const { name, quoted } of includedNames(text)) {
      names.add(name)
      if (isAbsolute(name)) open(name)
      else [...(quoted ? [dirname(file)] : []), dirname(source), ...dirs].find((dir) => open(`${dir}/${name}`))
    }
  return { files: [...files.keys()], names }
}

/**
 * The same files by names that begin as the source's does, whatever links lead to it: for names relative to its lab.
 */
export function ownFilesAsNamed(source: string): string[] {
  const from = dirname(placeOf(source) ?? source)
  return ownFiles(source).files.map((file) => join(dirname(source), relative(from, file)))
}

/** Hashes of files by their names as seen from a source's directory, which are the same wherever that is. */
export async function hashesOf(files: readonly string[], source: string): Promise<Record<string, string>> {
  const from = dirname(placeOf(source) ?? source)
  const hashes: Record<string, string> = {}
  for (const file of files) hashes[relative(from, file)] = await hashFile(file)
  return hashes
}
