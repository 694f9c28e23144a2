/** The seed: a tar archive as a raw disk, with what makes a guest this lab's guest (keys, list of data disks). */
import { writeFile } from 'node:fs/promises'
import { pack } from 'tar-stream'
import type { Keys } from '../host/ssh-keys.ts'

export interface SeedDisk {
  readonly fs: string
  readonly mount: string
}

/** Sector size; a virtio disk is whole sectors. */
const SECTOR = 512

/** Writes the archive; the guest's init reads `authorized_keys`, `host_key` and `disks` (lines "number fs mount"). */
export async function writeSeed(file: string, keys: Keys, disks: readonly SeedDisk[]): Promise<void> {
  const archive = pack()
  const add = (name: string, content: string | Buffer) => archive.entry({ name, mode: 0o600 }, content)
  add('authorized_keys', keys.userPublic)
  add('host_key', keys.hostPrivate)
  add('disks', disks.map(({ fs, mount }, index) => `${index} ${fs} ${mount}\n`).join(''))
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  await writeFile(file, Buffer.concat([bytes, Buffer.alloc((SECTOR - (bytes.length % SECTOR)) % SECTOR)]), {
    mode: 0o600,
  })
}
