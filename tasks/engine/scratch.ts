/** Scratch directories below TMPDIR, with their process in their names: whatever kills us, `lab gc` finds them. */
import { randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { codeOf, labError, messageOf } from './error.ts'
import { removeAtForcedEnd } from './interruption.ts'
import { printable } from './printable.ts'
import { fateOfTag, processTag } from './process.ts'
import { diskFull, saysDiskFull } from './disk.ts'

/** What for; a new one is found by `lab gc` as well. */
const KINDS = [
  'image',
  'verify',
  'reproduce',
  'follow',
  'report',
  'cp',
  'output',
  'kernel',
  'module',
  'import',
  'doctor',
  'crash',
  'cache',
  'task',
] as const
export type ScratchKind = (typeof KINDS)[number]

/**
 * A new directory that only this user can look into. The caller removes it. @throws a lab's Failure where none can be
 * made
 */
export async function makeScratch(kind: ScratchKind): Promise<string> {
  const dir = join(resolve(tmpdir()), `lab-${kind}-${processTag()}-${randomBytes(4).toString('hex')}`)
  try {
    await mkdir(dir, { mode: 0o700 })
    removeAtForcedEnd(dir)
    return dir
  } catch (error) {
    throw scratchFailure(error)
  }
}

/** The failure of a TMPDIR without room; any other error as it is. For work that also reads elsewhere. */
export const fullScratch = (error: unknown): unknown => (saysDiskFull(error) ? scratchFailure(error) : error)

/** The failure of a TMPDIR that takes nothing; any other error as it is. */
export function scratchFailure(error: unknown): unknown {
  const place = `directory of temporary files ${printable(tmpdir(), 200)}`
  const wayOut = 'set TMPDIR to a directory that has room and that you may write'
  if (saysDiskFull(error)) return diskFull(place, [], { wayOut, path: tmpdir() })
  if (!['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) return error
  return labError({ place, fact: `nothing can be written there: ${printable(messageOf(error), 200)}`, wayOut }, error)
}

/** Lets `use` work in a scratch directory that is gone afterwards, also after a failure. */
export async function withScratch<T>(kind: ScratchKind, use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await makeScratch(kind)
  try {
    return await use(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const OURS = new RegExp(`^lab-(?:${KINDS.join('|')})-`)

/** Those of this user whose process is gone. */
export async function abandonedScratch(): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const [prefix] = OURS.exec(name) ?? []
    if (prefix === undefined || fateOfTag(name.slice(prefix.length)) !== 'gone') continue
    const dir = join(tmpdir(), name)
    const facts = await lstat(dir).catch(() => undefined)
    if (facts?.isDirectory() && facts.uid === process.getuid?.()) found.push(dir)
  }
  return found
}
