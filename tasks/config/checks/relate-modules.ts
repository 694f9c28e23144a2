/** Checks of the modules that experiments bring along. */
import type { Check } from './check.ts'
import { moduleNameOf } from '../modules.ts'
import { repeated } from './lists.ts'

/** As lsmod can show it. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,54}$/

const modules: Check = function* ({ lab: { experiments } }) {
  for (const [experiment, { modules: declared = [] }] of Object.entries(experiments)) {
    const at = ['experiments', experiment, 'modules']
    const seen = new Map<string, number>()
    for (const [index, use] of declared.entries()) {
      const name = moduleNameOf(use)
      const sources = [use.source].flat()
      if (Array.isArray(use.source)) yield* repeated(use.source, [...at, index, 'source'])
      for (const source of sources)
        if (!source.endsWith('.c'))
          yield {
            severity: 'error',
            path: [...at, index, 'source'],
            at: 'value',
            message: `"${source}" is not a C file`,
            wayOut: 'name files that end in .c; headers come along by themselves',
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

export const MODULE_CHECKS: readonly Check[] = [modules]
