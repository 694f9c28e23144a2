import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import type { Compression } from '../linux/objects/bzimage.ts'
import { decompress } from './decompress.ts'

const PLAIN = Buffer.from(`${'kernel '.repeat(300)}end`)
const { signal } = new AbortController()
const xz = (format: string) => execFileSync('xz', ['--compress', `--format=${format}`, '--stdout'], { input: PLAIN })

/** One block: 7 literals, then a match of 2093 bytes at distance 7, which repeats them; then 3 literals. */
function lz4(): Buffer {
  const rest = 2093 - 4 - 15
  const lengths = [...Array.from({ length: Math.floor(rest / 255) }, () => 255), rest % 255]
  const block = Buffer.from([0x7f, ...Buffer.from('kernel '), 7, 0, ...lengths, 0x30, ...Buffer.from('end')])
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0x184c2102)
  head.writeUInt32LE(block.length, 4)
  return Buffer.concat([head, block])
}

const PACKED: readonly (readonly [Compression, () => Buffer])[] = [
  ['none', () => PLAIN],
  ['gzip', () => gzipSync(PLAIN)],
  ['zstd', () => zstdCompressSync(PLAIN)],
  ['xz', () => xz('xz')],
  ['lzma', () => xz('lzma')],
  ['lz4', lz4],
]

test.each(PACKED)('%s', async (format, packed) => {
  const scratch = join(tempDir(), 'scratch')
  expect((await decompress({ bytes: packed(), format }, scratch, 'kernel k', signal)).equals(PLAIN)).toBe(true)
})

test.each(PACKED.filter(([format]) => format !== 'none' && format !== 'gzip'))(
  '%s, with its size behind it',
  async (format, packed) => {
    const scratch = join(tempDir(), 'scratch')
    const size = Buffer.alloc(4)
    size.writeUInt32LE(PLAIN.length)
    const bytes = Buffer.concat([packed(), size])
    const plain = await decompress({ bytes, format, withSize: true }, scratch, 'kernel k', signal)
    expect(plain.equals(PLAIN)).toBe(true)
  },
)

test.each(PACKED.filter(([format]) => format !== 'none'))('%s that is damaged is refused', async (format, packed) => {
  const scratch = join(tempDir(), 'scratch')
  const whole = packed()
  const bytes = whole.subarray(0, whole.length - 9)
  const { kind, parts } = await failureOf(decompress({ bytes, format }, scratch, 'kernel k', signal))
  expect(kind).toBe('lab')
  expect(parts).toMatchObject({ place: 'kernel k' })
  expect(parts.fact).toMatch(new RegExp(`its ${format} data cannot be decompressed`))
})

test('a format that nothing here reads is named', async () => {
  const { parts } = await failureOf(
    decompress({ bytes: PLAIN, format: 'lzo' }, join(tempDir(), 's'), 'kernel k', signal),
  )
  expect(parts.fact).toBe('it is compressed with lzo, which lab does not read')
})
