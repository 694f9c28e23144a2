/** Where a tar archive ends that other bytes follow. */
const BLOCK = 512
const ZEROS = Buffer.alloc(BLOCK)

/**
 * Bytes of the ustar archive that begins here, its two blocks of zeros included (POSIX.1-1988, 10.1.1); undefined when
 * it is cut short or is no archive.
 */
export function tarLength(bytes: Buffer): number | undefined {
  for (let at = 0; at + 2 * BLOCK <= bytes.length;) {
    const header = bytes.subarray(at, at + BLOCK)
    if (header.equals(ZEROS))
      return bytes.subarray(at + BLOCK, at + 2 * BLOCK).equals(ZEROS) ? at + 2 * BLOCK : undefined
    const size = header.toString('latin1', 124, 136).replace(/[\0 ].*$/s, '')
    if (!/^[0-7]{1,11}$/.test(size)) return undefined
    at += BLOCK + Math.ceil(Number.parseInt(size, 8) / BLOCK) * BLOCK
  }
  return undefined
}
