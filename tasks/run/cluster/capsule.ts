/**
 * What a plan's runs are made of, on the node's own disk: kernel, disk image, probes, holder and workload are copied
 * there once a node, so that a guest does not read its disk over the network and a hundred tasks do not either.
 */
import { createHash } from 'node:crypto'
import { lstatSync, statSync, type Stats } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { cannotWrite } from '../../engine/beside.ts'
import type { Context } from '../../engine/context.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { Failure, labError } from '../../engine/error.ts'
import { hashFile } from '../../engine/fingerprint.ts'
import { lock } from '../../engine/lock.ts'
import { bootId, partialIn } from '../../engine/process.ts'
import { printable } from '../../engine/printable.ts'
import { replaceFile } from '../../engine/replace-file.ts'
import { bytes, plural } from '../../engine/text.ts'
import { run } from '../../host/sh.ts'

/** Copies that nobody has used for so long are removed. Milliseconds. */
const KEPT = 14 * 24 * 60 * 60 * 1000

/** Every value that is built of strings, lists, maps and objects, with its strings replaced. */
function mapStrings(value: unknown, of: (text: string) => string): unknown {
  if (typeof value === 'string') return of(value)
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, of))
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, mapStrings(item, of)] as const))
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, of)]))
}

/**
 * The files of a store that a value names, in order of appearance. Their paths hold the fingerprints of their builds.
 */
export function storeFilesIn(value: unknown, store: string): string[] {
  const files = new Set<string>()
  mapStrings(value, (text) => {
    if (text.startsWith(`${store}/`) && statSync(text, { throwIfNoEntry: false })?.isFile()) files.add(text)
    return text
  })
  return [...files]
}

/** Root, and what a user namespace shows in place of users that it does not know: root of the host among them. */
const SYSTEM_UIDS: ReadonlySet<number> = new Set([0, 65_534])

/**
 * Whether nobody but its owner may replace what another made in a directory: it is writable for its owner only, or
 * sticky, as /tmp is. A group is others, too: who is in it is not for us to know.
 */
const keepsEntries = ({ mode, uid }: Stats, own: number): boolean =>
  (mode & 0o022) === 0 || ((mode & 0o1000) !== 0 && (uid === own || SYSTEM_UIDS.has(uid)))

/**
 * The user's directory of copies: kernels and programs are started from there, so nobody else may put anything in it or
 * in its place.
 * @throws a lab's Failure where somebody else may
 */
function capsulesDir(scratch: string): string {
  const uid = process.getuid?.() ?? 0
  const dir = join(scratch, `lab-capsule-${uid}`)
  const refused = (fact: string) =>
    labError({
      place: `scratch: ${printable(scratch, 200)}`,
      fact,
      wayOut: `\`chmod go-w ${printable(scratch, 200)}\` if it is yours, or name a directory of your own, for example /scratch/$USER/lab`,
    })
  if (!keepsEntries(statSync(scratch), uid))
    throw refused('other users may replace what is in it: it is writable for them and not sticky')
  makeWritable(dir)
  const facts = lstatSync(dir)
  if (!facts.isDirectory() || facts.uid !== uid) throw refused(`${printable(dir, 200)} belongs to somebody else`)
  if ((facts.mode & 0o022) !== 0) throw refused(`others may write to ${printable(dir, 200)}`)
  return dir
}

/** @throws a user's Failure where it cannot be made */
function makeWritable(dir: string): void {
  try {
    makeDirectory(dir, 0o700)
  } catch (error) {
    throw cannotWrite(error, dir)
  }
}

/** Removes copies that nobody has used for long. */
async function removeOld(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const facts = await stat(join(dir, name)).catch(() => undefined)
    if (facts?.isDirectory() && Date.now() - facts.mtimeMs > KEPT)
      await rm(join(dir, name), { recursive: true, force: true })
  }
}

/** What a copy was when its contents were last compared, beside it. */
const Checked = z.object({
  sha256: z.string(),
  /** Size, inode, and times in milliseconds: `stamp`. */
  stamp: z.string(),
  /** Of the node: after a power cut a file may have its size and not its contents. */
  boot: z.string(),
})

const checkedFile = (copy: string) => join(dirname(copy), 'checked.json')

const stamp = ({ size, ino, mtimeMs }: Stats): string => `${size} ${ino} ${mtimeMs}`

