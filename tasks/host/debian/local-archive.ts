/**
 * Packages on this host as an archive that apt can read: their files below the pool, and an index made of what they say
 * of themselves.
 */
import { copyFile, link, mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { userError } from '../../engine/error.ts'
import { hashText } from '../../engine/fingerprint.ts'
import { printable } from '../../engine/printable.ts'
import type { LockedFile } from '../../linux/package-list.ts'
import { run } from '../sh.ts'

const INDEX = 'main/binary-amd64/Packages'

/** A package's file that was verified by its hash. */
export interface LocalPackage extends LockedFile {
  readonly file: string
}

/** The control record of a package (deb-control(5)), as its own file has it. */
async function control(file: string, place: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await run(['dpkg-deb', '--field', file], {
    signal,
    place,
    wayOut: 'the file has its checksum: is the line of lab.lock about another file?',
  })
  return stdout.trim()
}

const fieldOf = (record: string, name: string): string =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1]?.trim() ?? ''

/** @throws a user's Failure where a package is not the one that the list names */
function needSame(record: string, { name, version, architecture }: LocalPackage, place: string): void {
  const is = ['Package', 'Version', 'Architecture'].map((field) => printable(fieldOf(record, field), 100)).join(' ')
  const named = `${name} ${version} ${architecture}`
  if (is === named) return
  throw userError({
    place,
    fact: `lab.lock names ${named}, and the file with that sha256 is ${is}`,
    wayOut: '`lab lock` writes the file again',
  })
}

/**
 * Makes an archive of a suite that has these packages, in a new directory. Its index is what apt needs to choose,
 * verify and name them. It is not signed: the files were verified.
 * @param dir absolute, readable for everybody: apt reads as a user of its own
 */
export async function writeLocalArchive(
  dir: string,
  suite: string,
  packages: readonly LocalPackage[],
  place: string,
  signal: AbortSignal,
): Promise<void> {
  const records: string[] = []
  for (const pkg of packages) {
    const record = await control(pkg.file, place, signal)
    needSame(record, pkg, place)
    const { size } = await stat(pkg.file)
    records.push(`${record}\nFilename: ${pkg.filename}\nSize: ${size}\nSHA256: ${pkg.sha256}\n`)
    const to = join(dir, pkg.filename)
    await mkdir(dirname(to), { recursive: true, mode: 0o755 })
    // On another file system than the cache there can be no link.
    await link(pkg.file, to).catch(() => copyFile(pkg.file, to))
  }
  const index = Buffer.from(records.join('\n'))
  const release = [
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    'Date: Thu, 01 Jan 1970 00:00:00 UTC',
    'Architectures: amd64 all',
    'Components: main',
    `SHA256:\n ${hashText(index)} ${index.length} ${INDEX}\n`,
  ].join('\n')
  await mkdir(join(dir, 'dists', suite, dirname(INDEX)), { recursive: true, mode: 0o755 })
  await writeFile(join(dir, 'dists', suite, INDEX), index)
  // mmdebstrap asks apt for the essential packages of the suite by this name.
  await writeFile(join(dir, 'dists', suite, 'Release'), release)
}
