/**
 * Decompression of LZ4's "legacy" frame, which the kernel uses for its own image (CONFIG_KERNEL_LZ4): a magic number,
 * then blocks, each behind its compressed size and with 8 MiB of output at most. github.com/lz4/lz4,
 * doc/lz4_Frame_format.md and doc/lz4_Block_format.md.
 */
import { ElfError } from './elf.ts'

const MAGIC = 0x184c2102
const BLOCK = 8 << 20
/** A match is at least this long; its length counts from there. */
const LEAST_MATCH = 4

/** One block to the end of `input`; returns where the output ends. */
function block(input: Buffer, output: Buffer, start: number): number {
  let [at, to] = [0, start]
  /** A length of 15 goes on in bytes of 255 and a last smaller one. */
  const length = (nibble: number): number => {
    let sum = nibble
    if (nibble === 15)
      for (;;) {
        const more = input[at++]
        if (more === undefined) throw new ElfError('its LZ4 data ends within a length')
        sum += more
        if (more !== 255) break
      }
    return sum
  }
  while (at < input.length) {
    const token = input[at++] ?? 0
    const literals = length(token >> 4)
    if (at + literals > input.length || to + literals > output.length)
      throw new ElfError('its LZ4 data has literals behind its end')
    input.copy(output, to, at, at + literals)
    at += literals
    to += literals
    // The last sequence has literals alone.
    if (at === input.length) break
    const distance = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)
    at += 2
    const match = length(token & 15) + LEAST_MATCH
    if (distance === 0 || to - distance < start || to + match > output.length)
      throw new ElfError('its LZ4 data refers to bytes outside of its block')
    // The match may overlap what it writes: it then repeats.
    if (distance >= match) output.copy(output, to, to - distance, to - distance + match)
    else for (let index = 0; index < match; index++) output[to + index] = output[to - distance + index] ?? 0
    to += match
  }
  return to
}

/**
 * All blocks of a frame. Where a block's size is no possible one, the frame has ended: the kernel's build appends the
 * size of the output.
 */
export function unlz4(input: Buffer): Buffer {
  if (input.length < 8 || input.readUInt32LE(0) !== MAGIC) throw new ElfError('it is no LZ4 legacy frame')
  const blocks: Buffer[] = []
  let at = 4
  while (at + 4 <= input.length) {
    const size = input.readUInt32LE(at)
    if (size === 0 || at + 4 + size > input.length) break
    const output = Buffer.allocUnsafe(BLOCK)
    blocks.push(output.subarray(0, block(input.subarray(at + 4, at + 4 + size), output, 0)))
    at += 4 + size
  }
  if (input.length - at > 4) throw new ElfError('its LZ4 data is cut off')
  return Buffer.concat(blocks)
}
