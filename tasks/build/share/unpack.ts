/**
 * Reads an entry that travelled: each file is compared with its SHA-256 before it is used, and blocks of zeros become
 * holes.
 */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdir, open, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createZstdDecompress } from 'node:zlib'
import { codeOf, interrupted } from '../../engine/error.ts'
import { checkFirstLine, damaged, FIRST_LINE, MOST_HEAD, parseHead, type Head, type PackedFile } from './head.ts'

/** The smallest hole of a file system. Bytes. */
const BLOCK = 4096
const ZEROS = Buffer.alloc(BLOCK)

/** Where the bytes of one file go. */
interface Sink {
  write(bytes: Buffer): Promise<void>
  close(): Promise<void>
}

/** Ranges of a chunk that are not zero, in whole blocks; neighbours are one range. */
function* rangesOf(bytes: Buffer): Generator<readonly [from: number, to: number]> {
  let from = -1
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const end = Math.min(at + BLOCK, bytes.length)
    const empty = bytes.subarray(at, end).equals(ZEROS.subarray(0, end - at))
    if (empty && from >= 0) yield [from, at]
    if (empty) from = -1
    else if (from < 0) from = at
  }
  if (from >= 0) yield [from, bytes.length]
}

/** Writes all of the bytes: on a full disk, a single write may take only the first part of them and report no error. */
export async function writeAll(file: Pick<FileHandle, 'write'>, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}

/** A file below `dir`; blocks of zeros are not written. */
async function fileIn(dir: string, { path, size, program }: PackedFile): Promise<Sink> {
  const name = join(dir, path)
  await mkdir(dirname(name), { recursive: true })
  const handle: FileHandle = await open(name, 'wx', 0o644)
  let at = 0
  return {
    async write(bytes) {
      for (const [from, to] of rangesOf(bytes)) await writeAll(handle, bytes.subarray(from, to), at + from)
      at += bytes.length
    },
    async close() {
      await handle.truncate(size)
      await handle.close()
      if (program) await chmod(name, 0o755)
    },
  }
}

const NOWHERE: Sink = { write: () => Promise.resolve(), close: () => Promise.resolve() }

/** Collects the head, the first line of the stream. */
class HeadLine {
  readonly #place: string
  #parts: Buffer[] = []
  #bytes = 0

  constructor(place: string) {
    this.#place = place
  }

