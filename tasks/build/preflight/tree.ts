/** The source of a kernel as it lies in its build tree, searched for many names at once. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../engine/replace-file.ts'
import { z } from 'zod'
import { run } from '../../host/sh.ts'
import { KernelTree, REST, SEARCHED } from '../kernel/tree.ts'
import type { SourceTree } from '../../linux/c/source-tree.ts'

/** Name -> files, of the folders that most functions are in and of the rest. */
type Found = readonly [Map<string, readonly string[]>, Map<string, readonly string[]>]

const Names = z.record(z.string(), z.array(z.string()))
const Kept = z.object({ source: z.string(), found: z.tuple([Names, Names]) })

/** So many names are kept; a walk for one more costs a second. */
const MOST_KEPT = 2000

function kept(file: string, source: string): Found {
  try {
    const text = Kept.parse(JSON.parse(readFileSync(file, 'utf8')))
    if (text.source === source) return [new Map(Object.entries(text.found[0])), new Map(Object.entries(text.found[1]))]
  } catch {
    // None yet, or one of another version: the tree is walked.
  }
  return [new Map(), new Map()]
}

export class SearchedTree implements SourceTree {
  readonly #tree: KernelTree
  readonly #signal: AbortSignal
  readonly #source: string
  readonly #file: string
  readonly #found: Found
  readonly #texts = new Map<string, string | undefined>()
  #changed: ReadonlyMap<string, string> = new Map()

  /**
   * @param source what identifies the tree's text: what was found in it stays true while that is the same
   * @param names a file where that is kept; beside the tree unless it is somebody's own
   */
  constructor(dir: string, source: string, signal: AbortSignal, names = `${dir}.names`) {
    this.#tree = new KernelTree(dir, signal)
    this.#signal = signal
    this.#source = source
    this.#file = names
    this.#found = kept(this.#file, source)
  }

  /** From here on the tree is as a declaration will make it: these files are others, or new. */
  change(changed: ReadonlyMap<string, string>): void {
    this.#changed = changed
  }

  /** Text of a file without the changes of whatever was built here last, but with those of `change`. */
  read(path: string): string | undefined {
    const changed = this.#changed.get(path)
    if (changed !== undefined) return changed
    if (!this.#texts.has(path)) this.#texts.set(path, this.#tree.read(path))
    return this.#texts.get(path)
  }

  async candidates(name: string, everywhere = false): Promise<readonly string[]> {
    await this.search([name], everywhere)
    const word = new RegExp(`\\b${name.replaceAll(/\W/g, '')}\\b`)
    const more = [...this.#changed].flatMap(([path, text]) => (word.test(text) ? [path] : []))
    const far = everywhere ? (this.#found[1].get(name) ?? []) : []
    return [...new Set([...(this.#found[0].get(name) ?? []), ...far, ...more])]
  }

  /** Finds the files that have these words; one walk through the tree for all of them. */
  async search(names: readonly string[], everywhere = false): Promise<void> {
    const near = await this.#walk(names, SEARCHED, this.#found[0])
    const far = everywhere && (await this.#walk(names, REST, this.#found[1]))
    if (near || far) this.#keep()
  }

  /** What cannot be kept is found again. */
  #keep(): void {
    if (this.#found[0].size + this.#found[1].size > MOST_KEPT) return
    const text = JSON.stringify({ source: this.#source, found: this.#found.map((map) => Object.fromEntries(map)) })
    try {
      replaceFile(this.#file, text)
    } catch {
      // As if nothing had been found before.
    }
  }

  /** True if the tree was walked. */
  async #walk(names: readonly string[], folders: readonly string[], into: Found[number]): Promise<boolean> {
    const wanted = [...new Set(names)].filter((name) => /^\w+$/.test(name) && !into.has(name))
    const dirs = folders.filter((dir) => existsSync(join(this.#tree.dir, dir)))
    if (wanted.length === 0 || dirs.length === 0) return false
    const found = new Map(wanted.map((name) => [name, new Set<string>()]))
    const words = wanted.flatMap((name) => ['-e', name])
    const files = ['--include=*.c', '--include=*.h', '--include=*.S']
    const { stdout } = await run(['grep', '-rowF', ...files, ...words, '--', ...dirs], {
      cwd: this.#tree.dir,
      signal: this.#signal,
      accept: [0, 1],
    })
    for (const line of stdout.split('\n')) {
      const at = line.lastIndexOf(':')
      if (at > 0) found.get(line.slice(at + 1))?.add(line.slice(0, at))
    }
    for (const [name, paths] of found) into.set(name, [...paths])
    return true
  }
}
