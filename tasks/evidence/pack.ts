/**
 * An evidence pack: results and what they were made of as one tar.gz file, with a SHA256SUMS that names every file in
 * it. The same results give the same bytes.
 */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, readdir, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip, createGzip } from 'node:zlib'
import type { Pack } from 'tar-stream'
import { beside } from '../engine/beside.ts'
import type { Context } from '../engine/context.ts'
import { codeOf, Failure, userError } from '../engine/error.ts'
import { hashFile, hashText } from '../engine/fingerprint.ts'
import { inCurrentFormat, type StoredFormat } from '../engine/format.ts'
import { later } from '../engine/later.ts'
import { ownVersion } from '../engine/own-version.ts'
import { printable } from '../engine/printable.ts'
import { scratchFailure } from '../engine/scratch.ts'
import { checkedRun } from '../results/checked-run.ts'
import type { Manifest } from '../results/manifest.ts'
import type { StoredRun } from '../results/manifest.ts'
import { INPUTS_DIR } from '../results/kept-inputs.ts'
import { keptInputs, recordedFiles } from './recorded-files.ts'
import { sayings } from './sayings.ts'

const tarStream = later<typeof import('tar-stream')>('tar-stream')

export const SUMS = 'SHA256SUMS'
/**
 * The first line of SHA256SUMS is a comment with the format of the pack and the version that wrote it; `sha256sum -c`
 * skips it (coreutils), and so does lab 0.1.0, whose packs (format 1) have none.
 */
const FORMAT: StoredFormat = { name: 'this evidence pack', current: 2, steps: { 1: (pack) => pack } }
const heading = (): string => `# lab pack ${FORMAT.current} (lab ${ownVersion()})\n`

/** @throws Failure (newer-format) for a pack of a later version */
function refuseNewer(sums: string, file: string): void {
  const format = Number(/^# lab pack (\d{1,6})\b/.exec(sums)?.[1] ?? 1)
  inCurrentFormat({ format }, FORMAT, file)
}

/** Of a pack, unpacked; more is no evidence of a tracing lab. Bytes. */
const LIMIT = 8 * 2 ** 30
const MOST_FILES = 200_000
/** Relative, no "..", nothing empty between slashes, no control characters, no backslash: what our own packs have. */
const SAFE = /^(?!\/)(?!(?:.*\/)?(?:\.\.?)?(?:\/|$))[^\p{C}\\]{1,300}$/u

/** How a pack is read when it is told to be none. */
const NO_PACK = {
  fact: 'this is not a complete evidence pack',
  wayOut: '`lab export RUN` makes one; was it copied to its end?',
}

/**
 * What is in a pack beside SHA256SUMS: what is said about the results, the results, what they were made of, and
 * with --with-inputs the files that they were built from.
 */
const EXPECTED =
  /^(?:methods\.md|figures\/[^/]+|results\/\.inputs\/(?:lab|kernel|image)-[0-9a-f]{32}\/.+|inputs\/[0-9a-f]{64}-[^/]+|results\/[^./][^/]*\/[^./][^/]*\/[^/]+)$/

async function below(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Refuses what `lab verify` would refuse: a pack of it could only be taken for a forgery. */
async function sound(run: StoredRun, inputs: string): Promise<Manifest> {
  const { manifest } = checkedRun(run)
  const findings = [
    ...(await recordedFiles(run.dir, manifest.sha256)),
    ...(manifest.imported === undefined ? await keptInputs(manifest.inputs, inputs) : []),
  ]
  const bad = findings.filter(({ ok }) => !ok)
  if (bad.length === 0) return manifest
  throw userError({
    place: `run ${printable(run.run, 60)}`,
    fact: 'it is not what was recorded, so it proves nothing',
    lines: bad.slice(0, 8).map(({ what, fact }) => `${what}: ${fact}`),
    wayOut: '`lab verify RUN` says more; export others, or run it again',
  })
}

/** Name in the pack -> file or contents. @param pinned what the runs were built from */
async function contents(
  results: string,
  runs: readonly StoredRun[],
  pinned: ReadonlyMap<string, string>,
): Promise<Map<string, string | Buffer>> {
  const inputs = join(results, INPUTS_DIR)
  const dirs = new Set<string>()
  for (const run of runs) {
    const { inputs: kept, imported } = await sound(run, inputs)
    dirs.add(run.dir)
    if (imported === undefined) for (const name of Object.values(kept ?? {})) dirs.add(join(inputs, name))
  }
  const files = new Map<string, string | Buffer>(await sayings(runs))
  for (const dir of dirs) for (const file of await below(dir)) files.set(`results/${relative(results, file)}`, file)
  for (const [name, file] of pinned) files.set(name, file)
  const odd = [...files.keys()].find((name) => !SAFE.test(name) || !EXPECTED.test(name))
  if (odd === undefined) return files
  throw userError({
    place: printable(odd, 200),
    fact: 'no pack can hold a file of this name',
    wayOut: 'names have no control characters and no backslashes, and at most 300 characters',
  })
}

/**
 * Both to their end. Of two failures one is the cause and the other its echo: the cause is a Failure, or has a name of
 * the system's.
 */
async function both(...works: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works)
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  const isCause = (error: unknown) => error instanceof Failure || /^E(?!RR_)/.test(codeOf(error) ?? '')
  if (errors.length > 0) throw errors.find(isCause) ?? errors[0]
}

/** Adds one file, as it is read; returns its SHA-256. */
async function addFile(archive: Pack, name: string, from: string | Buffer): Promise<string> {
  const header = { name, mtime: new Date(0) }
  if (typeof from !== 'string') {
    archive.entry({ ...header, mode: 0o644 }, from)
    return hashText(from)
  }
  const { size, mode } = await stat(from)
  const hash = createHash('sha256')
  // A recipe's own init is a program; nothing else about a file's mode matters.
  const entry = archive.entry({ ...header, size, mode: (mode & 0o111) === 0 ? 0o644 : 0o755 })
  await pipeline(createReadStream(from), hashing(hash), entry)
  return hash.digest('hex')
}

/** Bytes on their way, counted into a hash. */
const hashing = (hash: Hash) =>
  async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      yield chunk
    }
  }

