/**
 * Unpacks a tar archive that a guest made. Names, types and modes are the guest's word: only files, directories and
 * symbolic links that stay inside are made; devices, set-user-id bits and links that lead out are not. Nobody's program
 * unpacks it, because one that we check first may read the same bytes otherwise than we do.
 */
import { constants, createWriteStream } from 'node:fs'
import { copyFile, mkdir, symlink } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Header } from 'tar-stream'
import { later } from '../engine/later.ts'
import { printable } from '../engine/printable.ts'

const tarStream = later<typeof import('tar-stream')>('tar-stream')

/** A name relative to the archive's top, or undefined where it leads out of it. The top itself is the empty name. */
function inside(name: string): string | undefined {
  if (name.startsWith('/') || name.includes('\0')) return undefined
  const plain = posix.normalize(name).replace(/\/$/, '')
  if (plain === '..' || plain.startsWith('../')) return undefined
  return plain === '.' ? '' : plain
}

type Entry = AsyncIterable<unknown> & { readonly header: Header }

interface Link {
  readonly name: string
  readonly file: string
  readonly target: string
}

/** ".." only at the beginning: behind a name that is a link itself it leads elsewhere than it reads. */
function upFirst(target: string): boolean {
  const parts = target.split('/').filter((part) => part !== '' && part !== '.')
  return parts.lastIndexOf('..') + 1 === parts.filter((part) => part === '..').length
}

/** What was made so far: names of files, and links that are made at the end. */
interface Made {
  readonly files: Set<string>
  readonly links: Link[]
}

/** Makes what an entry says; false where that is nothing that is made here. */
async function unpackEntry(entry: Entry, dir: string, { files, links }: Made): Promise<boolean> {
  const { name, type, linkname } = entry.header
  const plain = inside(name)
  if (plain === undefined) return false
  const file = join(dir, plain)
  if (type === 'directory') await mkdir(file, { recursive: true })
  else if (plain === '') return false
  else if (type === 'file' || type === 'contiguous-file') {
    await mkdir(dirname(file), { recursive: true })
    // A second entry of a name is refused by the flag, and so is anything else in its place.
    await pipeline(
      entry as AsyncIterable<Uint8Array>,
      createWriteStream(file, { flags: 'wx', mode: (entry.header.mode ?? 0o644) & 0o777 }),
    )
    files.add(plain)
  } else if (type === 'link' && files.has(inside(linkname ?? '') ?? '')) {
    // One file under two names becomes two.
    await mkdir(dirname(file), { recursive: true })
    await copyFile(join(dir, inside(linkname ?? '') ?? ''), file, constants.COPYFILE_EXCL)
  } else if (type === 'symlink' && linkname && !linkname.startsWith('/') && upFirst(linkname)) {
    const target = inside(posix.join(posix.dirname(plain), linkname))
    // Within the first folder: that is what is copied.
    if (target === undefined || target.split('/')[0] !== plain.split('/')[0]) return false
    links.push({ name: plain, file, target: linkname })
  } else return false
  return true
}

/**
 * Unpacks into `dir`, which exists and is empty.
 * @returns the names (made printable) of what was left out
 * @throws the plain error of the archive or the file system
 */
export async function unpackUntrusted(archive: Readable, dir: string): Promise<string[]> {
  const leftOut: string[] = []
  const made: Made = { files: new Set(), links: [] }
  const tar = tarStream().extract()
  const reading = pipeline(archive, tar)
  const unpacking = (async () => {
    for await (const entry of tar) {
      if (!(await unpackEntry(entry, dir, made))) leftOut.push(printable(entry.header.name, 80))
      entry.resume()
    }
    // Last, so that nothing is ever written through one of them.
    const names = new Set(made.links.map(({ name }) => name))
    for (const { name, file, target } of made.links) {
      // Below another link it would stand elsewhere than its name says.
      if (name.split('/').some((_, at, all) => at > 0 && names.has(all.slice(0, at).join('/')))) {
        leftOut.push(printable(name, 80))
        continue
      }
      await mkdir(dirname(file), { recursive: true })
      await symlink(target, file)
    }
  })()
  await Promise.all([reading, unpacking])
  return leftOut
}
