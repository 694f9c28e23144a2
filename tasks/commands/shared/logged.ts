/**
 * The log of a command in `.lab/logs` of its lab, or in the cache where there is no lab, and the view that writes it.
 */
import { availableParallelism, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { findLab } from '../../config/find.ts'
import { CommandLog } from '../../engine/command-log.ts'
import { cacheDir } from '../../engine/context.ts'
import { ownVersion } from '../../engine/own-version.ts'
import type { View } from '../../ui/types.ts'

/** The directory of a lab's logs, as the lab file is looked for; undefined if there is none. */
export function logsOfLab(file: string | undefined): string | undefined {
  try {
    return join(dirname(findLab(process.cwd(), file)), '.lab', 'logs')
  } catch {
    return undefined
  }
}

export const logsOfCache = (env: NodeJS.ProcessEnv): string => join(cacheDir(env), 'logs')

/** The log of the command that runs now. */
export function openCommandLog(command: string, argv: readonly string[], file: string | undefined): CommandLog {
  const ofLab = logsOfLab(file)
  return new CommandLog([...(ofLab === undefined ? [] : [ofLab]), logsOfCache(process.env)], {
    command,
    argv,
    facts: {
      lab: ownVersion(),
      node: process.version,
      linux: release(),
      machine: process.arch,
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
      cwd: process.cwd(),
    },
  })
}

/** A view that also writes to the log what it is given to say. */
export const logged = (view: View, log: CommandLog): View => ({
  ...view,
  emit: (event) => {
    log.event(event)
    view.emit(event)
  },
  failure: (thrown) => {
    log.failure(thrown)
    view.failure(thrown)
  },
})
