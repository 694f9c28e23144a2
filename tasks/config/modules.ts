/** The kernel modules of an experiment, with every path absolute. */
import { basename } from 'node:path'
import { interpolate, type Params } from './interpolate.ts'
import type { ModuleUse } from './schema/schema-module.ts'

export interface ResolvedModule {
  /** As lsmod shows it. */
  readonly name: string
  /** Absolute paths of C files, linked to one module, or of one .ko file; none: the kernel has it. */
  readonly sources: readonly string[]
  readonly flags: readonly string[]
  /** Values with `${name}` in them. */
  readonly params: Readonly<Record<string, string>>
}

/** As it is written, with every key that it may have: a name alone is a module of the kernel's own. */
const written = (use: ModuleUse): Exclude<ModuleUse, string> => (typeof use === 'string' ? { name: use } : use)

/** None where it is a module of the kernel's own. */
export const moduleSources = (use: ModuleUse): string[] => [written(use).source ?? []].flat()

/** Values of its parameters, as they are written. */
export const moduleParams = (use: ModuleUse): Readonly<Record<string, string | number>> => written(use).params ?? {}

/** The name of a module as the kernel has it; that of its first file where it declares none. */
export const moduleNameOf = (use: ModuleUse): string =>
  (written(use).name ?? basename(moduleSources(use)[0] ?? '').replace(/\.(?:c|ko)$/, '')).replaceAll('-', '_')

/** What its object file is called in the guest. */
export const moduleFileName = ({ name }: Pick<ResolvedModule, 'name'>): string => `${name}.ko`

/** @param absolute of a path in the lab file */
export const resolveModule = (use: ModuleUse, absolute: (path: string) => string): ResolvedModule => ({
  name: moduleNameOf(use),
  sources: moduleSources(use).map(absolute),
  flags: written(use).flags ?? [],
  params: Object.fromEntries(Object.entries(moduleParams(use)).map(([name, value]) => [name, String(value)])),
})

/** It is the file of a module that somebody has built (.ko). */
export const isReadyModule = ({ sources: [file = ''] }: Pick<ResolvedModule, 'sources'>): boolean =>
  file.endsWith('.ko')

/** Files of all modules of an experiment, absolute. */
export const moduleFiles = ({ modules = [] }: { readonly modules?: readonly ResolvedModule[] }): string[] =>
  modules.flatMap(({ sources }) => sources)

/** The parameters of a module as the kernel reads them; a value with spaces is in double quotes (kernel/params.c). */
export function moduleParametersOf(
  modules: readonly ResolvedModule[] | undefined,
  module: string,
  params: Params,
): string[] {
  const declared = modules?.find(({ name }) => name === module)?.params ?? {}
  return Object.entries(declared).map(([name, value]) => {
    const text = interpolate(value, params)
    return `${name}=${/\s/.test(text) ? `"${text}"` : text}`
  })
}
