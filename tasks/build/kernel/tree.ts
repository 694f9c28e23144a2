/**
 * A kernel tree under change: the pristine text of every file that we ever changed is kept beside the tree, so that
 * each build starts from the original, a change taken back is really gone, and files that stay the same keep their
 * times (make goes by them).
 */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ResolvedKernel } from '../../config/resolved.ts'
import { run } from '../../host/sh.ts'
import type { Layer } from '../../linux/c/blame.ts'
import { applyHelpers } from '../../linux/c/helpers.ts'
import { applyExpose, type Exposed } from '../../linux/c/expose.ts'
import { applyParallelPaths, type TransformResult } from '../../linux/c/parallel-path.ts'
import { layered, type SourceTree } from '../../linux/c/source-tree.ts'

/** Where most functions that one may want to probe are defined. */
export const SEARCHED = ['arch/x86', 'block', 'fs', 'include', 'ipc', 'kernel', 'lib', 'mm', 'net', 'security']
/** Further parts of the kernel, most of a tree's files: looked into for names that are nowhere else. */
export const REST = ['certs', 'crypto', 'drivers', 'init', 'sound', 'virt']
/** Marks, among the kept originals, a file that the source does not have. */
const ADDED = '.lab-added'

export interface Change {
  /** Tree-relative path -> new text, for every file that differs from the source. */
  readonly changed: ReadonlyMap<string, string>
  readonly paths: readonly TransformResult[]
  readonly exposed: readonly Exposed[]
  readonly warnings: readonly string[]
  /** What the declaration changed, one thing on top of the other. */
  readonly layers: readonly Layer[]
}

export class KernelTree implements SourceTree {
  readonly dir: string
  readonly #pristine: string
  readonly #signal: AbortSignal

  constructor(dir: string, signal: AbortSignal) {
    this.dir = dir
    this.#pristine = `${dir}.pristine`
    this.#signal = signal
  }

  /**
   * Takes back every change and forgets it: the tree becomes another one. A file that a patch added would be taken for
   * one of the source.
   */
  async reset(): Promise<void> {
    await this.apply(new Map())
    await rm(this.#pristine, { recursive: true, force: true })
  }

  /** Original text of a file, whatever we did to it since. */
  read(path: string): string | undefined {
    if (existsSync(join(this.#pristine, `${path}${ADDED}`))) return undefined
    const kept = join(this.#pristine, path)
    const file = existsSync(kept) ? kept : join(this.dir, path)
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined
  }

  async candidates(name: string, everywhere = false): Promise<readonly string[]> {
    const dirs = [...SEARCHED, ...(everywhere ? REST : [])].filter((dir) => existsSync(join(this.dir, dir)))
    if (dirs.length === 0) return []
    const { stdout } = await run(['grep', '-rlwF', '--include=*.c', '--include=*.h', '--', name, ...dirs], {
      cwd: this.dir,
      signal: this.#signal,
      accept: [0, 1],
    })
    return stdout.split('\n').filter((line) => line !== '')
  }

  /** Files that differ from the source now. */
  async #kept(): Promise<string[]> {
    const entries = await readdir(this.#pristine, { recursive: true, withFileTypes: true }).catch(() => [])
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.#pristine.length + 1))
  }

  /** Keeps what a file was before the first change: its text, or a mark that there was none. */
  async #keep(path: string): Promise<void> {
    const kept = join(this.#pristine, path)
    if (existsSync(kept) || existsSync(`${kept}${ADDED}`)) return
    await mkdir(dirname(kept), { recursive: true })
    const file = join(this.dir, path)
    if (existsSync(file)) await writeFile(kept, await readFile(file))
    else await writeFile(`${kept}${ADDED}`, '')
  }

  /** Makes the tree equal to the source plus `changed`, writing only what differs from what is there. */
  async apply(changed: ReadonlyMap<string, string>): Promise<void> {
    for (const [path] of changed) await this.#keep(path)
    for (const kept of await this.#kept()) {
      const path = kept.endsWith(ADDED) ? kept.slice(0, -ADDED.length) : kept
      const wanted = changed.get(path) ?? this.read(path)
      const file = join(this.dir, path)
      if (wanted === undefined) await rm(file, { force: true })
      else if ((await readFile(file, 'utf8').catch(() => undefined)) !== wanted) {
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, wanted)
      }
    }
  }
}

/**
 * What the declaration makes of the source; nothing is written. `fixes` are files that patches and the compat table
 * changed already.
 */
export async function computeChange(
  tree: SourceTree,
  kernel: Pick<ResolvedKernel, 'parallelPaths' | 'expose' | 'helpers'>,
  fixes: ReadonlyMap<string, string> = new Map(),
): Promise<Change> {
  const helpers = await applyHelpers(layered(tree, fixes), kernel.helpers ?? [])
  // expose comes first; parallel paths are then made of the exposed text, so that both can name the same file. What is
  // said of a clone can only be done when there is one.
  const clones = new Set(
    kernel.parallelPaths.flatMap(({ suffix, functions }) => functions.map((f) => `${f}_${suffix}`)),
  )
  const [ofClones, ofOthers] = [true, false].map((is) => kernel.expose.filter((one) => clones.has(one.function) === is))
  const early = await applyExpose(layered(tree, new Map([...fixes, ...helpers])), ofOthers ?? [])
  const before = new Map([...fixes, ...helpers, ...early.changed])
  const { changed, paths } = await applyParallelPaths(layered(tree, before), kernel.parallelPaths)
  const cloned = new Map([...before, ...changed])
  const late = await applyExpose(layered(tree, cloned), ofClones ?? [])
  return {
    paths,
    exposed: [...early.functions, ...late.functions],
    changed: new Map([...cloned, ...late.changed]),
    layers: [
      { name: '`helpers:`', files: helpers },
      { name: '`expose:`', files: early.changed },
      { name: '`parallelPath:`', files: changed },
      { name: '`expose:`', files: late.changed },
    ],
    warnings: paths.flatMap((path) => path.warnings),
  }
}
