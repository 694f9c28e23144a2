/**
 * Ctrl-C for the whole process. A command has `PATIENCE` to stop by itself; one that is held up (a read that never
 * returns, a program that ignores SIGTERM) is ended all the same, and what was registered here as its leftovers is
 * undone first. Steps look at `Context.signal`; this file is for what no signal reaches.
 */
import { existsSync, rmSync } from 'node:fs'
import { interrupted, type FailureParts } from './error.ts'

/**
 * Milliseconds between an interruption and the forced end: with the start of the shell that says the exit code, below
 * three seconds.
 */
export const PATIENCE = 2200

let isInterrupted = false
const listeners = new Set<() => void>()

/**
 * Registers what stops work that takes no signal, such as a statement of DuckDB.
 * @returns takes it back
 * @throws Failure (interrupted) where that has happened already: such work must not begin any more
 */
export function atInterruption(stop: () => void): () => void {
  if (isInterrupted) throw interrupted()
  const own = () => stop()
  listeners.add(own)
  return () => void listeners.delete(own)
}

/** Stops all that is registered. For cli.ts, at the first signal. */
export function stopAll(): void {
  isInterrupted = true
  for (const stop of listeners) stop()
}

/** What an interrupted command adds to the word "interrupted": what is done, and how to go on. */
export type InterruptionWords = Pick<FailureParts, 'wayOut' | 'lines'>

let words: (() => InterruptionWords) | undefined

/**
 * Registers what is to be said if the command is interrupted from now on. It is asked after everything has stopped.
 * @param say synchronous and quick: a forced end asks it, too
 * @returns takes it back, once the work is done
 */
export function sayWhenInterrupted(say: () => InterruptionWords): () => void {
  words = say
  return () => {
    if (words === say) words = undefined
  }
}

/** For cli.ts. Nothing it meets may keep the command from ending. */
export function interruptionWords(): InterruptionWords {
  try {
    return words?.() ?? {}
  } catch {
    return {}
  }
}

let foreground = 0

/**
 * A program of somebody else's (gdb) has the terminal: Ctrl-C reaches it and us alike, and only it knows what is meant
 * by it.
 * @returns gives the terminal back
 */
export function lendTerminal(): () => void {
  foreground++
  let isBack = false
  return () => {
    if (!isBack) foreground--
    isBack = true
  }
}

/** Whether a Ctrl-C is meant for another program. For cli.ts. */
export const isTerminalLent = (): boolean => foreground > 0

const undos = new Set<() => void>()
let isOver = false

/**
 * Registers what a forced end has to undo: a process to kill, a file to remove. The newest is undone first.
 * @param undo synchronous and quick; what it throws is ignored
 * @returns takes it back; to be called when the ordinary clean-up is done
 */
export function undoAtForcedEnd(undo: () => void): () => void {
  const own = () => undo()
  undos.add(own)
  // Something was begun while the command was being ended.
  if (isOver) undoAll()
  return () => void undos.delete(own)
}

/** Who removes a directory together with somebody else meets names that have just gone; then again. */
const REMOVALS = 3

/** Registers a file or directory that a forced end removes, with all that is in it. */
export const removeAtForcedEnd = (path: string): (() => void) =>
  undoAtForcedEnd(() => {
    for (let tries = 1; existsSync(path); tries++)
      try {
        rmSync(path, { recursive: true, force: true })
      } catch (error) {
        // The ordinary clean-up was at it, in threads that have something under way.
        if (tries === REMOVALS) throw error
      }
  })

/**
 * Undoes all that is registered, each once, and from now on what is registered later. Nothing it meets may keep the
 * command from ending.
 */
export function undoAll(): void {
  isOver = true
  for (const undo of [...undos].toReversed()) {
    undos.delete(undo)
    try {
      undo()
    } catch {
      // `lab gc` finds what is left.
    }
  }
}
