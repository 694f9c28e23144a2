/**
 * The root file system of a sealed guest: an image as a cpio archive, which is made once, and what one run brings along
 * behind it.
 */
import { lstat, readFile, readdir, readlink, rm, writeFile, appendFile, copyFile } from 'node:fs/promises'
import { constants } from 'node:fs'
import { join } from 'node:path'
import { ownCode } from '../build/own-code.ts'
import type { Context } from '../engine/context.ts'
import { fingerprintOf } from '../engine/fingerprint.ts'
import { readTree } from '../host/mmdebstrap.ts'
import type { ImageArtefact } from '../build/image/image.ts'
import { cpio, S_IFCHR, S_IFDIR, S_IFLNK, type CpioEntry } from '../linux/objects/cpio.ts'

/** The kernel opens /dev/console for PID 1 before anything is mounted. */
const CONSOLE: readonly CpioEntry[] = [
  { name: 'dev', mode: S_IFDIR | 0o755 },
  { name: 'dev/console', mode: S_IFCHR | 0o600, device: [5, 1] },
]
/** Of the top directory: made above, or of no use in memory. */
const LEFT_OUT = new Set(['dev', 'lost+found'])

async function treeEntries(root: string, below = ''): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = []
  for (const one of (await readdir(join(root, below))).toSorted()) {
    if (below === '' && LEFT_OUT.has(one)) continue
    const name = join(below, one)
    const file = join(root, name)
    const facts = await lstat(file)
    if (facts.isDirectory()) entries.push({ name, mode: facts.mode }, ...(await treeEntries(root, name)))
    else if (facts.isSymbolicLink())
      entries.push({ name, mode: S_IFLNK | 0o777, data: Buffer.from(await readlink(file)) })
    else if (facts.isFile()) entries.push({ name, mode: facts.mode, data: await readFile(file) })
  }
  return entries
}

/** The image as an archive in the store; returns its path. */
async function imageArchive(image: ImageArtefact, place: string, context: Context): Promise<string> {
  const inputs = { lab: ownCode('initramfs', context.toolRoot), image: image.fingerprint }
  const fingerprint = fingerprintOf(inputs)
  const stored = await context.store.get('initramfs', fingerprint)
  const { dir } =
    stored ??
    (await context.store.put('initramfs', fingerprint, inputs, async (to) => {
      const tree = join(to, 'tree')
      await readTree(image.disk, tree, place, context.signal)
      await writeFile(join(to, 'root.cpio'), cpio([...CONSOLE, ...(await treeEntries(tree))]))
      await rm(tree, { recursive: true, force: true })
    }))
  return join(dir, 'root.cpio')
}

/** Writes the initramfs of one run: the image's files and these. */
export async function writeInitramfs(
  file: string,
  image: ImageArtefact,
  entries: readonly CpioEntry[],
  place: string,
  context: Context,
): Promise<void> {
  // A copy that shares its blocks where the file system can; else a hundred megabytes.
  await copyFile(await imageArchive(image, place, context), file, constants.COPYFILE_FICLONE)
  for (const chunk of cpio(entries)) await appendFile(file, chunk)
}
