/** Which of a lab's files one experiment uses: others may differ and mean nothing for it. */
import { dirname, relative, sep } from 'node:path'
import type { ResolvedLab } from '../../config/resolved.ts'
import { probeSources } from '../../config/probe-source.ts'
import { hostFilesOf } from '../../config/disk-file.ts'
import { moduleFiles } from '../../config/modules.ts'
import { filesOf } from '../../config/workload.ts'
import { OUTSIDE } from '../kept-inputs.ts'
import type { Manifest } from '../manifest.ts'
import { ownFilesAsNamed } from '../../build/probe/own-files.ts'

/**
 * @returns a test for names relative to the lab's directory; undefined where the lab file no longer has the experiment
 */
export function usedFiles(lab: ResolvedLab, { experiment: name, arm, kernel, image }: Manifest) {
  const experiment = Object.hasOwn(lab.experiments, name) ? lab.experiments[name] : undefined
  if (experiment === undefined) return undefined
  const own = (file: string) => relative(lab.directory, file)
  const probes = (arm.probes ?? experiment.probes).flatMap((probe) => {
    return probeSources(lab.probes[probe])
  })
  const disks = hostFilesOf(lab.vms[experiment.vm]?.disks ?? [])
  const sources = [...probes, ...filesOf(experiment.workload), ...moduleFiles(experiment), ...disks]
  const files = new Set([
    'lab.yaml',
    ...sources.map(own),
    ...sources.flatMap(ownFilesAsNamed).map(own),
    ...(lab.kernels[kernel.name]?.config ?? []).map(own),
    ...(lab.kernels[kernel.name]?.patches ?? []).map(own),
  ])
  const recipe = lab.images[image.name]?.recipe
  const below = recipe === undefined ? undefined : `${own(recipe)}/`
  // A header may be included by any source beside it.
  const folders = new Set(sources.map((source) => dirname(own(source))))
  return (file: string): boolean =>
    files.has(file) ||
    file.startsWith(OUTSIDE + sep) ||
    (below !== undefined && file.startsWith(below)) ||
    (file.endsWith('.h') && folders.has(dirname(file)))
}
