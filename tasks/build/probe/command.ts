/**
 * How a probe of ours is compiled: its sources, the directories whose headers it may see, and nothing of the host's
 * kernel.
 */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { ResolvedKernel, ResolvedProbe } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { clangResources, type BpfSource } from '../../host/compile.ts'
import type { KernelArtefact } from '../kernel/kernel.ts'
import type { KernelTypes } from '../kernel-types.ts'
import { libbpfInclude } from './libbpf.ts'
import { ownFiles, placeOf } from './own-files.ts'

/** A probe that is compiled from a source of the lab, not a sample of the kernel. */
export type SourceProbe = Extract<ResolvedProbe, { source: string }>

/** A directory whose files a source may include. */
export interface Root {
  readonly dir: string
  /**
   * Of a directory that can change: the files in it that are inputs. Any, where it is part of something that is an
   * input itself.
   */
  readonly files?: ReadonlySet<string>
  /** For people: "kernel v5.10", "libbpf". */
  readonly what: string
}

/** LAB_SUFFIX is the suffix of the first parallel path, LAB_SUFFIX_2 of the second, and so on. */
export const suffixDefines = ({ parallelPaths }: ResolvedKernel): Record<string, string> =>
  Object.fromEntries(
    [...new Set(parallelPaths.map(({ suffix }) => suffix))].map((suffix, index) => [
      index === 0 ? 'LAB_SUFFIX' : `LAB_SUFFIX_${index + 1}`,
      `"${suffix}"`,
    ]),
  )

/** What the lab brings for all probes: lab.bpf.h. */
export const labInclude = (context: Context): string => join(context.toolRoot, 'bpf/include')

/** The files of the lab and of ours that a probe is made of. */
export const probeFiles = ({ source }: SourceProbe, context: Context): readonly string[] =>
  ownFiles(source, [labInclude(context)]).files

export interface ProbeCommand {
  readonly compile: BpfSource
  /** Where its includes may come from, in the order of the search. */
  readonly roots: readonly Root[]
}

/** What a probe is compiled against: the headers that a kernel exports, or its types alone (vmlinux.h). */
export type Against =
  | { readonly kernel: Pick<KernelArtefact, 'name' | 'dir'> }
  | { readonly types: Pick<KernelTypes, 'kernel' | 'include'> }

/**
 * A distribution's kernel comes without the headers that it exports: those of the host's would be of another kernel.
 */
function refuseWithoutHeaders(probe: SourceProbe, { name, dir }: Pick<KernelArtefact, 'name' | 'dir'>): void {
  if (existsSync(join(dir, 'headers'))) return
  throw userError({
    place: `probe ${probe.name}`,
    fact: `it includes headers of the kernel, and kernel ${name} is prebuilt: it has its types, but no headers`,
    wayOut:
      'write #include "vmlinux.h" instead of the headers below linux/ (one object then fits every kernel: CO-RE), or take a kernel that is built',
  })
}

/** The command that compiles a probe. `declared` is the kernel whose parallel paths it knows. */
export async function probeCommand(
  probe: SourceProbe,
  against: Against,
  declared: ResolvedKernel,
  context: Context,
): Promise<ProbeCommand> {
  if ('kernel' in against) refuseWithoutHeaders(probe, against.kernel)
  const files = probeFiles(probe, context)
  const searched: Root[] = [
    ...ownRoots(probe, files, context),
    'types' in against
      ? { dir: against.types.include, what: `types of ${against.types.kernel}` }
      : { dir: join(against.kernel.dir, 'headers'), what: `kernel ${against.kernel.name}` },
    { dir: await libbpfInclude(context), what: 'libbpf' },
  ]
  return {
    compile: {
      source: probe.source,
      include: searched.map(({ dir }) => dir),
      define: suffixDefines(declared),
      wayOut:
        'types' in against && declared.debug === 'none'
          ? `correct the probe; a type that its vmlinux.h lacks is there with \`debug: btf\` of kernel ${declared.name} (the first line of ${against.types.include}/vmlinux.h says what it has)`
          : 'correct the probe; its headers are those of the kernel that was built',
      place: `probe ${probe.name}`,
      signal: context.signal,
    },
    roots: [...searched, { dir: join(await clangResources(context.signal), 'include'), what: 'clang' }],
  }
}

/** The probe's own directory, with all that is below it, and ours; of each, only what is among the inputs. */
function ownRoots({ source }: SourceProbe, files: readonly string[], context: Context): Root[] {
  const below = (dir: string) => {
    const real = dirname(placeOf(join(dir, 'any')) ?? join(dir, 'any'))
    return files.filter((file) => file.startsWith(`${real}/`))
  }
  const [own, lab] = [dirname(source), labInclude(context)]
  const ours = new Set(below(lab))
  return [
    { dir: own, what: 'beside the probe', files: new Set(below(own).filter((file) => !ours.has(file))) },
    { dir: lab, what: 'lab', files: ours },
  ]
}

/** The root that a file is in. */
export function rootOf(file: string, roots: readonly Root[]): Root | undefined {
  const [path, place] = [resolve(file), placeOf(file) ?? '']
  return roots.find(({ dir, files }) => (files ? files.has(place) : path.startsWith(`${dir}/`)))
}

/** What a source may include: text for people. */
const PROBE = {
  fact: 'it includes what is neither beside it nor of the kernel that was built, libbpf or the lab',
  wayOut:
    'put the header beside the probe, and include it by its name, not with a macro; of a kernel, include what its own headers have (`--explain` shows each)',
}

/** For files that come from somewhere else: their changes would go unnoticed, or they belong to another kernel. */
export const outsideFailure = (lines: readonly string[], place: string, words = PROBE) =>
  userError({ place, ...words, lines: lines.slice(0, 6) })

/** @throws a user's error when a file is in none of the roots */
export function refuseOutside(files: readonly string[], roots: readonly Root[], place: string, words = PROBE): void {
  const outside = files.filter((file) => rootOf(file, roots) === undefined)
  if (outside.length > 0) throw outsideFailure(outside, place, words)
}
