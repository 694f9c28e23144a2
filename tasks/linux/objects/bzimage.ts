/**
 * The x86 boot image (bzImage, vmlinuz): where the compressed kernel is in it, how it is compressed, and what release
 * it is. Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header". The file may come from anybody: every offset
 * is checked.
 */
import { ElfError } from './elf.ts'

/** How arch/x86/boot/compressed/Makefile compresses the kernel: one of CONFIG_KERNEL_*. */
export type Compression = 'gzip' | 'bzip2' | 'lzma' | 'xz' | 'lzo' | 'lz4' | 'zstd' | 'none'

/** First bytes of each format, as lib/decompress.c tells them apart. lz4 is its "legacy" frame. */
const MAGIC: readonly (readonly [bytes: string, format: Compression])[] = [
  ['1f8b', 'gzip'],
  ['425a68', 'bzip2'],
  ['5d0000', 'lzma'],
  ['fd377a585a00', 'xz'],
  ['894c5a4f', 'lzo'],
  ['02214c18', 'lz4'],
  ['28b52ffd', 'zstd'],
  ['7f454c46', 'none'],
]

const HEADER = 0x260
/** payload_offset and payload_length came with version 2.08 of the boot protocol (Linux 2.6.26). */
const WITH_PAYLOAD = 0x208
const SECTOR = 512

export interface Payload {
  readonly format: Compression
  /** The compressed bytes. Behind those of all formats but gzip are 4 bytes more, the uncompressed size. */
  readonly bytes: Buffer
  /** The release as `uname -r` prints it: "6.1.0-50-cloud-amd64". */
  readonly release: string
}

/** The compressed kernel of a boot image. @throws ElfError that says what the file lacks */
export function payloadOf(image: Buffer): Payload {
  if (image.length < HEADER || image.toString('latin1', 0x202, 0x206) !== 'HdrS')
    throw new ElfError('it is not an x86 boot image (it has no "HdrS" header)')
  if (image.readUInt16LE(0x206) < WITH_PAYLOAD)
    throw new ElfError('its boot protocol is older than 2.08 and does not say where the kernel is')
  const start = ((image[0x1f1] || 4) + 1) * SECTOR + image.readUInt32LE(0x248)
  const length = image.readUInt32LE(0x24c)
  if (length === 0 || start + length > image.length) throw new ElfError('its compressed kernel lies behind its end')
  const bytes = image.subarray(start, start + length)
  const magic = bytes.toString('hex', 0, 6)
  const format = MAGIC.find(([first]) => magic.startsWith(first))?.[1]
  if (format === undefined)
    throw new ElfError(`its kernel is compressed in an unknown format (it begins with ${magic})`)
  return { format, bytes, release: releaseOf(image) }
}

/**
 * "6.1.0-50-cloud-amd64 (debian-kernel@...) #1 SMP ..." stands where kernel_version points; empty where it points
 * nowhere.
 */
function releaseOf(image: Buffer): string {
  const at = image.readUInt16LE(0x20e) + 0x200
  const text = image.toString('latin1', at, Math.min(at + 128, image.length))
  return /^[\w.+~-]+/.exec(text)?.[0] ?? ''
}
