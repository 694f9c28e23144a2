/** What every command is given: the view to answer with and a context for steps. Loads nothing that not every command needs. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheLimit } from '../../engine/cache-limit.ts'
import { cacheDir, type Context } from '../../engine/context.ts'
import { noteDisk } from '../../engine/disk.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { codeOf, messageOf, userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { Store } from '../../engine/store.ts'
import { openView } from '../../ui/view.ts'
import type { View } from '../../ui/types.ts'

/** Options of every command. */
export interface GlobalOptions {
  readonly file?: string
  readonly json?: boolean
  readonly yes?: boolean
  /** Of `lab run`. */
  readonly follow?: boolean
}

export const TOOL_ROOT = join(import.meta.dirname, '../../..')

/** A stack trace is for us, not for the terminal. */
function bugLog(cache: string): (stack: string) => string {
  return (stack) => {
    const file = join(cache, 'logs', `bug-${new Date().toISOString().replaceAll(':', '')}.log`)
    mkdirSync(join(cache, 'logs'), { recursive: true })
    writeFileSync(file, `${stack}\n`)
    return file
  }
}

export interface Session {
  readonly view: View
  readonly context: Context
  readonly options: GlobalOptions
}

/** What shows a command's events, answer and failures. */
export const viewFor = (options: GlobalOptions): View =>
  openView({
    json: options.json === true,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    isTTY: process.stderr.isTTY === true,
    follow: options.follow,
    bugLog: bugLog(cacheDir(process.env)),
  })

/**
 * Refuses a cache where no directory can be made: everything that is made there later would wait for ever (engine/directory). One that may not be
 * written is no matter yet; a command that only reads does not need it.
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
        wayOut: 'set LAB_CACHE_DIR to a directory of a disk',
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
export function openSession(options: GlobalOptions, signal: AbortSignal, view: View = viewFor(options)): Session {
  needNames(process.cwd(), 'the current directory')
  if (options.file !== undefined) needNames(options.file, '--file')
  const cache = cacheDir(process.env)
  needCache(cache)
  noteDisk('cache', cache)
  noteDisk('temp', tmpdir())
  const store = new Store(join(cache, 'store'), (what, file) =>
    view.emit({
      type: 'notice',
      level: 'warning',
      place: `cache ${what}`,
      text: `${file} is not what was put there; the entry is thrown away and made again`,
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
