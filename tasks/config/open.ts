/** What commands call: the lab, resolved, or one failure that says everything that is wrong with it. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { codeOf, messageOf, userError } from '../engine/error.ts'
import { needReadable } from '../engine/regular-file.ts'
import { type Diagnostic, sorted, render } from './text/diagnostic.ts'
import { findLab } from './find.ts'
import { loadLab } from './load.ts'
import { readLabLock } from './lock-file.ts'
import { diskFiles } from './paths.ts'
import type { HostFacts } from './checks/check.ts'
import { resolveLab } from './resolve.ts'
import type { ResolvedLab } from './resolved.ts'
import { nameWayOut } from './text/suggest.ts'

export interface OpenOptions {
  /** `-f`: a lab file, or a directory that holds lab.yaml. */
  readonly file?: string | undefined
  readonly cwd: string
  /** The tool's own directory: what `lab:` names are looked up in. */
  readonly toolRoot: string
  readonly host: HostFacts
  /**
   * `not asked`: the files that the lab names need not be here. For a lab that was used elsewhere, and is only read.
   */
  readonly files?: 'not asked'
}

/** After this many a person has seen enough; the rest come after the first are repaired. */
const MOST_SHOWN = 100

function readBytes(file: string, shown: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    const reasons: Readonly<Record<string, readonly [fact: string, wayOut: string]>> = {
      ENOENT: ['the lab file does not exist', 'correct the path, or make a lab with lab init'],
      EACCES: ['the lab file cannot be read', 'give yourself read permission'],
      EISDIR: ['this is a directory', 'name the lab file in it'],
    }
    const [fact, wayOut] = reasons[codeOf(error) ?? ''] ?? [
      `the lab file cannot be read: ${messageOf(error)}`,
      'name another file',
    ]
    throw userError({ place: shown, fact, wayOut }, error)
  }
}

/** All diagnostics as lines, in the order of the text. */
function linesOf(diagnostics: readonly Diagnostic[]): string[] {
  const lines = sorted(diagnostics).slice(0, MOST_SHOWN).flatMap(render)
  return diagnostics.length > MOST_SHOWN ? [...lines, `... and ${diagnostics.length - MOST_SHOWN} more`] : lines
}

/**
 * Finds, reads, validates and resolves the lab.
 * @throws one Failure of the user; its lines are all problems, rendered
 */
export function openLab({ file, cwd, toolRoot, host, files }: OpenOptions): {
  lab: ResolvedLab
  warnings: readonly Diagnostic[]
} {
  const found = findLab(cwd, file)
  const relative = path.relative(cwd, found)
  // Far above, a chain of ../../.. says less than the whole path.
  const shown = relative.startsWith(path.join('..', '..')) ? found : relative
  needReadable(found, 'name the lab file', false)
  const bytes = readBytes(found, shown)
  const asked = files === 'not asked' ? undefined : diskFiles
  const { lab, text, errors, warnings } = loadLab(found, { shown, bytes, toolRoot, host, files: asked })
  if (lab === undefined) {
    const count = errors.length === 1 ? '1 problem' : `${errors.length} problems`
    const where = new Set(errors.map((error) => path.basename(error.file)))
    throw userError({ fact: `${count} in ${[...where].join(' and ')}`, lines: linesOf([...errors, ...warnings]) })
  }
  const labDir = path.dirname(found)
  return { lab: resolveLab(lab, found, text, { labDir, toolRoot }, readLabLock(labDir)), warnings }
}

/**
 * The entry of that name (`named(lab.vms, 'vm', 'default')`).
 * @throws a user's Failure with the nearest name
 */
export function named<T>(entries: Readonly<Record<string, T>>, kind: string, name: string): T {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined
  if (entry !== undefined) return entry
  const wayOut = nameWayOut(name, Object.keys(entries), `${kind}s`, `declare it under "${kind}s:" in lab.yaml`)
  throw userError({ fact: `there is no ${kind} "${name}" in this lab`, wayOut })
}

/** Looks up experiments of a lab by name; undefined for one that it does not have. */
export const declaredIn =
  ({ experiments }: Pick<ResolvedLab, 'experiments'>) =>
  (name: string): ResolvedLab['experiments'][string] | undefined =>
    Object.hasOwn(experiments, name) ? experiments[name] : undefined
