/** A Debian package as a file: what it says of itself (deb-control(5)), and its files. */
import { basename } from 'node:path'
import { isDiskFailure } from '../../engine/disk.ts'
import { Failure, userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { run } from '../sh.ts'

/** Of the control record: "6.1.176-1" for Version. Empty where the record does not have the field. */
export const controlField = (control: string, name: string): string =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1]?.trim() ?? ''

/** The control record of a package. @throws a user's Failure where the file is not a package */
export async function controlOf(deb: string, place: string, wayOut: string, signal: AbortSignal): Promise<string> {
  const { stdout, status, stderr } = await run(['dpkg-deb', '--field', deb], { signal, place, accept: [0, 2] })
  if (status === 0) return stdout
  const lines = stderr.split('\n').filter(Boolean).slice(0, 3)
  throw userError({ place, fact: `${basename(deb)} is not a Debian package`, lines, wayOut })
}

/** What the lab file says that a package is. */
export interface PinnedDeb {
  readonly name: string
  readonly version: string
}

/**
 * The file with the pinned hash has the pinned name and version, too: a result would name a kernel that it was not.
 * @param key of the lab file that has the name @throws a user's Failure
 */
export function needPinned(
  control: string,
  pinned: PinnedDeb,
  key: 'prebuilt' | 'package' | 'headers',
  place: string,
): void {
  const [name, version] = ['Package', 'Version'].map((field) => printable(controlField(control, field), 100))
  if (name !== pinned.name)
    throw userError({
      place,
      fact: `the package that has this sha256 is ${name}, and not ${pinned.name}`,
      wayOut: `write \`${key}: ${name}\`, or the sha256 of ${pinned.name}`,
    })
  if (version !== pinned.version)
    throw userError({
      place,
      fact: `the file of ${name} that has this sha256 is version ${version}, and not ${pinned.version}`,
      wayOut: `write \`version: ${version}\`, or the sha256 of ${pinned.version}`,
    })
}

/**
 * Unpacks the files of a package. Its hash is the pinned one, so where it cannot be unpacked, it was damaged before
 * somebody pinned it.
 * @throws a user's Failure where the package is damaged
 */
export async function extractDeb(deb: string, dir: string, place: string, signal: AbortSignal): Promise<void> {
  try {
    await run(['dpkg-deb', '--extract', deb, dir], { signal, place })
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'lab' || isDiskFailure(error)) throw error
    throw userError(
      {
        place,
        fact: `${basename(deb)} cannot be unpacked: the package is damaged, or a part of it is missing`,
        lines: (error.parts.lines ?? []).slice(0, 4),
        wayOut: 'get the file again, and write the sha256 of the whole file into lab.yaml',
      },
      error,
    )
  }
}
