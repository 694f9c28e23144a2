/** All runs as a table for people. Everything in it came from a manifest, and so from a guest. */
import { printable } from '../engine/printable.ts'
import type { ListedRun } from './listed-run.ts'
import { fitTable, type FittedColumn } from '../engine/fit-table.ts'

/** Longest text that one value of a manifest gets. */
const MOST = 300
export const safe = (text: string): string => printable(text, MOST)

/** `2026-11-23 21:30:00`, in UTC as in the run's name. */
export const when = (started: string): string => safe(started.replace('T', ' ').replace(/(\.\d+)?Z$/, ''))

export const kernelText = ({ name, wanted, fallback }: { name: string; wanted: string; fallback: boolean }): string =>
  safe(fallback ? `${name} (not ${wanted})` : name)

/** The verdict and the time are always shown; on a terminal its seconds are left to the name of the run. */
const COLUMNS: readonly FittedColumn[] = [
  { head: 'RUN' },
  { head: 'VERDICT' },
  { head: 'EXPERIMENT', least: 10 },
  { head: 'ARM', least: 10 },
  { head: 'KERNEL', spare: 1 },
  { head: 'TRACE', spare: 2 },
  { head: 'ACCEL', spare: 3 },
  { head: 'WHEN (UTC)' },
]

const MINUTES = '2026-11-23 21:30'.length

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
    width === undefined ? when(started) : when(started).slice(0, MINUTES),
  ])
  return fitTable(COLUMNS, rows, width)
}