  /** The head and the rest of the chunk; undefined as long as the line is not complete. */
  take(chunk: Buffer): { readonly head: Head; readonly rest: Buffer } | undefined {
    const end = chunk.indexOf(0x0a)
    this.#parts.push(end < 0 ? chunk : chunk.subarray(0, end))
    this.#bytes += chunk.length
    if (end < 0 && this.#bytes > MOST_HEAD) throw damaged(this.#place, 'its head does not end')
    if (end < 0) return undefined
    const head = parseHead(Buffer.concat(this.#parts).toString('utf8'), this.#place)
    return { head, rest: chunk.subarray(end + 1) }
  }
}

/** Splits the stream into the head and the files. */
class Reader {
  readonly #place: string
  readonly #begin: (head: Head) => void
  readonly #open: (file: PackedFile) => Promise<Sink>
  readonly #line: HeadLine
  #head: Head | undefined
  #index = 0
  #current: { readonly file: PackedFile; readonly sink: Sink; readonly hash: Hash; left: number } | undefined

  constructor(place: string, begin: (head: Head) => void, openSink: (file: PackedFile) => Promise<Sink>) {
    this.#place = place
    this.#line = new HeadLine(place)
    this.#begin = begin
    this.#open = openSink
  }

  async take(chunk: Buffer): Promise<void> {
    let rest = this.#head === undefined ? await this.#takeHead(chunk) : chunk
    while (rest.length > 0) {
      const current = this.#current
      if (current === undefined) throw damaged(this.#place, 'it is longer than its head says')
      const bytes = rest.subarray(0, current.left)
      rest = rest.subarray(bytes.length)
      current.hash.update(bytes)
      await current.sink.write(bytes)
      current.left -= bytes.length
      if (current.left === 0) await this.#next()
    }
  }

  async #takeHead(chunk: Buffer): Promise<Buffer> {
    const found = this.#line.take(chunk)
    if (found === undefined) return Buffer.alloc(0)
    this.#begin(found.head)
    this.#head = found.head
    await this.#next()
    return found.rest
  }

  /** Ends the current file and opens the next one that has any bytes. */
  async #next(): Promise<void> {
    for (;;) {
      const current = this.#current
      if (current !== undefined) {
        this.#current = undefined
        await current.sink.close()
        if (current.hash.digest('hex') !== current.file.sha256)
          throw damaged(this.#place, `${current.file.path} has another SHA-256 than its head says`)
      }
      const file = this.#head?.files[this.#index++]
      if (file === undefined) return
      this.#current = { file, sink: await this.#open(file), hash: createHash('sha256'), left: file.size }
      if (file.size > 0) return
    }
  }

  /** The end of the stream. @throws a Failure if it came too early */
  end(): Head {
    const current = this.#current
    if (this.#head !== undefined && current === undefined) return this.#head
    throw damaged(this.#place, current === undefined ? 'it has no head' : `it ends within ${current.file.path}`)
  }

  /** Closes what is open, after a failure. */
  async abandon(): Promise<void> {
    await this.#current?.sink.close().catch(() => undefined)
  }
}

/** Checks the first line of a file. @throws a Failure if it is not the one of an entry */
async function readFirstLine(file: string, place: string): Promise<void> {
  await using handle = await open(file, 'r')
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(FIRST_LINE.length + 8), 0, FIRST_LINE.length + 8, 0)
  checkFirstLine(
    buffer
      .subarray(0, bytesRead)
      .toString('latin1')
      .replace(/\n[^]*$/, '\n'),
    place,
  )
}

/**
 * Decompresses what follows the first line, chunk by chunk. @throws Failure (wrong-bytes, newer-format); the system's
 * error
 */
async function* chunksOf(file: string, place: string): AsyncGenerator<Buffer> {
  await readFirstLine(file, place)
  const source = createReadStream(file, { start: FIRST_LINE.length, highWaterMark: 2 ** 20 })
  const zstd = createZstdDecompress({ chunkSize: 2 ** 20 })
  source.on('error', (error) => zstd.destroy(error))
  // Bytes behind the stream can give an error when nobody reads any more. They are counted below.
  zstd.on('error', () => undefined)
  try {
    for await (const chunk of source.pipe(zstd)) yield chunk as Buffer
    // Node's decompressor stops at the end of the stream and leaves out what follows.
    if (zstd.bytesWritten !== (await stat(file)).size - FIRST_LINE.length)
      throw damaged(place, 'there are bytes behind its end')
  } catch (error) {
    // From Node's zlib: a changed bit, or an end that came too early.
    if (/^(?:ZSTD_|Z_)/.test(codeOf(error) ?? '')) throw damaged(place, 'its bytes cannot be decompressed', error)
    throw error
  } finally {
    source.destroy()
    zstd.destroy()
  }
}

/**
 * Reads an entry to its end and compares every file with its hash.
 * @param into an empty directory for its files; if undefined, they are only checked
 * @param place where the entry is, for failures
 * @param begin is given the head before any file is written; it may throw
 * @throws Failure (wrong-bytes, newer-format) for what is not an entry as it was written; the system's error
 */
export async function unpackEntry(
  file: string,
  into: string | undefined,
  place: string,
  signal: AbortSignal,
  begin: (head: Head) => void,
  onBytes: (done: number) => void = () => undefined,
): Promise<Head> {
  const reader = new Reader(place, begin, (head) =>
    into === undefined ? Promise.resolve(NOWHERE) : fileIn(into, head),
  )
  let done = 0
  try {
    for await (const chunk of chunksOf(file, place)) {
      if (signal.aborted) throw interrupted()
      await reader.take(chunk)
      onBytes((done += chunk.length))
    }
    return reader.end()
  } catch (error) {
    await reader.abandon()
    if (into !== undefined && ['EEXIST', 'ENOTDIR', 'EISDIR'].includes(codeOf(error) ?? ''))
      throw damaged(place, 'one of its paths is both a file and a directory', error)
    throw error
  }
}
