/**
 * An evidence pack: results and what they were made of as one tar.gz file, with a SHA256SUMS that names every file in it. The same results
 * give the same bytes.
 */
import { createReadStream } from 'node:fs'
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip, gzipSync } from 'node:zlib'
import { extract, pack } from 'tar-stream'
import { beside } from '../engine/beside.ts'
import { userError } from '../engine/error.ts'
import { hashFile, hashText } from '../engine/fingerprint.ts'
import { printable } from '../engine/printable.ts'
import type { FoundRun } from '../experiment/result.ts'
import { INPUTS_DIR } from './inputs.ts'

export const SUMS = 'SHA256SUMS'
/** Of a pack, unpacked; more is no evidence of a tracing lab. Bytes. */
const LIMIT = 8 * 2 ** 30
const MOST_FILES = 200_000
/** Relative, no "..", no control characters, no backslash: what our own packs have. */
const SAFE = /^(?!\/)(?!(?:.*\/)?\.\.?(?:\/|$))[A-Za-z0-9._+@%=,~ /-]{1,300}$/

async function below(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Name in the pack -> file or contents. */
async function contents(
  results: string,
  runs: readonly FoundRun[],
  methods: string,
  figures: ReadonlyMap<string, Buffer>,
): Promise<Map<string, string | Buffer>> {
  const files = new Map<string, string | Buffer>([['methods.md', Buffer.from(methods)], ...figures])
  const inputs = new Set(runs.flatMap(({ manifest }) => Object.values(manifest.inputs ?? {})))
  const dirs = [...runs.map(({ dir }) => dir), ...[...inputs].map((name) => join(results, INPUTS_DIR, name))]
  for (const dir of dirs) for (const file of await below(dir)) files.set(`results/${relative(results, file)}`, file)
  return files
}

/** Writes a pack; returns its SHA-256. @param methods a paragraph for a paper, as Markdown @param figures name in the pack -> contents */
export async function writePack(
  file: string,
  results: string,
  runs: readonly FoundRun[],
  methods: string,
  figures: ReadonlyMap<string, Buffer>,
  cache: string,
): Promise<string> {
  const files = await contents(results, runs, methods, figures)
  const names = [...files.keys()].toSorted()
  const sums: string[] = []
  const archive = pack()
  const chunks: Buffer[] = []
  const reading = (async () => {
    for await (const chunk of archive) chunks.push(chunk as Buffer)
  })()
  const add = (name: string, content: Buffer, mode = 0o644) =>
    archive.entry({ name, mode, mtime: new Date(0) }, content)
  for (const name of names) {
    const from = files.get(name) ?? ''
    const content = typeof from === 'string' ? await readFile(from) : from
    sums.push(`${hashText(content)}  ${name}\n`)
    // A recipe's own init is a program; nothing else about a file's mode matters.
    add(name, content, typeof from === 'string' && ((await stat(from)).mode & 0o111) !== 0 ? 0o755 : 0o644)
  }
  add(SUMS, Buffer.from(sums.join('')))
  archive.finalize()
  await reading
  const packed = gzipSync(Buffer.concat(chunks), { level: constants.Z_BEST_COMPRESSION })
  await beside(cache, file, (partial) => writeFile(partial, packed))
  return await hashFile(file)
}

/**
 * Unpacks a pack below a new directory and checks it against its SHA256SUMS.
 * @returns what is wrong with it; nothing of a file with a name that leads elsewhere is written
 * @throws a user's Failure for something that is no pack
 */
export async function openPack(file: string, to: string): Promise<string[]> {
  const problems: string[] = []
  const found = new Map<string, string>()
  let total = 0
  const archive = extract()
  const writing = (async () => {
    for await (const entry of archive) {
      const { name, type, size, mode } = entry.header
      total += size
      if (total > LIMIT || found.size > MOST_FILES) throw new Error('it is larger than any pack')
      if (type !== 'file' || !SAFE.test(name) || found.has(name)) {
        problems.push(`${printable(name, 100)}: no file of a pack`)
        entry.resume()
        continue
      }
      const chunks: Buffer[] = []
      for await (const chunk of entry) chunks.push(chunk as Buffer)
      const content = Buffer.concat(chunks)
      await mkdir(dirname(join(to, name)), { recursive: true })
      await writeFile(join(to, name), content, { mode: mode & 0o111 ? 0o755 : 0o644 })
      found.set(name, hashText(content))
    }
  })()
  try {
    await Promise.all([pipeline(createReadStream(file), createGunzip(), archive), writing])
  } catch (error) {
    throw userError(
      {
        place: file,
        fact: 'this is no whole evidence pack',
        wayOut: '`lab export RUN` makes one; was it copied to its end?',
      },
      error,
    )
  }
  return [...problems, ...(await compare(found, to))]
}

async function compare(found: Map<string, string>, dir: string): Promise<string[]> {
  if (!found.has(SUMS)) return [`${SUMS} is missing`]
  const listed = new Map<string, string>()
  for (const line of (await readFile(join(dir, SUMS), 'utf8')).split('\n')) {
    const [, hash, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? []
    if (hash !== undefined && name !== undefined) listed.set(name, hash)
  }
  const problems: string[] = []
  for (const [name, hash] of listed)
    if (found.get(name) !== hash)
      problems.push(`${printable(name, 100)} ${found.has(name) ? 'is not what was packed' : 'is missing'}`)
  for (const name of found.keys())
    if (name !== SUMS && !listed.has(name)) problems.push(`${printable(name, 100)} was not packed by lab`)
  return problems
}
