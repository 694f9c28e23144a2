/** Checks of the modules that experiments bring along. */
import type { Path, Problem } from '../text/diagnostic.ts'
import type { Check } from './check.ts'
import { moduleNameOf, moduleSources } from '../modules.ts'
import type { ModuleUse } from '../schema/schema-module.ts'
import { repeated } from './lists.ts'

/** As lsmod can show it. */
const NAME = /^\w{1,55}$/

/** Keys that only a module from source can have. */
function* ofKernelOnly({ name, flags }: Exclude<ModuleUse, string>, path: Path): Iterable<Problem> {
  if (name === undefined)
    yield {
      severity: 'error',
      path,
      at: 'value',
      message: 'this module has neither a name nor a source',
      wayOut: '"name:" takes a module that the kernel has (=m), "source:" the C files of one of your own',
    }
  if (flags !== undefined)
    yield {
      severity: 'error',
      path: [...path, 'flags'],
      at: 'key',
      message: 'a module of the kernel itself is built with the options of the kernel',
      wayOut: 'take "flags:" away, or name C files with "source:"',
    }
}

const modules: Check = function* ({ lab: { experiments } }) {
  for (const [experiment, { modules: declared = [] }] of Object.entries(experiments)) {
    const at = ['experiments', experiment, 'modules']
    const seen = new Map<string, number>()
    for (const [index, use] of declared.entries()) {
      const name = moduleNameOf(use)
      const sources = moduleSources(use)
      if (typeof use !== 'string' && Array.isArray(use.source)) yield* repeated(use.source, [...at, index, 'source'])
      if (sources.length === 0 && typeof use !== 'string') yield* ofKernelOnly(use, [...at, index])
      for (const source of sources)
        if (!source.endsWith('.c') && !(source.endsWith('.ko') && sources.length === 1))
          yield {
            severity: 'error',
            path: [...at, index, 'source'],
            at: 'value',
            message: `"${source}" is not a C file`,
            wayOut: 'name files that end in .c (headers come along by themselves), or one .ko file',
          }
      if (!NAME.test(name))
        yield {
          severity: 'error',
          path: [...at, index, 'source'],
          at: 'value',
          message: `a module cannot be called "${name}"`,
          wayOut: 'add "name:" with letters, digits and "_"',
        }
      const other = seen.get(name)
      if (other !== undefined)
        yield {
          severity: 'error',
          path: [...at, index],
          at: 'value',
          message: `two modules are called "${name}"`,
          wayOut: 'give one of them another "name:"; a module is loaded once',
        }
      seen.set(name, index)
    }
  }
}

/**
 * An option that makes a module (`options: { VETH: m }`) does nothing by itself: only modules that an experiment names
 * reach a guest. Which module an option makes is known after the build, so this asks for any.
 */
const modulesForNobody: Check = function* ({ lab: { experiments, kernels } }) {
  const named = Object.values(experiments).some(({ modules: uses = [] }) =>
    uses.some((use) => moduleSources(use).length === 0),
  )
  if (named) return
  for (const [kernel, { options = {} }] of Object.entries(kernels))
    for (const [option, value] of Object.entries(options))
      if (value === 'm')
        yield {
          severity: 'warning',
          path: ['kernels', kernel, 'options', option],
          at: 'value',
          message: 'this makes a module, and no experiment names one: it reaches no guest',
          wayOut: 'name the module in "modules:" of an experiment, or set the option to y',
        }
}

export const MODULE_CHECKS: readonly Check[] = [modules, modulesForNobody]
