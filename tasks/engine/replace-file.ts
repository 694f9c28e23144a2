/**
 * Small files that are there whole or not at all. What a killed process leaves beside them has a name that `lab gc`
 * knows.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { removeAtForcedEnd } from './interruption.ts'
import { partialIn } from './process.ts'

/** A new name in the directory of `path`, for what will be renamed to it. */
export const partialBeside = (path: string): string => partialIn(dirname(path))

/**
 * Writes a file in the place of the one that is there. Its directory exists. @throws an error of node:fs; then the old
 * file is still there
 */
export function replaceFile(file: string, content: string | Uint8Array, mode = 0o666): void {
  const partial = partialBeside(file)
  const removed = removeAtForcedEnd(partial)
  try {
    writeFileSync(partial, content, { mode })
    renameSync(partial, file)
  } finally {
    removed()
    rmSync(partial, { force: true })
  }
}