/**
 * Writes a pack; returns its SHA-256.
 * @param pinned files that the runs were built from, by their names in the pack (pinned-inputs.ts)
 * @throws a user's Failure for a run that is not as it was recorded
 */
export async function writePack(
  file: string,
  results: string,
  runs: readonly StoredRun[],
  { cache, signal }: Pick<Context, 'cache' | 'signal'>,
  pinned: ReadonlyMap<string, string> = new Map(),
): Promise<string> {
  const files = await contents(results, runs, pinned)
  const write = async (partial: string) => {
    const archive = tarStream().pack()
    const adding = async () => {
      let sums = heading()
      for (const name of [...files.keys()].toSorted())
        sums += `${await addFile(archive, name, files.get(name) ?? '')}  ${name}\n`
      await addFile(archive, SUMS, Buffer.from(sums))
      archive.finalize()
    }
    const packed = pipeline(archive, createGzip({ level: constants.Z_BEST_COMPRESSION }), createWriteStream(partial))
    const added = adding().catch((error: unknown) => {
      archive.destroy(error instanceof Error ? error : new Error(String(error)))
      throw error
    })
    await both(added, packed)
    return await hashFile(partial)
  }
  return await beside(cache, file, write, signal)
}

/** Unpacks one entry; returns its SHA-256. */
async function unpack(entry: AsyncIterable<Buffer>, place: string, mode: number): Promise<string> {
  const hash = createHash('sha256')
  try {
    await mkdir(dirname(place), { recursive: true })
    await pipeline(entry, hashing(hash), createWriteStream(place, { flags: 'wx', mode }))
  } catch (error) {
    throw scratchFailure(error)
  }
  return hash.digest('hex')
}

/** Names of files that have been unpacked, and of the directories that they are in: nothing may be both. */
class Names {
  readonly #files = new Set<string>()
  readonly #directories = new Set<string>()

  /** @returns whether a file of this name can be written */
  add(name: string): boolean {
    const parts = name.split('/')
    const above = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
    if (this.#files.has(name) || this.#directories.has(name) || above.some((directory) => this.#files.has(directory)))
      return false
    this.#files.add(name)
    for (const directory of above) this.#directories.add(directory)
    return true
  }
}

/**
 * Unpacks a pack below a new directory and checks it against its SHA256SUMS.
 * @returns what is wrong with it; nothing of a file with a name that leads elsewhere is written
 * @throws a user's Failure for something that is no pack, or a pack of a later version; a lab's where there is no room
 * for it
 */
export async function openPack(file: string, to: string): Promise<string[]> {
  const problems: string[] = []
  const found = new Map<string, string>()
  const names = new Names()
  let [total, directories] = [0, 0]
  const archive = tarStream().extract()
  const writing = async () => {
    for await (const entry of archive) {
      const { type, size, mode } = entry.header
      // tar(1) writes directories, too, and begins every name with "./" where it was given one: a pack that somebody
      // unpacked and packed again is the same pack.
      const name = entry.header.name.replace(/^\.\//, '')
      total += size
      if (total > LIMIT || found.size + problems.length > MOST_FILES) throw new Error('it is larger than any pack')
      if (type === 'directory' && (name === '' || SAFE.test(name.replace(/\/$/, '')))) {
        if (++directories > MOST_FILES) throw new Error('it is larger than any pack')
        entry.resume()
        continue
      }
      if (type !== 'file' || !SAFE.test(name) || !names.add(name)) {
        problems.push(`${printable(name, 100)}: no file of a pack`)
        entry.resume()
        continue
      }
      found.set(name, await unpack(entry as AsyncIterable<Buffer>, join(to, name), mode & 0o111 ? 0o755 : 0o644))
    }
  }
  try {
    await both(writing(), pipeline(createReadStream(file), createGunzip(), archive))
  } catch (error) {
    if (error instanceof Failure) throw error
    if (codeOf(error) === 'EACCES') throw userError({ place: file, fact: 'you may not read it' }, error)
    throw userError({ place: file, ...NO_PACK }, error)
  }
  return [...problems, ...(await compare(found, to, file))]
}

async function compare(found: Map<string, string>, dir: string, file: string): Promise<string[]> {
  if (!found.has(SUMS)) return [`${SUMS} is missing`]
  if ((await stat(join(dir, SUMS))).size > MOST_FILES * 400) return [`${SUMS} is larger than that of any pack`]
  const listed = new Map<string, string>()
  const sums = await readFile(join(dir, SUMS), 'utf8')
  refuseNewer(sums, file)
  for (const line of sums.split('\n')) {
    const [, hash, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? []
    if (hash !== undefined && name !== undefined) listed.set(name, hash)
  }
  const problems: string[] = []
  for (const [name, hash] of listed)
    if (found.get(name) !== hash)
      problems.push(`${printable(name, 100)} ${found.has(name) ? 'is not what was packed' : 'is missing'}`)
  for (const name of found.keys())
    if (name !== SUMS && (!listed.has(name) || !EXPECTED.test(name)))
      problems.push(`${printable(name, 100)} was not packed by lab`)
  return problems
}
