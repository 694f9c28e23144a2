/** Kernels that somebody else built: what such a source is, and which keys of a kernel it cannot have. */
import type { Kernel, Source } from './schema/schema.ts'

/** A package with a kernel in it, or a file: nothing is compiled for it. */
export type PrebuiltSource = Extract<Source, { prebuilt: string } | { file: string }>

export const isPrebuilt = (source: Source): source is PrebuiltSource => 'prebuilt' in source || 'file' in source

/** Keys that say how a kernel is built. */
export const BUILD_KEYS = [
  'config',
  'options',
  'compat',
  'debug',
  'patches',
  'parallelPath',
  'expose',
  'helpers',
] as const satisfies readonly (keyof Kernel)[]

/** "6.1" of "linux-image-6.1.0-50-cloud-amd64": the series whose source package has the same kernel. */
export const seriesOf = (source: PrebuiltSource): string =>
  /(\d+\.\d+)/.exec('prebuilt' in source ? source.prebuilt : source.file)?.[1] ?? '6.1'

/** What to do where a prebuilt kernel is asked for something that only a build can give. */
export const buildInstead = (source: PrebuiltSource): string =>
  `take a kernel that is built: \`lab kernels add linux-source-${seriesOf(source)}\` writes its lines into lab.yaml; give it ` +
  '`config: [lab:base, lab:guest, lab:tracing]` and this key'
