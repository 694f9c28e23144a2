/**
 * What every command is given: the view to answer with and a context for steps. Loads nothing that not every command
 * needs.
 */
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { keepTextsIn } from '../../config/text/known-texts.ts'
import { cacheLimit } from '../../engine/cache-limit.ts'
import { cacheDir, type Context } from '../../engine/context.ts'
import { noteDisk } from '../../engine/disk.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { codeOf, messageOf, userError } from '../../engine/error.ts'
import type { CommandLog } from '../../engine/command-log.ts'
import { printable } from '../../engine/printable.ts'
import { onProgram } from '../../engine/programs.ts'
import { Store } from '../../engine/store.ts'
import { openView } from '../../ui/view.ts'
import type { View } from '../../ui/types.ts'
import { daily, onceEach } from './daily.ts'
import { logged, logsOfLab } from './logged.ts'

/** Options of every command. */
export interface GlobalOptions {
  readonly file?: string
  readonly json?: boolean
  readonly yes?: boolean
  readonly verbose?: boolean
  /** Of `lab run`. */
  readonly follow?: boolean
}

export const TOOL_ROOT = join(import.meta.dirname, '../../..')

export interface Session {
  readonly view: View
  readonly context: Context
  readonly options: GlobalOptions
}

/**
 * What shows a command's events, answer and failures, and writes them to its log. A stack trace is for the log, not for
 * the terminal.
 */
export function viewFor(options: GlobalOptions, log: CommandLog, warnsDaily = false): View {
  const view = openView({
    json: options.json === true,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    isTTY: process.stderr.isTTY === true,
    follow: options.follow,
    verbose: options.verbose,
    bugLog: (stack) => log.bug(stack),
    commandLog: () => log.name,
  })
  if (options.json === true || options.verbose === true) return logged(view, log)
  const logs = warnsDaily ? logsOfLab(options.file) : undefined
  return logged(onceEach(logs === undefined ? view : daily(view, dirname(logs))), log)
}

/**
 * Refuses a cache where no directory can be made: everything that is made there later would wait for ever
 * (engine/directory). One that may not be written is no matter yet; a command that only reads does not need it.
 */
function needCache(cache: string): void {
  try {
    makeDirectory(cache)
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return
    throw userError(
      {
        place: process.env['LAB_CACHE_DIR'] ? 'LAB_CACHE_DIR' : 'cache',
        fact: `${printable(cache, 300)} cannot be made: ${printable(messageOf(error), 300)}`,
        wayOut: 'set LAB_CACHE_DIR to a directory on a disk',
      },
      error,
    )
  }
}

/** Node reads names of files as UTF-8: what is none becomes U+FFFD, and then names nothing. */
function needNames(path: string, what: string): void {
  if (!path.includes('\ufffd')) return
  throw userError({
    place: what,
    fact: `${printable(path, 300)}: there is a name in it that is not UTF-8`,
    wayOut: 'rename that directory (`convmv` can), or work in another one',
  })
}

/** A matrix takes hours, and what was used in the last hour is not pruned by others (cache-limit). */
const RENEW_MS = 15 * 60 * 1000

/** The view and the context of one command. @throws a user's Failure for an environment that cannot be */
export function openSession(options: GlobalOptions, signal: AbortSignal, view: View): Session {
  needNames(process.cwd(), 'the current directory')
  if (options.file !== undefined) needNames(options.file, '--file')
  const cache = cacheDir(process.env)
  needCache(cache)
  noteDisk('cache', cache)
  keepTextsIn(cache)
  noteDisk('temp', tmpdir())
  onProgram(view.emit)
  const store = new Store(join(cache, 'store'), (what, file) =>
    view.emit({
      type: 'notice',
      level: 'warning',
      place: `cache ${what}`,
      text: `${file} was changed after it was stored; the entry is discarded and built again`,
    }),
  )
  setInterval(() => void store.renew(), RENEW_MS).unref()
  const context: Context = {
    emit: view.emit,
    signal,
    cache,
    store,
    cacheLimit: cacheLimit(process.env),
    toolRoot: TOOL_ROOT,
    yes: options.yes === true,
    jobs: availableParallelism(),
  }
  return { view, context, options }
}
