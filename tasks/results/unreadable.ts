/** What is said of a part of a run that cannot be read where the answer goes on without it. */
import { z } from 'zod'
import type { Emit } from '../engine/event.ts'
import { messageOf } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'

const reasonOf = (error: unknown): string =>
  (error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error)).replaceAll(/\s+/g, ' ')

/** A run, by its name and that of its experiment. */
export interface NamedRun {
  readonly experiment: string
  readonly run: string
}

export interface Unreadable {
  /** A file of the run, or what is made of several. */
  readonly what: string
  /** What was thrown, or why in words; none where nobody knows. */
  readonly error?: unknown
  /** What follows for the answer. */
  readonly so: string
}

/** Warns of it, with the command that looks into it. */
export function warnUnreadable({ experiment, run }: NamedRun, { what, error, so }: Unreadable, emit: Emit): void {
  const why = error === undefined ? '' : ` (${printable(reasonOf(error), 160)})`
  emit({
    type: 'notice',
    level: 'warning',
    place: `results/${printable(experiment, 80)}/${printable(run, 80)}`,
    text: `${printable(what, 80)} cannot be read${why}; ${so}`,
    wayOut: `\`lab verify ${printable(run, 80)}\` says what is wrong with it`,
  })
}
