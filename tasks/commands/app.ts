/** What a command is given: the lab on demand, a context for steps, the view to answer with. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { openLab } from '../config/open.ts'
import type { ResolvedLab } from '../config/resolve.ts'
import { cacheDir, type Context } from '../engine/context.ts'
import { Store } from '../engine/store.ts'
import { placesOf, type Places } from '../vm.ts'
import { openView, type Answer, type View } from '../ui/view.ts'

/** Options of every command. */
export interface GlobalOptions {
  readonly file?: string
  readonly json?: boolean
  readonly yes?: boolean
}

export interface App {
  readonly view: View
  readonly context: Context
  readonly lab: ResolvedLab
  readonly places: Places
}

export const TOOL_ROOT = join(import.meta.dirname, '..', '..')
export const HOST = { memoryBytes: totalmem(), cpus: availableParallelism() }

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

/** The view and the context of one command. */
export function openSession(options: GlobalOptions, signal: AbortSignal): Session {
  const cache = cacheDir(process.env)
  const view = openView({
    json: options.json === true,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    isTTY: process.stderr.isTTY === true,
    bugLog: bugLog(cache),
  })
  const context: Context = {
    emit: view.emit,
    signal,
    cache,
    store: new Store(join(cache, 'store'), (what, file) =>
      view.emit({
        type: 'notice',
        level: 'warning',
        place: `cache ${what}`,
        text: `${file} is not what was put there; the entry is thrown away and made again`,
      }),
    ),
    toolRoot: TOOL_ROOT,
    yes: options.yes === true,
    jobs: availableParallelism(),
  }
  return { view, context, options }
}

/** Opens the lab file; its warnings are said as notices. */
export function openApp({ view, context, options }: Session): App {
  const { lab, warnings } = openLab({ file: options.file, cwd: process.cwd(), toolRoot: TOOL_ROOT, host: HOST })
  for (const { file, line, col, message, wayOut } of warnings)
    view.emit({
      type: 'notice',
      level: 'warning',
      place: `${file}:${line}:${col}`,
      text: message,
      ...(wayOut === undefined ? {} : { wayOut }),
    })
  return { view, context, lab, places: placesOf(lab.directory) }
}

/** A command's work; it answers, or its number is the exit code. */
export type Work = (session: Session) => Promise<Answer | number | undefined>
