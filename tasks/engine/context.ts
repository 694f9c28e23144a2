/** What every step is given: how to speak, when to stop, and where things are. */
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { interrupted } from './error.ts'
import type { Emit, LabEvent, StepOutcome } from './event.ts'
import { diskFailure } from './disk.ts'
import { Store } from './store.ts'

export interface Context {
  readonly emit: Emit
  /** Aborted by Ctrl-C and SIGTERM; handed to every wait and every process. */
  readonly signal: AbortSignal
  /** The shared cache: sources, build trees, store. */
  readonly cache: string
  readonly store: Store
  /** Bytes that the cache may take of what can be made again. */
  readonly cacheLimit: number
  /** The tool's own files (holder, fragments, image recipes). */
  readonly toolRoot: string
  /** May host packages be installed without asking? */
  readonly yes: boolean
  /** Processes that a build may use. */
  readonly jobs: number
}

/**
 * `$LAB_CACHE_DIR`, or `$XDG_CACHE_HOME/lab`, or `~/.cache/lab`. A relative XDG_CACHE_HOME is to be ignored (XDG Base
 * Directory Specification 0.8).
 */
export function cacheDir(env: Readonly<Record<string, string | undefined>>): string {
  if (env['LAB_CACHE_DIR']) return env['LAB_CACHE_DIR']
  const given = env['XDG_CACHE_HOME'] ?? ''
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'lab')
}

export interface StepResult<T> {
  readonly outcome: StepOutcome
  readonly detail?: string | undefined
  readonly value: T
}

/** What a step knows of its end and its outcome before it has ended. */
export type Forecast = Pick<Extract<LabEvent, { type: 'step-progress' }>, 'secondsLeft' | 'soFar'>

export interface StepHandle {
  /** Where the step is; `done` and `total` in `unit`. */
  readonly progress: (
    phase: string,
    done?: number,
    total?: number,
    unit?: 'bytes' | 'objects' | 'runs',
    forecast?: Forecast,
  ) => void
}

/**
 * Runs one step between its start and end events. Failures pass through after a `failed` end; what a disk refused
 * becomes one.
 */
export async function step<T>(
  context: Context,
  name: string,
  title: string,
  work: (handle: StepHandle) => Promise<StepResult<T>>,
  parent?: string,
): Promise<T> {
  if (context.signal.aborted) throw interrupted()
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  context.emit({ type: 'step-start', step: name, title, parent })
  try {
    const { outcome, detail, value } = await work({
      progress: (phase, done, total, unit, forecast) =>
        context.emit({
          type: 'step-progress',
          step: name,
          phase,
          ...(done === undefined ? {} : { done }),
          ...(total === undefined ? {} : { total }),
          ...(unit === undefined ? {} : { unit }),
          ...forecast,
        }),
    })
    context.emit({ type: 'step-end', step: name, outcome, detail, seconds: seconds() })
    return value
  } catch (error) {
    const detail = context.signal.aborted ? 'interrupted' : undefined
    context.emit({ type: 'step-end', step: name, outcome: 'failed', detail, seconds: seconds() })
    // Any step may meet a disk that is full, or a directory that is not ours to write.
    throw diskFailure(error, title)
  }
}
