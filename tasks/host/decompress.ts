/**
 * Decompression of what a kernel package holds: zlib and zstd are Node's, LZ4's old frame is ours, xz and lzma are
 * xz-utils'.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { labError, messageOf } from '../engine/error.ts'
import type { Compression } from '../linux/objects/bzimage.ts'
import { unlz4 } from '../linux/objects/lz4.ts'
import { run } from './sh.ts'

/**
 * 4 bytes with the uncompressed size follow the data in a boot image (scripts/Makefile.lib, size_append); gzip
 * has its own.
 */
const SIZE = 4

async function xz(bytes: Buffer, format: 'xz' | 'lzma', scratch: string, signal: AbortSignal): Promise<Buffer> {
  const [packed, plain] = [`${scratch}.packed`, `${scratch}.plain`]
  try {
    await writeFile(packed, bytes)
    // --single-stream: what follows the data is let go.
    const single = format === 'xz' ? ['--single-stream'] : []
    await run(['xz', '--decompress', `--format=${format}`, ...single, '--stdout', packed], {
      signal,
      stdoutFile: plain,
    })
    return await readFile(plain)
  } finally {
    await rm(packed, { force: true })
    await rm(plain, { force: true })
  }
}

export interface Compressed {
  readonly bytes: Buffer
  readonly format: Compression
  /** Part of a boot image: the size follows the data. */
  readonly withSize?: boolean
}

/**
 * @param scratch path whose neighbours (`scratch.packed`, `scratch.plain`) may be written
 * @throws a lab's Failure for a format that no installed tool knows, and for damaged data
 */
export async function decompress(
  { bytes, format, withSize = false }: Compressed,
  scratch: string,
  place: string,
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    switch (format) {
      case 'none':
        return bytes
      case 'gzip':
        return gunzipSync(bytes)
      case 'zstd':
        return zstdDecompressSync(withSize ? bytes.subarray(0, -SIZE) : bytes)
      case 'lz4':
        return unlz4(bytes)
      case 'xz':
        return await xz(bytes, format, scratch, signal)
      case 'lzma':
        return await xz(withSize ? bytes.subarray(0, -SIZE) : bytes, format, scratch, signal)
      case 'bzip2':
      case 'lzo':
        break
    }
  } catch (error) {
    if (signal.aborted) throw error
    throw labError(
      { place, fact: `its ${format} data cannot be decompressed: ${messageOf(error)}`, wayOut: 'is the file damaged?' },
      error,
    )
  }
  throw labError({
    place,
    fact: `it is compressed with ${format}, which lab does not read`,
    wayOut: 'take a kernel with CONFIG_KERNEL_GZIP, _XZ, _LZMA, _LZ4 or _ZSTD',
  })
}
