/**
 * Who uses which entry of the store, so that pruning takes nothing away from a living process, not even from one that
 * asks for the entry at the same moment. A user first writes its lease and then looks for a withdrawal; who prunes
 * first writes the withdrawal and then looks for leases (Dekker's order): whatever the two do at once, one of them sees
 * the other, and pruning is the one that yields.
 */
import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeDirectory } from './directory.ts'
import { codeOf } from './error.ts'
import { keepBeating, silence, SILENT } from './heartbeat.ts'
import { fateOfTag, partialIn, processTag } from './process.ts'

/** In the root of the store: a file of leases for each process, and withdrawals. No kind of entry begins with a dot. */
const DIR = '.in-use'
const LEASES = '.leases'
const WITHDRAWN = '.withdrawn'
/** What a process of another host or container holds counts for so long after its last sign of life. Milliseconds. */
export const ELSEWHERE = 24 * 3600 * 1000
/** How often a user looks whether a withdrawal is over. Milliseconds. */
const LOOK = 20

/** `kernel/0123...`, from the directory of an entry. */
const nameOf = (dir: string): string => `${basename(dirname(dir))}/${basename(dir)}`

const withdrawalOf = (root: string, dir: string): string =>
  join(root, DIR, `${nameOf(dir).replace('/', '-')}${WITHDRAWN}`)

/**
 * Whether the process that a text begins with still counts; where that cannot be seen, by how long ago it touched
 * `file`.
 */
async function counts(text: string, file: string, longest: number): Promise<boolean> {
  const fate = fateOfTag(text)
  return fate === 'alive' || (fate === 'elsewhere' && ((await silence(file)) ?? longest) < longest)
}

/** The store's entries that one process uses; they are its own until it ends. */
export class Leases {
  readonly #root: string
  readonly #file: string
  readonly #held = new Set<string>()

  constructor(root: string) {
    this.#root = root
    this.#file = join(root, DIR, `${processTag()}-${randomBytes(4).toString('hex')}${LEASES}`)
  }

  /**
   * Says that this process uses an entry, before it looks whether the entry is there. Resolves when nobody is taking it
   * away: then it is there for as long as we live, or is not there at all. A store that cannot be written is pruned by
   * nobody who has our rights.
   */
  async take(dir: string): Promise<void> {
    if (!this.#held.has(dir)) {
      try {
        makeDirectory(dirname(this.#file))
        appendFileSync(this.#file, `${nameOf(dir)}\n`)
      } catch (error) {
        if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'EROFS' && codeOf(error) !== 'EPERM') throw error
      }
      if (this.#held.size === 0) keepBeating(this.#file)
      this.#held.add(dir)
    }
    while (await isWithdrawn(withdrawalOf(this.#root, dir))) await new Promise((resolve) => setTimeout(resolve, LOOK))
  }
}

/** Whether a withdrawal is under way: one whose process is gone is over. */
async function isWithdrawn(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return false
  // Half written: the next look tells.
  return text === '' || (await counts(text, file, SILENT))
}

/** Names of the entries that living processes use; files of processes that are gone are removed. */
async function leased(root: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const name of await readdir(join(root, DIR)).catch(() => [])) {
    if (!name.endsWith(LEASES)) continue
    const file = join(root, DIR, name)
    if (await counts(name, file, ELSEWHERE))
      for (const line of (await readFile(file, 'utf8').catch(() => '')).split('\n')) names.add(line)
    else if (fateOfTag(name) === 'gone') await rm(file, { force: true })
  }
  return names
}

/**
 * Removes a directory that nobody may see half removed: it loses its name first, and what is left when we are killed
 * has one that `lab gc` knows.
 */
export async function removeAside(path: string): Promise<void> {
  const aside = partialIn(dirname(path))
  try {
    await rename(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  await rm(aside, { recursive: true, force: true })
}

/**
 * Removes an entry of the store unless a living process uses it, this one included.
 * @returns whether it is gone
 */
export async function withdraw(root: string, dir: string): Promise<boolean> {
  const mark = withdrawalOf(root, dir)
  makeDirectory(dirname(mark))
  // Somebody else is at it; one that was killed there is followed by us.
  if (await isWithdrawn(mark)) return false
  await writeFile(mark, `${processTag()}-`)
  try {
    if ((await leased(root)).has(nameOf(dir))) return false
    await removeAside(dir)
    return true
  } finally {
    await rm(mark, { force: true })
  }
}
