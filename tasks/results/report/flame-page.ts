/** The flame graph of one run as a page of its own. */
import type { Manifest } from '../manifest.ts'
import type { RunStacks } from '../stacks.ts'
import { Exhibits } from './exhibits.ts'
import { flameFigure } from './flame-graphs.ts'
import { pageText } from './page.ts'
import { unitOfName } from '../../config/metric-unit.ts'

/** HTML, whole; it fetches nothing. */
export function flamePage(
  { experiment, arm, run, kernel, trace }: Manifest,
  { name, stacks, notes }: RunStacks,
): string {
  const one = { arm: arm.name, name, unit: unitOfName(name), stacks, runs: [], read: 1, of: 1, notes }
  const incomplete = trace.completeness === 'complete' ? '' : `, trace ${trace.completeness}`
  return pageText({
    title: `${experiment} ${arm.name}: ${name}`,
    subtitle: `run ${run}, Linux ${kernel.release}${incomplete}`,
    body: flameFigure(experiment, one, new Exhibits()),
  })
}
