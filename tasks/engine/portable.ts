/** Paths of this machine in what is published: a result must not tell the names of users and directories. */
import { homedir } from 'node:os'
import { basename } from 'node:path'

/** Directories that are the same on every machine. */
const PUBLIC = /^\/(?:dev|proc|sys|usr|bin|sbin|lib|lib64|run|data)(?:\/|$)/

/** A directory of this machine and the name that stands for it: `[cache, '$CACHE']`. */
export type Root = readonly [directory: string, name: string]

/**
 * A path as it is published: below one of the roots or the home directory by that name, otherwise its last part alone.
 */
export function portablePath(path: string, roots: readonly Root[]): string {
  if (!path.startsWith('/') || PUBLIC.test(path)) return path
  const all: readonly Root[] = [...roots, [homedir(), '~']]
  for (const [directory, name] of all.toSorted(([a], [b]) => b.length - a.length)) {
    if (path === directory) return name
    if (directory !== '/' && path.startsWith(`${directory}/`)) return name + path.slice(directory.length)
  }
  return `.../${basename(path)}`
}

/**
 * Words of a command, with the paths in them made portable: those that are a word, and those after `=`, as in
 * `file=/path,format=raw`.
 */
export const portableWords = (words: readonly string[], roots: readonly Root[]): string[] =>
  words.map((word) =>
    word.replaceAll(/(^|=)(\/[^,]*)/g, (_, before: string, path: string) => before + portablePath(path, roots)),
  )
