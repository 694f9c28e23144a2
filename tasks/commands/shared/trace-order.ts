/** What one read is, for `lab trace`: from the lab file that was kept with the run, or the one of now. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { patternOf } from '../../config/interpolate.ts'
import { openLab } from '../../config/open.ts'
import { isPerSequence } from '../../config/unit-word.ts'
import { matches } from '../../config/text/pattern.ts'
import type { Matches } from '../../trace/events/sequences.ts'
import { INPUTS_DIR } from '../../results/kept-inputs.ts'
import type { StoredRun } from '../../results/manifest.ts'
import { HOST } from './app.ts'
import { TOOL_ROOT, type Session } from './session.ts'

/**
 * A test for each message of one read, as the experiment expects them; undefined where it does not say what a read is.
 */
export function orderOf({ manifest }: StoredRun, results: string, session: Session): readonly Matches[] | undefined {
  const kept = join(results, INPUTS_DIR, manifest.inputs?.lab ?? '', 'lab.yaml')
  const file = manifest.inputs !== undefined && existsSync(kept) ? kept : session.options.file
  const { lab } = openLab({ file, cwd: process.cwd(), toolRoot: TOOL_ROOT, host: HOST })
  const expect = lab.experiments[manifest.experiment]?.expect ?? []
  const order = expect.filter(isPerSequence)
  const fits = order.find(({ kernels }) => kernels === undefined || kernels.includes(manifest.kernel.name))
  return fits?.order.map((text) => {
    const pattern = patternOf(text, manifest.arm.params)
    return (message: string) => matches(pattern, message)
  })
}
