/** What came of one run. */
import type { Manifest } from '../results/manifest.ts'
import type { Analysis } from './judge/analyse.ts'

export interface RunOutcome {
  readonly dir: string
  readonly manifest: Manifest
  /** Messages of the workload; undefined of a run that an earlier command made: they are in its files. */
  readonly own: Analysis['own'] | undefined
}
