/** Whether something can be written where it will be needed, asked before the work is done that it is needed for. */
import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { diskFailure } from './disk.ts'

/**
 * @throws Failure (lab) for a directory that is not to be written, or that cannot be made where the nearest one above
 * is not
 */
export function needWritable(directory: string): void {
  let at = resolve(directory)
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at)
  try {
    accessSync(at, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw diskFailure(error, at)
  }
}
