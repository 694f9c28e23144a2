/** All runs as a table for people. Everything in it came from a manifest, and so from a guest. */
import { printable } from '../engine/printable.ts'
import type { ListedRun } from './listed-run.ts'
import { table } from '../engine/text.ts'

/** Longest text that one value of a manifest gets. */
const MOST = 300
export const safe = (text: string): string => printable(text, MOST)

/** `2026-11-23 21:30:00`, in UTC as in the run's name. */
export const when = (started: string): string => safe(started.replace('T', ' ').replace(/(\.\d+)?Z$/, ''))

export const kernelText = ({ name, wanted, fallback }: { name: string; wanted: string; fallback: boolean }): string =>
  safe(fallback ? `${name} (not ${wanted})` : name)

/** What is looked for first stands first: a narrow terminal cuts the end. */
const HEADS = ['RUN', 'VERDICT', 'EXPERIMENT', 'ARM', 'KERNEL', 'TRACE', 'ACCEL', 'WHEN (UTC)']

/** One line per run, in the order given. */
export function runsTable(runs: readonly ListedRun[], width: number | undefined): string {
  if (runs.length === 0) return 'no runs'
  const rows = runs.map(({ run, experiment, arm, kernel, wanted, fallback, accel, verdict, completeness, started }) => [
    safe(run),
    safe(verdict),
    safe(experiment),
    safe(arm),
    kernelText({ name: kernel, wanted, fallback }),
    safe(completeness),
    safe(accel),
    when(started),
  ])
  return table(
    HEADS.map((head) => ({ head })),
    rows,
    width,
  )
}
