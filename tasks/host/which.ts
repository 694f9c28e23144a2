/** Where a program is. */
import { accessSync, constants, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * The file that a program's name means, as execvp(3) looks it up; undefined if there is none.
 * @param from the directory in which the program would start: a name with a slash is relative to it
 */
export function which(program: string, path = process.env['PATH'] ?? '', from = '.'): string | undefined {
  const candidates = program.includes('/') ? [resolve(from, program)] : path.split(':').map((dir) => join(dir, program))
  return candidates.find(isProgram)
}
