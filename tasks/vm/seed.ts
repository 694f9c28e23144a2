/**
 * The seed: a tar archive as a raw disk, with what makes a guest this lab's guest (keys, list of data disks), and what
 * a run brings.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { later } from '../engine/later.ts'
import type { Keys } from '../host/ssh-keys.ts'

const tarStream = later<typeof import('tar-stream')>('tar-stream')

export interface SeedDisk {
  readonly fs: string
  readonly mount: string
  readonly options?: string
}

/** Programs and objects that are in the guest from its start: a virtio disk is faster than an emulated ssh cipher. */
export interface SeedBundle {
  readonly id: string
  /** The name of the holder among the files. */
  readonly holder: string
  readonly files: readonly { readonly name: string; readonly file: string }[]
}

/** Sector size; a virtio disk is whole sectors. */
const SECTOR = 512
/** Below /run in the guest. */
const SEED = 'lab/seed'
export const GUEST_LAB = '/run/lab'

/** Where a bundle is unpacked in the guest. */
export const bundleDir = (id: string): string => `${GUEST_LAB}/bundle-${id}`

/** Where a kernel module of the VM itself is in the guest; those of an experiment are in its bundle. */
export const modulePath = (name: string): string => `${GUEST_LAB}/modules/${name}`

/** What init reads to mount the data disks. */
export const diskLines = (disks: readonly SeedDisk[]): string =>
  disks
    .map(
      ({ fs, mount, options }, index) =>
        `${[index, fs, mount, options].filter((word) => word !== undefined).join(' ')}\n`,
    )
    .join('')

/**
 * Writes the archive; the guest's init reads `authorized_keys`, `host_key`, `hostname` and `disks` (lines "number fs
 * mount [options]").
 */
export async function writeSeed(
  file: string,
  hostname: string,
  keys: Keys,
  disks: readonly SeedDisk[],
  bundle?: SeedBundle,
  modules: readonly { readonly name: string; readonly file: string }[] = [],
): Promise<void> {
  const archive = tarStream().pack()
  const directory = (name: string) => archive.entry({ name, type: 'directory', mode: 0o700 })
  const add = (name: string, mode: number, content: string | Buffer) => archive.entry({ name, mode }, content)
  directory('lab')
  directory(SEED)
  add(`${SEED}/authorized_keys`, 0o600, keys.userPublic)
  add(`${SEED}/host_key`, 0o600, keys.hostPrivate)
  add(`${SEED}/hostname`, 0o600, `${hostname}\n`)
  add(`${SEED}/disks`, 0o600, diskLines(disks))
  for (const file of bundle?.files ?? [])
    add(`lab/bundle-${bundle?.id ?? ''}/${file.name}`, 0o755, await readFile(file.file))
  for (const { name, file: from } of modules) add(`lab/modules/${name}`, 0o600, await readFile(from))
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  await writeFile(file, Buffer.concat([bytes, Buffer.alloc((SECTOR - (bytes.length % SECTOR)) % SECTOR)]), {
    mode: 0o600,
  })
}
