/**
 * A cpio archive in the kernel's initramfs format "newc" (Documentation/driver-api/early-userspace/buffer-format.rst):
 * everything belongs to root and has the time 0, so that the same entries give the same bytes.
 */
export interface CpioEntry {
  /** Relative to the root, without a leading "/". */
  readonly name: string
  /** st_mode: type and permissions. */
  readonly mode: number
  /** Contents of a file, or what a symbolic link says. */
  readonly data?: Buffer
  /** Major and minor number of a device node. */
  readonly device?: readonly [number, number]
}

export const S_IFDIR = 0o040000
export const S_IFREG = 0o100000
export const S_IFLNK = 0o120000
export const S_IFCHR = 0o020000

const TRAILER = 'TRAILER!!!'
const hex = (value: number) => value.toString(16).padStart(8, '0')
const padding = (length: number) => Buffer.alloc((4 - (length % 4)) % 4)

function header(inode: number, { name, mode, data, device = [0, 0] }: CpioEntry): Buffer {
  const nameBytes = Buffer.from(`${name}\0`)
  const size = data?.length ?? 0
  // A directory without a count of links of its own would be taken for a hard link.
  const links = (mode & 0o170000) === S_IFDIR ? 2 : 1
  const fields = [inode, mode, 0, 0, links, 0, size, 0, 0, device[0], device[1], nameBytes.length, 0]
  const bytes = Buffer.concat([Buffer.from(`070701${fields.map(hex).join('')}`), nameBytes])
  return Buffer.concat([bytes, padding(bytes.length)])
}

/** The archive as chunks, in order. Archives may be put one after the other: the kernel unpacks them all. */
export function cpio(entries: readonly CpioEntry[]): Buffer[] {
  const chunks = [...entries, { name: TRAILER, mode: 0 }].flatMap((entry, index) => {
    const data = 'data' in entry && entry.data ? entry.data : Buffer.alloc(0)
    return [header(index + 1, entry), data, padding(data.length)]
  })
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  // The kernel skips zeros between archives; whole sectors are what every other writer makes.
  return [...chunks, Buffer.alloc((512 - (length % 512)) % 512)]
}
