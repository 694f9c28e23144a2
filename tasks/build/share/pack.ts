/** An entry of the store as one file. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { labError } from '../../engine/error.ts'
import { hashFile, fingerprintOf, type Inputs } from '../../engine/fingerprint.ts'
import { CONTENTS } from '../../engine/store.ts'
import { entryName, FIRST_LINE, travels, type Head, type PackedFile } from './head.ts'

/** Half a gigabyte of an image takes two seconds on one CPU; each further level takes a third longer and saves 3 %. */
const LEVEL = 3

/** The hashes that the store noted when the entry was made. It notes none for files in subdirectories. */
async function notedHashes(dir: string): Promise<Readonly<Record<string, { readonly sha256: string }>>> {
  return JSON.parse(await readFile(join(dir, CONTENTS), 'utf8').catch(() => '{}')) as Record<string, { sha256: string }>
}

/** The files of an entry that travel, with the hashes that the store noted. */
export async function packedFiles(dir: string): Promise<PackedFile[]> {
  const noted = await notedHashes(dir)
  const files: PackedFile[] = []
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    const path = relative(dir, file)
    if (entry.isDirectory() || !travels(path)) continue
    if (!entry.isFile()) throw new Error(`${file} is neither a file nor a directory`)
    const { size, mode } = await stat(file)
    const sha256 = Object.hasOwn(noted, path) ? (noted[path]?.sha256 ?? '') : await hashFile(file)
    files.push({ path, size, sha256, program: (mode & 0o100) !== 0 })
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** The bytes of all files. Fails if one is not what was put into the store. */
async function* bytesOfFiles(dir: string, head: Head, onBytes: (done: number) => void): AsyncGenerator<Buffer> {
  let done = 0
  for (const { path, size, sha256 } of head.files) {
    const hash = createHash('sha256')
    let read = 0
    for await (const chunk of createReadStream(join(dir, path), { highWaterMark: 2 ** 20 })) {
      const bytes = chunk as Buffer
      hash.update(bytes)
      read += bytes.length
      onBytes((done += bytes.length))
      yield bytes
    }
    if (read !== size || hash.digest('hex') !== sha256)
      throw labError({
        place: `cache ${entryName(head.kind, head.fingerprint)}`,
        reason: 'wrong-bytes',
        fact: `${path} has changed since it was built`,
        wayOut: `remove ${dir}, build it again (\`lab build\`), and push again`,
      })
  }
}

/**
 * Writes an entry of the store into a file.
 * @throws Failure (wrong-bytes) where a file of the entry has changed since it was put there; the system's error
 */
export async function packEntry(
  entry: { readonly dir: string; readonly inputs: Inputs },
  kind: string,
  to: string,
  signal: AbortSignal,
  onBytes: (done: number) => void,
): Promise<Head> {
  const { dir, inputs } = entry
  const head: Head = { kind, fingerprint: fingerprintOf(inputs), inputs, files: await packedFiles(dir) }
  const stream = async function* () {
    yield Buffer.from(`${JSON.stringify(head)}\n`)
    yield* bytesOfFiles(dir, head, onBytes)
  }
  await using file = await open(to, 'wx', 0o644)
  await file.write(FIRST_LINE)
  const zstd = createZstdCompress({
    chunkSize: 2 ** 20,
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  })
  await pipeline(Readable.from(stream()), zstd, createWriteStream(to, { fd: file.fd, autoClose: false }), { signal })
  // After a power cut, the final name must not stand for an empty file.
  await file.datasync()
  return head
}
