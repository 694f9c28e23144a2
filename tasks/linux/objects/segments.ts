/** What of a program or library is mapped from its file, and where it was linked (elf(5), Elf64_Phdr). */
import { ElfError } from './elf.ts'

/** A part of a linked file as it is in memory. */
export interface Segment {
  /** In the file. */
  readonly offset: bigint
  readonly size: bigint
  /** Where it was linked. */
  readonly address: bigint
}

const HEADER = 64
const SEGMENT = 56
const PT_LOAD = 1

/** @throws ElfError */
export function segmentsOf(file: Buffer): Segment[] {
  if (file.length < HEADER) throw new ElfError('it is not a 64-bit little-endian ELF file')
  const [from, count] = [Number(file.readBigUInt64LE(32)), file.readUInt16LE(56)]
  if (from + count * SEGMENT > file.length) throw new ElfError('the table of segments lies behind the end of the file')
  return Array.from({ length: count }, (_, index) => from + index * SEGMENT).flatMap((at) =>
    file.readUInt32LE(at) === PT_LOAD
      ? [
          {
            offset: file.readBigUInt64LE(at + 8),
            address: file.readBigUInt64LE(at + 16),
            size: file.readBigUInt64LE(at + 32),
          },
        ]
      : [],
  )
}
