/**
 * Sets the times of every inode of an ext4 image that was just made by mke2fs. `mke2fs -d` copies change times of the
 * tree (st_ctime), which nobody can set; they are all that differs between two images of the same files. Layout:
 * Documentation/filesystems/ext4 (super, group descriptors, inodes). Only for images without metadata checksums, as
 * ours are.
 */
import { open } from 'node:fs/promises'

const SUPER = 1024
const MAGIC = 0xef53
/** Bits of s_feature_ro_compat: GDT_CSUM and METADATA_CSUM, under which a changed inode needs a new checksum. */
const CHECKSUMS = 0x10 | 0x400
/** Of s_feature_incompat. */
const BITS_64 = 0x80
/**
 * Offsets in an inode of i_atime, i_ctime, i_mtime, i_ctime_extra, i_mtime_extra, i_atime_extra, i_crtime and
 * i_crtime_extra.
 */
const TIMES = [0x08, 0x0c, 0x10] as const
const EXTRA = [0x84, 0x88, 0x8c, 0x94] as const
const CREATED = 0x90
const CLASSIC_INODE = 128

/** Sets all times of an inode in its table; false for one that is not used. */
function setTimes(inode: Buffer, seconds: number): boolean {
  if (inode.readUInt16LE(0) === 0) return false
  for (const at of TIMES) inode.writeUInt32LE(seconds, at)
  if (inode.length <= CLASSIC_INODE) return true
  // i_extra_isize says how far the fields beyond the classic inode go.
  const end = CLASSIC_INODE + inode.readUInt16LE(0x80)
  for (const at of EXTRA) if (at + 4 <= end) inode.writeUInt32LE(0, at)
  if (CREATED + 4 <= end) inode.writeUInt32LE(seconds, CREATED)
  return true
}

/** @param seconds since 1970. @throws an Error for a file that is no such image */
export async function setImageTimes(image: string, seconds: number): Promise<void> {
  await using file = await open(image, 'r+')
  const read = async (position: number, length: number) => {
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await file.read(buffer, 0, length, position)
    if (bytesRead !== length) throw new Error(`${image} ends at ${position + bytesRead}`)
    return buffer
  }
  const head = await read(SUPER, 1024)
  if (head.readUInt16LE(56) !== MAGIC) throw new Error(`${image} is no ext4 image`)
  if ((head.readUInt32LE(100) & CHECKSUMS) !== 0) throw new Error(`${image} has checksums over its metadata`)
  const block = 1024 << head.readUInt32LE(24)
  const [inodes, perGroup, size] = [head.readUInt32LE(0), head.readUInt32LE(40), head.readUInt16LE(88)]
  const wide = (head.readUInt32LE(96) & BITS_64) !== 0
  const descriptor = wide ? head.readUInt16LE(254) : 32
  const groups = Math.ceil(inodes / perGroup)
  const table = await read((head.readUInt32LE(20) + 1) * block, groups * descriptor)
  for (let group = 0; group < groups; group++) {
    const at = group * descriptor
    const high = wide ? table.readUInt32LE(at + 0x28) : 0
    const position = (high * 2 ** 32 + table.readUInt32LE(at + 8)) * block
    const bytes = await read(position, perGroup * size)
    let used = false
    for (let index = 0; index < perGroup; index++)
      used = setTimes(bytes.subarray(index * size, (index + 1) * size), seconds) || used
    // A table that nobody uses is a hole in the file, and stays one.
    if (used) await file.write(bytes, 0, bytes.length, position)
  }
}
