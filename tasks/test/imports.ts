/** The import lines of our own code, for the tests and scripts that look at its structure. */
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** The directory tasks/. */
export const TASKS = join(import.meta.dirname, '..')

/** Production files, relative to tasks/: no tests, no fixtures, nothing of tasks/test. */
export const PRODUCTION: readonly string[] = readdirSync(TASKS, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(file) && !file.startsWith('test/'))
  .toSorted()

export interface ImportLine {
  /** The importing file, relative to tasks/. */
  readonly file: string
  /** A file relative to tasks/, or the name of a module: `node:fs`, `zod`. */
  readonly from: string
  /** `import type`: gone when the program runs. */
  readonly typeOnly: boolean
  /** `import('…')`: loaded only when it is needed. */
  readonly dynamic: boolean
}

/** All imports and re-exports of one file. */
export function importsOf(file: string): ImportLine[] {
  const text = readFileSync(join(TASKS, file), 'utf8')
  const lines = text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)/gm)
  return Array.from(lines, ([, type, plain, dynamic]) => {
    const from = plain ?? dynamic ?? ''
    return {
      file,
      from: from.startsWith('.') ? normalize(join(dirname(file), from)) : from,
      typeOnly: type !== undefined,
      dynamic: dynamic !== undefined,
    }
  })
}

/**
 * What runs when these files run: themselves and everything they import, dynamic imports included, types left out.
 * @param endsAt files whose own imports are not followed
 */
export function closureOf(
  entries: readonly string[],
  endsAt: (file: string) => boolean = () => false,
): { files: string[]; modules: string[] } {
  const files = new Set<string>()
  const modules = new Set<string>()
  const waiting = [...entries]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue
    files.add(file)
    if (endsAt(file)) continue
    for (const { from, typeOnly } of importsOf(file)) {
      if (typeOnly) continue
      if (from.endsWith('.ts')) waiting.push(from)
      else if (!from.startsWith('node:') && !from.endsWith('.json')) modules.add(from)
    }
  }
  return { files: [...files].toSorted(), modules: [...modules].toSorted() }
}
