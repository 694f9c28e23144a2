/** Outside programs that start and end, for whoever keeps a log of them: who runs one does not know who listens. */
import type { LabEvent } from './event.ts'

export type ProgramEvent = Extract<LabEvent, { type: 'program-start' | 'program-end' }>

/** Arguments that an event has, and characters of each: the command line of a linker can be megabytes. */
const MOST_ARGUMENTS = 200
const LONGEST_ARGUMENT = 1000

const listeners = new Set<(event: ProgramEvent) => void>()
let count = 0

/** Calls `listener` for every program from now on. @returns what ends that */
export function onProgram(listener: (event: ProgramEvent) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const shortened = (text: string): string =>
  text.length <= LONGEST_ARGUMENT ? text : `${text.slice(0, LONGEST_ARGUMENT)}... (${text.length} characters)`

/**
 * Says that a program starts.
 * @param where it runs: this host, or a guest
 * @returns what says that it has ended: with its status, or a word where it has none (`interrupted`)
 */
export function programStarted(argv: readonly string[], where: 'host' | 'guest' = 'host') {
  const program = ++count
  const started = performance.now()
  const cut = argv.slice(0, MOST_ARGUMENTS).map(shortened)
  const rest = argv.length - cut.length
  const say = (event: ProgramEvent) => {
    for (const listener of listeners) listener(event)
  }
  say({ type: 'program-start', program, where, argv: rest > 0 ? [...cut, `... (${rest} more)`] : cut })
  let ended = false
  return (status: number | string): void => {
    if (ended) return
    ended = true
    say({
      type: 'program-end',
      program,
      where,
      name: cut[0] ?? '',
      status,
      seconds: (performance.now() - started) / 1000,
    })
  }
}
