/** Patterns that fill files of data disks: the same bytes each time, whatever made them. */
import { createCipheriv, createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ResolvedDiskFile } from '../config/disk-file.ts'

type Pattern = Extract<ResolvedDiskFile, { bytes: number }>

const CHUNK = 2 ** 20
/** Of a numbered record, with its line end. */
export const RECORD_BYTES = 16

/** Bytes that look random: AES in counter mode over zeros, with the seed as the key. */
function randomBytes(seed: number): (bytes: number) => Buffer {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(seed)
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  return (bytes) => cipher.update(Buffer.alloc(bytes))
}

/** Lines of 16 bytes: "000000000000000\n", "000000000000001\n", ... */
function records(): (bytes: number) => Buffer {
  let next = 0
  return (bytes) => {
    const lines: string[] = []
    for (let at = 0; at < bytes; at += RECORD_BYTES) lines.push(`${String(next++).padStart(RECORD_BYTES - 1, '0')}\n`)
    return Buffer.from(lines.join('')).subarray(0, bytes)
  }
}

/** Of a number: three digits and a space. */
const NUMBER_BYTES = 4

/**
 * Records such as "512 ": with a probability of `selectivity` from 500 to 999, else from 0 to 499, by the random bytes
 * of the seed. Whole chunks are whole records.
 */
function numbers(seed: number, selectivity: number): (bytes: number) => Buffer {
  const draw = randomBytes(seed)
  // Each record as a number of four bytes: a file of 100 MB has 26 million of them.
  const texts = Array.from({ length: 1000 }, (_, value) =>
    Buffer.from(`${String(value).padStart(NUMBER_BYTES - 1, '0')} `).readUInt32LE(),
  )
  return (bytes) => {
    const drawn = draw(Math.ceil(bytes / NUMBER_BYTES) * NUMBER_BYTES)
    for (let at = 0; at < drawn.length; at += NUMBER_BYTES) {
      const passes = drawn.readUInt16LE(at) < selectivity * 2 ** 16
      const value = (drawn.readUInt16LE(at + 2) % 500) + (passes ? 500 : 0)
      drawn.writeUInt32LE(texts[value] ?? 0, at)
    }
    return drawn.subarray(0, bytes)
  }
}

function* chunks(bytes: number, make: (bytes: number) => Buffer): Iterable<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK) yield make(Math.min(left, CHUNK))
}

const makerOf = ({ fill, seed, selectivity = 0.5 }: Pattern): ((bytes: number) => Buffer) => {
  if (fill === 'zeros') return (bytes) => Buffer.alloc(bytes)
  if (fill === 'random') return randomBytes(seed)
  return fill === 'numbers' ? numbers(seed, selectivity) : records()
}

const hashes = new Map<string, string>()

/** The sha256 of a pattern. A second for 100 MB: each is made once. */
export function hashOfFill(pattern: Pattern): string {
  const key = JSON.stringify(pattern)
  const known = hashes.get(key)
  if (known !== undefined) return known
  const hash = createHash('sha256')
  for (const chunk of chunks(pattern.bytes, makerOf(pattern))) hash.update(chunk)
  const sha256 = hash.digest('hex')
  hashes.set(key, sha256)
  return sha256
}

/** Writes a pattern to a file; zeros become a hole, which mke2fs leaves unwritten. */
export async function fillFile(file: string, pattern: Pattern): Promise<void> {
  const { bytes, fill } = pattern
  if (fill === 'zeros') {
    await writeFile(file, '')
    return await truncate(file, bytes)
  }
  await pipeline(Readable.from(chunks(bytes, makerOf(pattern))), createWriteStream(file))
}
