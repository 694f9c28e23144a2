/** What came of one run. */
import type { Manifest } from '../results/manifest.ts'
import type { Analysis } from './judge/analyse.ts'

/** What a run has come to. */
export interface JudgedRun {
  readonly manifest: Manifest
  /** Messages of the workload; undefined of a run that an earlier command made: they are in its files. */
  readonly own: Analysis['own'] | undefined
}

/** The same, where it is kept. */
export interface RunOutcome extends JudgedRun {
  readonly dir: string
}
