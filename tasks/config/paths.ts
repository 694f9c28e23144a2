/**
 * Where the files are that a lab names: beside the lab file, at an absolute path, or shipped with the tool
 * (`lab:NAME`).
 */
import { accessSync, constants, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { codeOf } from '../engine/error.ts'
import { RECIPE_FILE } from './recipe.ts'
import { nameWayOut, suggest } from './text/suggest.ts'

/** What a path in the lab file is for. */
export type PathUse =
  | 'config'
  | 'patch'
  | 'recipe'
  | 'probe'
  | 'script'
  | 'workload'
  | 'module'
  | 'program'
  | 'beside'
  | 'tree'
  | 'kernel'
  | 'kernelConfig'
  | 'share'

export interface Roots {
  /** The directory of the lab file. */
  readonly labDir: string
  /** The directory of the tool, for `lab:` names. */
  readonly toolRoot: string
}

/** What the loader asks about files; tests answer in its place. */
export interface Files {
  /** `unreadable`: it is there, and this user may not read it. */
  kind(file: string): 'file' | 'directory' | 'other' | 'unreadable' | undefined
  /** Names in a directory; empty if it cannot be read. */
  list(directory: string): string[]
  /** Its bytes, or undefined where they cannot be had. */
  read(file: string): Uint8Array | undefined
  /** Its path without symbolic links, or undefined where it is not there. */
  real(file: string): string | undefined
}

interface Use {
  readonly what: string
  readonly is: 'file' | 'directory'
  /** Where the tool's own ones are; none: `lab:` has no meaning here. */
  readonly shipped?: { readonly directory: string; readonly suffix: string }
  /** A file that shows that the directory is what it should be. */
  readonly mark?: string
}

const USES: Readonly<Record<PathUse, Use>> = {
  config: { what: 'configuration fragment', is: 'file', shipped: { directory: 'kernel/config', suffix: '.config' } },
  patch: { what: 'patch', is: 'file' },
  recipe: { what: 'recipe', is: 'directory', shipped: { directory: 'vm-images', suffix: '' }, mark: RECIPE_FILE },
  probe: { what: 'probe source', is: 'file', shipped: { directory: 'bpf', suffix: '.bpf.c' } },
  workload: { what: 'workload source', is: 'file', shipped: { directory: 'bpf/workloads', suffix: '.c' } },
  module: { what: 'module source', is: 'file' },
  script: { what: 'bpftrace script', is: 'file' },
  program: { what: 'program', is: 'file' },
  beside: { what: 'file', is: 'file' },
  tree: { what: 'kernel tree', is: 'directory', mark: 'Kbuild' },
  kernel: { what: 'built kernel', is: 'file' },
  kernelConfig: { what: 'kernel configuration', is: 'file' },
  share: { what: 'shared directory', is: 'directory' },
}

const SHIPPED = /^lab:(.*)$/s

/** The absolute path of what the lab file names. It need not exist. */
export function resolvePath(use: PathUse, text: string, { labDir, toolRoot }: Roots): string {
  const name = SHIPPED.exec(text)?.[1]
  const shipped = USES[use].shipped
  if (name === undefined || shipped === undefined) return path.resolve(labDir, text)
  return path.join(toolRoot, shipped.directory, `${name}${shipped.suffix}`)
}

/** Names that `lab:` knows for a use. */
function shippedNames(use: PathUse, { toolRoot }: Roots, files: Files): string[] {
  const { shipped, mark } = USES[use]
  if (shipped === undefined) return []
  const directory = path.join(toolRoot, shipped.directory)
  const names = files.list(directory).filter((name) => name.endsWith(shipped.suffix))
  return names
    .filter((name) => mark === undefined || files.kind(path.join(directory, name, mark)) === 'file')
    .map((name) => name.slice(0, name.length - shipped.suffix.length))
}

function shippedProblem(
  use: PathUse,
  name: string,
  roots: Roots,
  files: Files,
): { message: string; wayOut: string } | undefined {
  if (USES[use].shipped === undefined) return { message: `the lab ships no ${USES[use].what}`, wayOut: 'give a path' }
  const known = shippedNames(use, roots, files)
  if (known.includes(name)) return undefined
  const labelled = known.map((path) => `lab:${path}`)
  return {
    message: `the lab ships no ${USES[use].what} called "${name}"`,
    wayOut: nameWayOut(`lab:${name}`, labelled, 'shipped', 'give a path'),
  }
}

/** Why the named thing cannot be used, with a way out, or undefined. */
export function pathProblem(
  use: PathUse,
  text: string,
  roots: Roots,
  files: Files,
): { message: string; wayOut: string } | undefined {
  const name = SHIPPED.exec(text)?.[1]
  if (name !== undefined) return shippedProblem(use, name, roots, files)
  const { what, is, mark } = USES[use]
  const full = resolvePath(use, text, roots)
  const kind = files.kind(full)
  if (kind === undefined)
    return { message: `${what} "${text}" does not exist`, wayOut: missingWayOut(text, full, files) }
  if (kind === 'unreadable')
    return { message: `${what} "${text}" cannot be read`, wayOut: 'give yourself read permission' }
  if (kind !== is) return { message: `${what} "${text}" is not a ${is}`, wayOut: `name a ${is}` }
  const marked = mark === undefined ? 'file' : files.kind(path.join(full, mark))
  if (marked === 'file') return undefined
  if (marked === 'unreadable')
    return { message: `${mark} of ${what} "${text}" cannot be read`, wayOut: 'give yourself read permission' }
  return { message: `"${text}" is not a ${what}: it has no ${mark}`, wayOut: `name a directory that holds ${mark}` }
}

function missingWayOut(text: string, full: string, files: Files): string {
  if (text.startsWith('~')) return 'write the path out: no shell reads it, and "~" stands for nothing here'
  const near = suggest(path.basename(full), files.list(path.dirname(full)))
  if (near !== undefined) return `did you mean "${path.join(path.dirname(text), near)}"?`
  return path.isAbsolute(text)
    ? 'create it, or correct the path'
    : 'create it, or correct the path (relative to the lab file)'
}

/** The real file system. */
export const diskFiles: Files = {
  kind(file) {
    try {
      const stat = statSync(file)
      accessSync(file, stat.isDirectory() ? constants.R_OK | constants.X_OK : constants.R_OK)
      return stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other'
    } catch (error) {
      // EACCES may also come from a directory on the way: it may be there, and reading it is what fails.
      return codeOf(error) === 'EACCES' ? 'unreadable' : undefined
    }
  },
  list(directory) {
    try {
      return readdirSync(directory).toSorted()
    } catch {
      return []
    }
  },
  read(file) {
    try {
      return readFileSync(file)
    } catch {
      return undefined
    }
  },
  real(file) {
    try {
      return realpathSync(file)
    } catch {
      return undefined
    }
  },
}
