/**
 * `debug:` of a kernel: what it knows about its own types. Nothing (`none`, the cheap one), BTF inside the kernel
 * (`btf`), or DWARF in vmlinux (`dwarf`). Debug information makes every compilation dearer, so kernels that have it are
 * built in a tree of their own, and those without it stay as they are.
 */
import { join } from 'node:path'
import type { ResolvedKernel } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { hashFile, type Inputs } from '../../engine/fingerprint.ts'
import { toolVersion } from '../../host/tool-version.ts'
import type { Request } from '../../linux/kbuild/kconfig.ts'
import { inRange, type Version } from '../../linux/version.ts'

type Debug = ResolvedKernel['debug']

/** CONFIG_DEBUG_INFO_BTF came with 5.2 (commit e83b9f55448a). */
const CARRIES_BTF = 'v5.2..'
/** Kernels know BTF_KIND_ENUM64 since 6.0 (commit 6089fb325cf7). */
const BEFORE_ENUM64 = '..v6.0'

/** Configuration that the declaration stands for. DWARF 4: every pahole reads it, and every kernel has the option. */
export function debugRequests(debug: Debug, version: Version, place: string): Request[] {
  if (debug === 'none') return []
  if (debug === 'btf' && !inRange(version, CARRIES_BTF))
    throw userError({
      place,
      fact: 'a kernel before 5.2 cannot carry BTF',
      wayOut: 'set `debug: dwarf`: lab then makes a separate BTF file and gives it to the probes',
    })
  const symbols = ['DEBUG_INFO', 'DEBUG_INFO_DWARF4', ...(debug === 'btf' ? ['DEBUG_INFO_BTF'] : [])]
  return symbols.map((symbol) => ({ symbol, value: 'y', from: `debug: ${debug}` }))
}

/** A program of ours that comes before pahole. */
const wrapperIn = (toolRoot: string): string => join(toolRoot, 'kernel/shims/pahole')

/**
 * Assignments for make's command line. The build's directory is in DWARF; with the map, two directories give one
 * kernel.
 */
export function debugAssignments(
  debug: Debug,
  version: Version,
  tree: string,
  toolRoot: string,
): Readonly<Record<string, string>> {
  if (debug === 'none') return {}
  const map = `-fdebug-prefix-map=${tree}=.`
  const wrapper = debug === 'btf' && inRange(version, BEFORE_ENUM64) ? { PAHOLE: wrapperIn(toolRoot) } : {}
  return { KCFLAGS: map, KAFLAGS: map, ...wrapper }
}

/** What goes into the kernel's fingerprint beside the rest: nothing for `none`. */
export async function debugInputs(debug: Debug, context: Context): Promise<Inputs> {
  if (debug !== 'btf') return debug === 'none' ? {} : { debug }
  const pahole = await toolVersion('pahole', context.cache, context.signal)
  return { debug, pahole, wrapper: await hashFile(wrapperIn(context.toolRoot)) }
}

/**
 * What of a tree that was built before must be made again, whatever make thinks: BTF is made when vmlinux is linked, by
 * a program that is none of its prerequisites.
 */
export const debugOutdated = (debug: Debug): readonly string[] => (debug === 'btf' ? ['vmlinux'] : [])

/** Ending of the build directory's name. */
export const debugSuffix = (debug: Debug): string => (debug === 'none' ? '' : `-${debug}`)
