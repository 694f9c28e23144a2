/**
 * A kernel tree under change: the pristine text of every file that we ever changed is kept beside the tree, so that each build starts
 * from the original, a change taken back is really gone, and files that stay the same keep their times (make goes by them).
 */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ResolvedKernel } from '../config/resolve.ts'
import { run } from '../host/sh.ts'
import { applyExpose } from '../linux/expose.ts'
import { applyParallelPath, type SourceTree, type TransformResult } from '../linux/parallel-path.ts'

/** Where functions that one may want to probe are defined; drivers and other architectures would only add noise. */
const SEARCHED = ['arch/x86', 'block', 'fs', 'include', 'ipc', 'kernel', 'lib', 'mm', 'net', 'security']

export interface Change {
  /** Tree-relative path -> new text, for every file that differs from the source. */
  readonly changed: ReadonlyMap<string, string>
  readonly path?: TransformResult | undefined
  readonly warnings: readonly string[]
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

  /** Forgets what was kept, after the tree itself was renewed. */
  async reset(): Promise<void> {
    await rm(this.#pristine, { recursive: true, force: true })
  }

  /** Original text of a file, whatever we did to it since. */
  read(path: string): string | undefined {
    const kept = join(this.#pristine, path)
    const file = existsSync(kept) ? kept : join(this.dir, path)
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined
  }

  async candidates(name: string): Promise<readonly string[]> {
    const dirs = SEARCHED.filter((dir) => existsSync(join(this.dir, dir)))
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

  /** Makes the tree equal to the source plus `changed`, writing only what differs from what is there. */
  async apply(changed: ReadonlyMap<string, string>): Promise<void> {
    for (const [path] of changed) {
      const kept = join(this.#pristine, path)
      if (existsSync(kept)) continue
      await mkdir(dirname(kept), { recursive: true })
      await writeFile(kept, await readFile(join(this.dir, path)))
    }
    for (const path of await this.#kept()) {
      const wanted = changed.get(path) ?? this.read(path) ?? ''
      const file = join(this.dir, path)
      if ((await readFile(file, 'utf8')) !== wanted) await writeFile(file, wanted)
    }
  }
}

/** What the declaration makes of the source; nothing is written. `fixes` are files that the compat table changed already. */
export async function computeChange(
  tree: SourceTree,
  kernel: Pick<ResolvedKernel, 'parallelPath' | 'expose'>,
  fixes: ReadonlyMap<string, string> = new Map(),
): Promise<Change> {
  const changed = new Map<string, string>(fixes)
  const layered: SourceTree = {
    read: (path) => changed.get(path) ?? tree.read(path),
    candidates: (name) => tree.candidates(name),
  }
  // expose comes first; the parallel path is then made of the exposed text, so that both can name the same file.
  if (kernel.expose.length > 0)
    for (const [path, text] of (await applyExpose(layered, kernel.expose)).changed) changed.set(path, text)
  const path = kernel.parallelPath && (await applyParallelPath(layered, kernel.parallelPath))
  for (const [file, text] of path?.changed ?? []) changed.set(file, text)
  return { changed, path, warnings: path?.warnings ?? [] }
}
