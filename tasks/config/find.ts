/** Which lab file a command is about. */
import { statSync } from 'node:fs'
import path from 'node:path'
import { userError } from '../engine/error.ts'

export const LAB_FILE = 'lab.yaml'

const isFile = (file: string) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
const isDirectory = (file: string) => statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false

/** The directory and all above it, nearest first. */
function* upwards(directory: string): Iterable<string> {
  for (let at = path.resolve(directory); ; at = path.dirname(at)) {
    yield at
    if (path.dirname(at) === at) return
  }
}

function given(cwd: string, file: string): string {
  const full = path.resolve(cwd, file)
  const inside = path.join(full, LAB_FILE)
  if (!isDirectory(full)) return full
  if (isFile(inside)) return inside
  throw userError({
    place: file,
    fact: `the directory has no ${LAB_FILE}`,
    wayOut: `lab init ${file} makes a lab there`,
  })
}

/**
 * The absolute path of the lab file: the one that is named (a file, or a directory that holds lab.yaml), else lab.yaml
 * in the directory or the nearest one above.
 * @throws a user's Failure if there is none
 */
export function findLab(cwd: string, file?: string): string {
  if (file !== undefined) return given(cwd, file)
  for (const directory of upwards(cwd))
    if (isFile(path.join(directory, LAB_FILE))) return path.join(directory, LAB_FILE)
  const other = [...upwards(cwd)].map((directory) => path.join(directory, 'lab.yml')).find(isFile)
  if (other !== undefined) {
    throw userError({
      place: other,
      fact: `a lab file is called ${LAB_FILE}`,
      wayOut: `rename it, or name it: -f ${other}`,
    })
  }
  throw userError({
    fact: `there is no ${LAB_FILE} in ${cwd} or above`,
    wayOut: 'lab init makes a lab here; -f names a lab file elsewhere',
  })
}
