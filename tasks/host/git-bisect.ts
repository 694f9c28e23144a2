/**
 * `git bisect` in a checkout of its own, which borrows the objects of somebody's repository: of that nothing is
 * changed, neither its checkout nor its branches, nor is a hook or a filter of it run. What git says in the end is read
 * from `git bisect log`, whose lines are made to be replayed (builtin/bisect.c, bisect.c).
 */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Failure, userError, type FailureParts } from '../engine/error.ts'
import { removeAtForcedEnd } from '../engine/interruption.ts'
import { printable } from '../engine/printable.ts'
import { run } from './sh.ts'

export type Mark = 'good' | 'bad' | 'skip'

/** What git wants tested next, or what is left: one commit, or several that could not be told apart. */
export type BisectState = { readonly next: string } | { readonly first: string } | { readonly among: readonly string[] }

const ENV = { GIT_TERMINAL_PROMPT: '0', GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined }
/** Of the checkout: what a user's configuration does to files must not get into a kernel. */
const OWN_ENV = { ...ENV, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
const QUIET = ['-c', 'core.hooksPath=/dev/null', '-c', 'advice.detachedHead=false', '-c', 'gc.auto=0'] as const

const FIRST = /^# first bad commit: \[([0-9a-f]{40,64})\]/m
const AMONG = /^# possible first bad commit: \[([0-9a-f]{40,64})\]/gm

/** @param log what `git bisect log` prints; undefined: nothing is decided */
export function outcomeIn(log: string): Exclude<BisectState, { readonly next: string }> | undefined {
  const [, first] = FIRST.exec(log) ?? []
  if (first !== undefined) return { first }
  const among = [...log.matchAll(AMONG)].map(([, commit = '']) => commit)
  return among.length > 0 ? { among } : undefined
}

/**
 * Where the checkout says which commit it is of, and of whose repository, as JSON. It has nothing that is not of that
 * commit: a kernel of it is the same in each bisection.
 */
const CHECKED_OUT = join('.git', 'lab-commit')
const CheckedOut = z.object({ id: z.string().regex(/^[0-9a-f]{40,64}$/), source: z.string() })

/** The commit that a directory is a checkout of, where a bisection made it; undefined for any other directory. */
export async function checkedOutIn(dir: string): Promise<z.infer<typeof CheckedOut> | undefined> {
  try {
    return CheckedOut.parse(JSON.parse(await readFile(join(dir, CHECKED_OUT), 'utf8')))
  } catch {
    return undefined
  }
}

export interface Commit {
  readonly id: string
  readonly subject: string
}

/** What git refuses is the user's to mend; any other error stays what it is. */
const refused = (error: unknown, parts: FailureParts): unknown =>
  error instanceof Failure && error.reason === 'exit-status'
    ? userError({ lines: error.parts.lines, ...parts }, error)
    : error

export class BisectTree implements AsyncDisposable {
  readonly dir: string
  readonly #source: string
  readonly #signal: AbortSignal
  readonly #place: string
  readonly #kept: () => void

  private constructor(source: string, dir: string, signal: AbortSignal, kept: () => void) {
    this.#source = source
    this.dir = dir
    this.#signal = signal
    this.#place = `source ${printable(source, 200)}`
    this.#kept = kept
  }

  /**
   * @param source a directory in somebody's repository
   * @param dir where the checkout is to be; what is there is removed, now and in the end
   * @throws a user's Failure for a directory that is in no repository
   */
  static async open(source: string, dir: string, signal: AbortSignal): Promise<BisectTree> {
    await rm(dir, { recursive: true, force: true })
    const tree = new BisectTree(source, dir, signal, removeAtForcedEnd(dir))
    const [objects = '', shallow = ''] = await tree.#repository()
    await mkdir(dir, { recursive: true })
    await tree.#own(['-c', 'init.defaultBranch=bisect', 'init', '--quiet', '--template='])
    await mkdir(join(dir, '.git', 'objects', 'info'), { recursive: true })
    await writeFile(join(dir, '.git', 'objects', 'info', 'alternates'), `${objects}\n`)
    // The commits at which a shallow clone ends have no parents there, either.
    if (existsSync(shallow)) await copyFile(shallow, join(dir, '.git', 'shallow'))
    return tree
  }

  /** Where the objects of the source are, and the list of commits at which a shallow clone ends. */
  async #repository(): Promise<string[]> {
    const paths = ['objects', 'shallow'].flatMap((name) => ['--git-path', name])
    try {
      return (await this.#ofSource(['rev-parse', '--path-format=absolute', ...paths])).split('\n')
    } catch (error) {
      throw refused(error, {
        place: this.#place,
        fact: 'it is not in a git repository that can be read',
        wayOut: 'name a directory in a clone, with --source',
      })
    }
  }

  async #ofSource(args: readonly string[]): Promise<string> {
    const argv = ['git', ...QUIET, '-C', this.#source, ...args]
    return (await run(argv, { signal: this.#signal, place: this.#place, env: ENV })).stdout.trim()
  }

  async #own(args: readonly string[], accept: readonly number[] = [0]): Promise<string> {
    const argv = ['git', ...QUIET, '-C', this.dir, ...args]
    return (await run(argv, { signal: this.#signal, place: this.#place, env: OWN_ENV, accept })).stdout.trim()
  }

  /** The commit that a name means in the source. @throws a user's Failure for a name that means none */
  async commit(name: string): Promise<Commit> {
    try {
      const id = await this.#ofSource(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])
      return { id, subject: await this.subject(id) }
    } catch (error) {
      throw refused(error, {
        place: printable(name, 100),
        fact: `no commit of ${printable(this.#source, 200)} is called so`,
        wayOut: `\`git -C ${printable(this.#source, 200)} log --oneline\` lists its commits; a shallow clone has only some`,
      })
    }
  }

  subject(id: string): Promise<string> {
    return this.#own(['log', '-1', '--format=%s', id])
  }

  /** Author, date and message of a commit, and the files that it changed. */
  describe(id: string): Promise<string> {
    return this.#own(['show', '--stat=76', '--no-color', '--format=%h %an, %as%n%n%w(0,2,2)%B', id])
  }

  async checkout(id: string): Promise<void> {
    await this.#own(['checkout', '--quiet', '--force', '--detach', id])
    await this.#noteCommit()
  }

  async #noteCommit(): Promise<string> {
    const id = await this.#own(['rev-parse', 'HEAD'])
    await writeFile(join(this.dir, CHECKED_OUT), JSON.stringify({ id, source: this.#source }))
    return id
  }

  /** @throws a user's Failure where one is no ancestor of the other in a way that can be bisected */
  async start(good: string, bad: string): Promise<BisectState> {
    await this.checkout(bad)
    return await this.#step(['start', bad, good])
  }

  /** Marks what is checked out. */
  mark(mark: Mark): Promise<BisectState> {
    return this.#step([mark])
  }

  async #step(words: readonly string[]): Promise<BisectState> {
    try {
      // 2: only commits are left that were skipped.
      await this.#own(['bisect', ...words], [0, 2])
    } catch (error) {
      throw refused(error, {
        place: this.#place,
        fact: 'git cannot bisect these commits',
        wayOut: 'the good commit has to come before the bad one, in one history',
      })
    }
    const outcome = outcomeIn(await this.#own(['bisect', 'log']))
    const next = await this.#noteCommit()
    return outcome ?? { next }
  }

  /** Commits that may be the first bad one. */
  async left(): Promise<number> {
    const count = await this.#own(['rev-list', '--count', 'refs/bisect/bad', '--not', '--glob=refs/bisect/good-*'])
    return Number(count)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true })
    this.#kept()
  }
}
