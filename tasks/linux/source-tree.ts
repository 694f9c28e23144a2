/** A kernel tree as the transforms see it, and how a function's definition is found in it. */
import { userError } from '../engine/error.ts'
import { parseC, type CFile, type Definition } from './c-parser.ts'

export interface SourceTree {
  /** Text of a file, by its path in the tree; undefined when there is none. */
  read(path: string): string | undefined
  /** Paths of .c and .h files whose text contains the word. */
  candidates(name: string): Promise<readonly string[]>
}

/** One function, where it is defined. */
export interface Located {
  readonly name: string
  readonly file: string
  readonly definitions: readonly Definition[]
}

/** Kernel style puts the line with a function's name at column 0; a file without such a line does not define it. */
const mayDefine = (text: string, name: string): boolean =>
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

  /** Every file that defines the function, with its definitions there. */
  async definitions(name: string, only?: string): Promise<Located[]> {
    const paths = only === undefined ? await this.#tree.candidates(name) : [only]
    const found: Located[] = []
    for (const file of paths.toSorted()) {
      if (!mayDefine(this.#tree.read(file) ?? '', name)) continue
      const definitions = (await this.parsed(file)).definitions.filter((one) => one.name === name)
      if (definitions.length > 0) found.push({ name, file, definitions })
    }
    return found
  }

  /** Headers that declare the function, those of include/linux first. */
  async declaringHeaders(name: string): Promise<string[]> {
    const paths = (await this.#tree.candidates(name)).filter(
      (path) => path.startsWith('include/') && path.endsWith('.h'),
    )
    const found: string[] = []
    for (const path of paths.toSorted())
      if ((await this.parsed(path)).declarations.some((one) => one.name === name)) found.push(path)
    return found.toSorted((a, b) => Number(b.startsWith('include/linux/')) - Number(a.startsWith('include/linux/')))
  }

  /** The file with `#define name(`, when the function is only a macro. */
  async macro(name: string): Promise<string | undefined> {
    const paths = await this.#tree.candidates(name)
    return paths.find((path) =>
      new RegExp(`^[ \\t]*#[ \\t]*define[ \\t]+${name}\\b`, 'm').test(this.#tree.read(path) ?? ''),
    )
  }

  /** Names of functions defined in the files that mention `name`: for "did you mean". */
  async namesNear(files: readonly string[]): Promise<string[]> {
    const names = new Set<string>()
    for (const file of files) for (const { name } of (await this.parsed(file)).definitions) names.add(name)
    return [...names]
  }
}
