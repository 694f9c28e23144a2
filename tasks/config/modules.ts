/** Modules that an experiment brings along, with every path absolute. */
import { basename } from 'node:path'
import { interpolate, type Params } from './interpolate.ts'
import type { ModuleUse } from './schema/schema-module.ts'

export interface ResolvedModule {
  /** As lsmod shows it. */
  readonly name: string
  /** Absolute paths of C files, linked to one module. */
  readonly sources: readonly string[]
  readonly flags: readonly string[]
  /** Values with `${name}` in them. */
  readonly params: Readonly<Record<string, string>>
}

export const moduleSources = ({ source }: Pick<ModuleUse, 'source'>): string[] => [source].flat()

/** The name of a module that declares none: that of its first file. */
export const moduleNameOf = ({ name, source }: Pick<ModuleUse, 'name' | 'source'>): string =>
  name ??
  basename(moduleSources({ source })[0] ?? '')
    .replace(/\.c$/, '')
    .replaceAll('-', '_')

/** What its object file is called in the guest. */
export const moduleFileName = ({ name }: Pick<ResolvedModule, 'name'>): string => `${name}.ko`

/** @param absolute of a path in the lab file */
export const resolveModule = (use: ModuleUse, absolute: (path: string) => string): ResolvedModule => ({
  name: moduleNameOf(use),
  sources: moduleSources(use).map(absolute),
  flags: use.flags ?? [],
  params: Object.fromEntries(Object.entries(use.params ?? {}).map(([name, value]) => [name, String(value)])),
})

/** C files of all modules of an experiment, absolute. */
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