const noteChecked = (copy: string, sha256: string): void =>
  replaceFile(checkedFile(copy), JSON.stringify({ sha256, stamp: stamp(statSync(copy)), boot: bootId() }))

async function checkedOf(copy: string): Promise<z.infer<typeof Checked> | undefined> {
  try {
    return Checked.parse(JSON.parse(await readFile(checkedFile(copy), 'utf8')))
  } catch {
    return undefined
  }
}

/** Whether a copy has the contents that were copied. They are read again once after each boot of the node. */
async function isWhole(copy: string): Promise<boolean> {
  const facts = statSync(copy, { throwIfNoEntry: false })
  const known = await checkedOf(copy)
  if (facts === undefined || known === undefined || known.stamp !== stamp(facts)) return false
  if (known.boot === bootId()) return true
  if ((await hashFile(copy)) !== known.sha256) return false
  noteChecked(copy, known.sha256)
  return true
}

/** Copies one file, holes and all. A copy is there whole or not at all, and on the disk before it has its name. */
async function copyWhole(from: string, to: string, { signal }: Context): Promise<void> {
  const partial = partialIn(dirname(to))
  try {
    // cp(1) keeps holes; an image of 1 GiB has 100 MB in it.
    await run(['cp', '--sparse=always', '--reflink=auto', from, partial], { signal, place: 'scratch' })
    const [original, copy] = [await hashFile(from), await hashFile(partial)]
    if (copy !== original)
      throw labError({
        place: 'scratch',
        fact: `the copy of ${printable(from, 200)} is not the same as the original`,
        wayOut:
          'the disk of scratch, or the file server, damages data: tell the administrator, and use another `scratch:`',
      })
    const file = await open(partial, 'r')
    await file.sync()
    await file.close()
    await rename(partial, to)
    noteChecked(to, original)
  } finally {
    await rm(partial, { force: true })
  }
}

/** A failure to copy, with the directory that the profile names and how much room it needs. */
function withRoom(scratch: string, missing: readonly string[], error: unknown): unknown {
  if (!(error instanceof Failure) || error.kind === 'interrupted') return error
  const needed = missing.reduce((sum, file) => sum + statSync(file).blocks * 512, 0)
  return labError(
    {
      place: `scratch: ${printable(scratch, 200)}`,
      fact: `the inputs of the plan cannot be copied there (${bytes(needed)} are needed)`,
      lines: error.parts.lines ?? [],
      wayOut:
        'see `df` of that directory: free some space there, or name another directory as `scratch:` in the profile',
    },
    error,
  )
}

/**
 * The same artefacts with their files on the node's own disk, each copied once a node and user. Where scratch is on the
 * disk of the store, nothing is gained by a copy, and none is made.
 * @param artefacts what of a plan names files of the store
 * @throws a lab's Failure for a scratch without room
 */
export async function onNodeDisk<T>(artefacts: T, scratch: string, context: Context): Promise<T> {
  makeWritable(scratch)
  const store = context.store.root
  if (statSync(scratch).dev === statSync(store).dev) return artefacts
  const dir = capsulesDir(scratch)
  const files = storeFilesIn(artefacts, store)
  const copyOf = (file: string): string =>
    join(dir, createHash('sha256').update(file).digest('hex').slice(0, 32), basename(file))
  // One task of a node copies, the others wait for it; and none removes as old what another is about to use.
  await using _lock = await lock(join(dir, 'lock'), context.signal, () =>
    context.emit({
      type: 'notice',
      level: 'info',
      place: 'scratch',
      text: `another task is at the copies in ${printable(dir, 200)}; waiting for it`,
    }),
  )
  await removeOld(dir)
  const missing: string[] = []
  for (const file of files) if (!(await isWhole(copyOf(file)))) missing.push(file)
  try {
    for (const file of missing) {
      makeDirectory(join(copyOf(file), '..'), 0o700)
      await copyWhole(file, copyOf(file), context)
    }
  } catch (error) {
    throw withRoom(scratch, missing, error)
  }
  if (missing.length > 0)
    context.emit({
      type: 'notice',
      level: 'info',
      place: 'scratch',
      text: `copied ${plural(missing.length, 'file')} to ${printable(dir, 200)}: the inputs of this plan, once for this node`,
    })
  const now = new Date()
  for (const file of files) await utimes(join(copyOf(file), '..'), now, now)
  const isStored = new Set(files)
  return mapStrings(artefacts, (text) => (isStored.has(text) ? copyOf(text) : text)) as T
}
