/** Where entries are put for others: a directory of this host (perhaps a mounted one), or one of another host. */
import { randomBytes } from 'node:crypto'
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'

export interface ListedFile {
  readonly name: string
  /** Bytes. */
  readonly size: number
}

export interface Place {
  /** As the user writes it. */
  readonly name: string
  /** Its files; undefined if there is no such directory. @throws a Failure if it cannot be read */
  list(): Promise<readonly ListedFile[] | undefined>
  /** Lets `use` read copies of some files, in the same order. @throws a lab's Failure if one cannot be read */
  read<T>(names: readonly string[], use: (files: readonly string[]) => Promise<T>): Promise<T>
  /**
   * Writes a file, whole or not at all, and makes the directory if need be. If two write the same file at once, one of
   * the two files stays.
   * @param fill writes the file
   * @param check reads back what arrived, before it gets its name; if it throws, nothing is left behind
   */
  write(name: string, fill: (file: string) => Promise<void>, check: (file: string) => Promise<void>): Promise<void>
  remove(names: readonly string[]): Promise<void>
}

/** The files of a place that has to exist. @throws a user's Failure if it does not */
export async function filesOf(place: Place): Promise<readonly ListedFile[]> {
  const files = await place.list()
  if (files !== undefined) return files
  throw userError({
    place: printable(place.name, 300),
    fact: 'there is no such directory',
    wayOut: 'correct its name; `lab cache push` makes the directory',
  })
}

/** No file takes that long to write. Seconds. */
const ABANDONED = 24 * 3600

/** A name for a file that is being written. It says since when: a later push removes what was never finished. */
export const partialName = (): string => `.partial-${Math.floor(Date.now() / 1000)}-${randomBytes(6).toString('hex')}`

/** Files that somebody began to write a day ago, and never finished. */
export const abandoned = (files: readonly ListedFile[], now = Date.now() / 1000): string[] =>
  files
    .map(({ name }) => name)
    .filter((name) => {
      const [, since] = /^\.partial-(\d{10})-[0-9a-f]{12}$/.exec(name) ?? []
      return since !== undefined && now - Number(since) > ABANDONED
    })
