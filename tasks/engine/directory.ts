/** Directories with everything above them. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { codeOf } from './error.ts'

/** Times that it is started over where somebody removes a directory meanwhile. */
const TRIES = 3

function attempt(path: string, mode: number | undefined): string | undefined {
  const missing: string[] = []
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at)
  for (const directory of missing)
    try {
      mkdirSync(directory, mode)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
      // Somebody was faster, or a link that leads nowhere is in the way.
      if (!existsSync(directory))
        throw Object.assign(new Error(`ENOTDIR: a link that leads nowhere, mkdir '${directory}'`, { cause: error }), {
          code: 'ENOTDIR',
        })
    }
  return missing[0]
}

/**
 * As `mkdir -p`, and like it done after as many calls as there are names. Node's own `recursive` (24.21) takes ENOENT
 * for "not yet": below a directory that is there and takes no new one, as /proc, it tries for ever, and on a read-only
 * file system it says ENOENT in place of EROFS.
 * @returns the first directory that was made, if any
 * @throws the system's error
 */
export function makeDirectory(path: string, mode?: number): string | undefined {
  for (let tries = 1; ; tries++)
    try {
      return attempt(path, mode)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || tries >= TRIES) throw error
    }
}
