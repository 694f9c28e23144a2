/** Runs as published results are compared with them. */
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { counted } from '../counted.ts'
import type { Manifest } from '../manifest.ts'
import { nodeOf } from '../node.ts'
import { publishedReports, type ComparedRun, type PublishedReport } from './evaluate.ts'

type Facts = Pick<Manifest, 'experiment' | 'arm' | 'kernel' | 'guest' | 'host' | 'metrics' | 'plan' | 'verdict'>

const comparedRun = ({ arm, kernel, guest, metrics, host }: Facts): ComparedRun => ({
  arm: arm.name,
  node: nodeOf({ host }),
  kernel: kernel.name,
  accel: guest.accel.accel,
  clocksource: guest.clocksource,
  deterministic: guest.deterministic === true,
  metrics: metrics ?? {},
})

/** Of results, those that count and passed: a number of a run that did not pass answers another question. */
export const publishedReportsOf = (
  experiment: ResolvedExperiment,
  runs: readonly { readonly dir: string; readonly manifest: Facts }[],
): PublishedReport[] =>
  publishedReports(
    experiment,
    counted(runs)
      .filter(({ manifest }) => manifest.verdict === 'passed')
      .map(({ manifest }) => comparedRun(manifest)),
  )
