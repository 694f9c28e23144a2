/** The published results of a run as its kept lab file has them. */
import { dirname, join, relative, resolve } from 'node:path'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { requestedBy } from '../definition.ts'
import { INPUTS_DIR, keptName } from '../kept-inputs.ts'
import type { StoredRun } from '../manifest.ts'

/**
 * The experiment with its CSV files where they were kept, results/.inputs/lab-*. Undefined where nothing is published,
 * and where this version cannot read the lab file.
 */
export function publishedIn({ dir, manifest }: Pick<StoredRun, 'dir' | 'manifest'>): ResolvedExperiment | undefined {
  const asked = requestedBy(manifest)
  if (asked === undefined || asked.experiment.published.length === 0) return undefined
  const { lab = '' } = manifest.inputs ?? {}
  if (!/^lab-[0-9a-f]{32}$/.test(lab)) return asked.experiment
  const kept = resolve(dir, '..', '..', INPUTS_DIR, lab)
  const published = asked.experiment.published.map((claimed) =>
    claimed.csv === undefined
      ? claimed
      : { ...claimed, csv: join(kept, keptName(relative(dirname(asked.file), claimed.csv))) },
  )
  return { ...asked.experiment, published }
}
