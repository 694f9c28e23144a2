/** A prebuilt kernel by its inputs, and what it cannot do. */
import { ownCode } from '../../own-code.ts'
import { buildInstead, isPrebuilt, type PrebuiltSource } from '../../../config/prebuilt.ts'
import type { ResolvedKernel } from '../../../config/resolved.ts'
import { labError, userError, type Failure } from '../../../engine/error.ts'
import { hashFile, type Inputs } from '../../../engine/fingerprint.ts'

/** The kernel's source if somebody else built it. */
export const prebuiltSource = ({ source }: Pick<ResolvedKernel, 'source'>): PrebuiltSource | undefined =>
  isPrebuilt(source) ? source : undefined

/**
 * The failure where something needs a kernel that is built. @param what "parallelPath", "a sample of the kernel's tree"
 */
export const needsBuild = (kernel: Pick<ResolvedKernel, 'name'>, source: PrebuiltSource, what: string): Failure =>
  userError({
    place: `kernel ${kernel.name}`,
    fact: `${what} needs a kernel that is built, and ${kernel.name} is prebuilt`,
    wayOut: buildInstead(source),
  })

/** What an experiment or a command asks of a kernel, and only a build could give. @throws a user's Failure */
function refuseChanges(kernel: ResolvedKernel, source: PrebuiltSource, override: string | undefined): void {
  const { config, options, patches, parallelPaths, expose } = kernel
  const [option] = Object.keys(options)
  if (override !== undefined) throw needsBuild(kernel, source, '--source')
  // What a VM with `deterministic: yes` adds (config/derived.ts).
  if ('BLK_DEV_RAM' in options) throw needsBuild(kernel, source, 'a deterministic VM (BLK_DEV_RAM=y)')
  if (option !== undefined) throw needsBuild(kernel, source, `\`options: { ${option}: ${options[option]} }\``)
  if (config.length > 0) throw needsBuild(kernel, source, '`config:`')
  if (patches.length > 0) throw needsBuild(kernel, source, '`patches:`')
  if (parallelPaths.length > 0) throw needsBuild(kernel, source, '`parallelPath:`')
  if (expose.length > 0) throw needsBuild(kernel, source, '`expose:`')
}

/** Everything that decides what a prebuilt kernel is: the bytes of its packages, and what the lab makes of them. */
export async function prebuiltInputs(
  kernel: ResolvedKernel,
  source: PrebuiltSource,
  override: string | undefined,
  toolRoot: string,
): Promise<Inputs> {
  refuseChanges(kernel, source, override)
  const common = { kind: 'prebuilt', source: source.sha256, lab: ownCode('prebuilt', toolRoot) }
  // Name and version decide nothing about the bytes. They are inputs all the same: the package is compared with them
  // when it is unpacked, so that a result never names a version that the kernel is not.
  if ('prebuilt' in source) {
    const { prebuilt, version, parts } = source
    return { ...common, package: `${prebuilt} ${version}`, ...(parts && { parts: { ...parts } }) }
  }
  return { ...common, ...(source.config !== undefined && { config: await hashOf(source.config, kernel.name) }) }
}

async function hashOf(file: string, kernel: string): Promise<string> {
  return await hashFile(file).catch((error: unknown) => {
    throw labError({ place: `kernel ${kernel}`, fact: `${file} cannot be read`, wayOut: 'correct the path' }, error)
  })
}

/** For people: "linux-image-6.1.0-50-cloud-amd64 6.1.176-1", "bzImage". */
export const prebuiltTitle = (source: PrebuiltSource): string =>
  'prebuilt' in source ? `${source.prebuilt} ${source.version}` : source.file.replace(/^.*\//, '')
