/** Checks of prebuilt kernels: nothing may ask of one what only a build can give. */
import type { Path, Problem } from '../text/diagnostic.ts'
import { BUILD_KEYS, buildInstead, isPrebuilt, type PrebuiltSource } from '../prebuilt.ts'
import { chainOf, vmOf } from '../lookup.ts'
import type { Check } from './check.ts'
import type { Kernel, Vm } from '../schema/schema.ts'

type Kernels = Readonly<Record<string, Kernel>>

/** The source of a kernel, its own or inherited, where it is a prebuilt one. */
function prebuiltOf(kernels: Kernels, name: string): PrebuiltSource | undefined {
  const { chain, ends } = chainOf(kernels, name)
  if (ends !== 'root') return undefined
  const source = chain.map((each) => kernels[each]?.source).find((found) => found !== undefined)
  return source && isPrebuilt(source) ? source : undefined
}

const keys: Check = function* ({ lab: { kernels } }) {
  for (const name of Object.keys(kernels)) {
    const source = prebuiltOf(kernels, name)
    if (!source) continue
    const { chain } = chainOf(kernels, name)
    for (const key of BUILD_KEYS) {
      const owner = chain.find((each) => kernels[each]?.[key] !== undefined)
      if (owner === undefined) continue
      const own = owner === name
      yield {
        severity: 'error',
        path: ['kernels', name, own ? key : 'extends'],
        at: own ? 'key' : 'value',
        message: `"${key}"${own ? '' : ` of kernel ${owner}`} needs a kernel that is built, and ${name} is prebuilt`,
        wayOut: `remove ${own ? 'it' : '"extends"'}, or ${buildInstead(source)}`,
      }
    }
  }
}

const files: Check = function* ({ lab: { kernels } }) {
  for (const [name, { source }] of Object.entries(kernels))
    if (source !== undefined && 'file' in source && source.config !== undefined && source.file.endsWith('.deb'))
      yield {
        severity: 'error',
        path: ['kernels', name, 'source', 'config'],
        at: 'key',
        message: 'a .deb brings its own configuration',
        wayOut: 'remove "config"',
      }
}

/** The kernels that a VM may boot, each with its place in the file. */
function kernelsOf(name: string, { kernel }: Vm): (readonly [kernel: string, path: Path])[] {
  const path = ['vms', name, 'kernel']
  if (typeof kernel === 'string') return [[kernel, path]]
  const others = (kernel.fallback ?? []).map((other, index) => [other, [...path, 'fallback', index]] as const)
  return [[kernel.use, [...path, 'use']], ...others]
}

const deterministic: Check = function* ({ lab: { kernels, vms } }) {
  for (const [name, vm] of Object.entries(vms)) {
    if (vm.deterministic !== 'yes') continue
    for (const [kernel, path] of kernelsOf(name, vm)) {
      const source = prebuiltOf(kernels, kernel)
      if (source)
        yield {
          severity: 'error',
          path,
          at: 'value',
          message: `a deterministic VM needs a kernel that is built (with RAM disks: BLK_DEV_RAM=y), and ${kernel} is prebuilt`,
          wayOut: `remove "deterministic", or ${buildInstead(source)}`,
        }
    }
  }
}

const options: Check = function* ({ lab: { kernels, vms, experiments } }): Iterable<Problem> {
  for (const [name, experiment] of Object.entries(experiments)) {
    const vm = vms[vmOf(experiment, Object.keys(vms)) ?? '']
    const [option] = Object.keys(experiment.options ?? {})
    if (option === undefined) continue
    const uses = experiment.matrix?.kernel ?? (vm ? kernelsOf('', vm).map(([kernel]) => kernel) : [])
    for (const kernel of uses) {
      const source = prebuiltOf(kernels, kernel)
      if (!source) continue
      yield {
        severity: 'error',
        path: ['experiments', name, 'options'],
        at: 'key',
        message: `kernel options need a kernel that is built, and ${kernel} is prebuilt`,
        wayOut: `remove "options", or ${buildInstead(source)}`,
      }
      break
    }
  }
}

export const PREBUILT_CHECKS: readonly Check[] = [keys, files, deterministic, options]
