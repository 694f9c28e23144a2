/**
 * Work that may never come to an end and listens to nothing meanwhile: a regular expression of a lab that backtracks.
 * V8 interrupts it where a timer of our own event loop could not (node:vm, `timeout` and `breakOnSigint`), without a
 * thread and a copy of what it works on.
 */
import { createContext, Script } from 'node:vm'
import { interrupted } from './error.ts'

const CALL = new Script('work()', { filename: 'deadline' })

/** Errors of node:vm are made in the context of the script, so that they are no instances of our Error. */
const codeOfVm = (error: unknown): unknown =>
  typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined

/** It did not come to an end in time. */
export class Late extends Error {}

/** Deadlines that are running, one inside another. */
let depth = 0

/** Making one takes a millisecond, and each run of an experiment has a deadline or two: one for each depth is kept. */
const contexts: { work?: (() => unknown) | undefined }[] = []
const contextAt = (at: number) => (contexts[at] ??= createContext({}))

/** Whether what runs now will be ended when it takes too long. */
export const isUnderDeadline = (): boolean => depth > 0

/** Runs work in a thread that somebody else ends when it takes too long. */
export function underOutsideDeadline<T>(work: () => T): T {
  depth++
  try {
    return work()
  } finally {
    depth--
  }
}

/**
 * The value of `work`, which must not wait for anything.
 * @param ms milliseconds that it has
 * @throws Late, Failure (interrupted) at Ctrl-C, and what `work` throws
 */
export function withDeadline<T>(ms: number, work: () => T): T {
  const context = contextAt(depth++)
  context.work = work
  try {
    return CALL.runInContext(context, { timeout: ms, breakOnSigint: true }) as T
  } catch (error) {
    if (codeOfVm(error) === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new Late(`not done after ${ms} ms`, { cause: error })
    if (codeOfVm(error) !== 'ERR_SCRIPT_EXECUTION_INTERRUPTED') throw error
    // Handlers of the signal did not see it; what else goes on must end too.
    process.kill(process.pid, 'SIGINT')
    throw interrupted()
  } finally {
    // What it holds may be large.
    context.work = undefined
    depth--
  }
}
