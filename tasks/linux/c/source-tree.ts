/** A kernel tree as the transforms see it, and how a function's definition is found in it. */
import { userError } from '../../engine/error.ts'
import { parseC, seemsDefined, type CFile, type Definition } from './c-parser.ts'

export interface SourceTree {
  /** Text of a file, by its path in the tree; undefined if there is none. */
  read(path: string): string | undefined
  /**
   * Paths of .c and .h files whose text contains the word: in the folders that most functions are in, or with
   * `everywhere` in all that belong to the kernel (drivers and sound are most of a tree, and rarely wanted).
   */
  candidates(name: string, everywhere?: boolean): Promise<readonly string[]>
}

/** A tree with changes that are not written yet. */
export const layered = (tree: SourceTree, changed: ReadonlyMap<string, string>): SourceTree => ({
  read: (path) => changed.get(path) ?? tree.read(path),
  candidates: async (name, everywhere) => {
    const word = new RegExp(`\\b${name}\\b`)
    const more = [...changed].flatMap(([path, text]) => (word.test(text) ? [path] : []))
    return [...new Set([...(await tree.candidates(name, everywhere)), ...more])]
  },
})

/** One function, where it is defined. */
export interface Located {
  readonly name: string
  readonly file: string
  readonly definitions: readonly Definition[]
}

/** Kernel style puts the line with a function's name at column 0; a file without such a line does not define it. */
export const mayDefine = (text: string, name: string): boolean =>
  new RegExp(`^(?:\\w[^;{}#]*)?\\b${name}\\s*\\(`, 'm').test(text)

/** Parsed files of one transform, each parsed once. */
export class Files {
  readonly #tree: SourceTree
  readonly #parsed = new Map<string, CFile>()

  constructor(tree: SourceTree) {
    this.#tree = tree
  }

  async parsed(path: string): Promise<CFile> {
    const known = this.#parsed.get(path)
    if (known) return known
    const text = this.#tree.read(path)
    if (text === undefined)
      throw userError({ place: 'kernel source', fact: `there is no ${path}`, wayOut: 'correct `file:`' })
    const file = await parseC(text)
    this.#parsed.set(path, file)
    return file
  }

  async #definitionsIn(name: string, paths: readonly string[]): Promise<Located[]> {
    const found: Located[] = []
    for (const file of paths.toSorted()) {
      if (!mayDefine(this.#tree.read(file) ?? '', name)) continue
      const definitions = (await this.parsed(file)).definitions.filter((one) => one.name === name)
      if (definitions.length > 0) found.push({ name, file, definitions })
    }
    return found
  }

  /** Every file that defines the function, with its definitions there. */
  async definitions(name: string, only?: string): Promise<Located[]> {
    if (only !== undefined) {
      await this.parsed(only)
      return this.#definitionsIn(name, [only])
    }
    const found = await this.#definitionsIn(name, await this.#tree.candidates(name))
    return found.length > 0 ? found : this.#definitionsIn(name, await this.#tree.candidates(name, true))
  }

  /** "file:line" of a place that looks like the function's definition and is not understood as one. */
  async misunderstood(name: string, only?: string): Promise<string | undefined> {
    const paths = only === undefined ? await this.#tree.candidates(name, true) : [only]
    for (const path of paths.toSorted()) {
      const line = seemsDefined(this.#tree.read(path) ?? '', name)
      if (line !== undefined) return `${path}:${line}`
    }
    return undefined
  }

  /** "file:line" of the macro line that a system call is made with: SYSCALL_DEFINE3(read, ...). */
  async systemCall(name: string): Promise<string | undefined> {
    const short = name.replace(/^(?:__(?:x64|ia32|se|do)_)?sys_/, '')
    if (short === name) return undefined
    for (const path of (await this.#tree.candidates(short)).toSorted()) {
      const text = this.#tree.read(path) ?? ''
      const found = new RegExp(`^(?:COMPAT_)?SYSCALL_DEFINE\\d\\(\\s*${short}\\b`, 'm').exec(text)
      if (found) return `${path}:${text.slice(0, found.index).split('\n').length}`
    }
    return undefined
  }

  /** The file with `#define name(`, when the function is only a macro. */
  async macro(name: string): Promise<string | undefined> {
    const paths = await this.#tree.candidates(name)
    return paths.find((path) =>
      new RegExp(`^[ \\t]*#[ \\t]*define[ \\t]+${name}\\b`, 'm').test(this.#tree.read(path) ?? ''),
    )
  }

  /** Texts of these files, and of the headers that mention one of the names. */
  async textsAround(names: readonly string[], files: readonly string[]): Promise<Map<string, string>> {
    const headers: string[] = []
    for (const name of names) headers.push(...(await this.#tree.candidates(name)).filter((path) => path.endsWith('.h')))
    return new Map(
      [...new Set([...files, ...headers])].flatMap((path) => {
        const text = this.#tree.read(path)
        return text === undefined ? [] : [[path, text]]
      }),
    )
  }

  /** Names of functions defined in the files that mention `name`: for "did you mean". */
  async namesNear(files: readonly string[]): Promise<string[]> {
    const names = new Set<string>()
    for (const file of files) for (const { name } of (await this.parsed(file)).definitions) names.add(name)
    return [...names]
  }
}
