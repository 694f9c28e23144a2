/**
 * What make is asked for, which follows from the configuration: without modules, the rules for them are there only to
 * say so and fail.
 */
import { userError } from '../../engine/error.ts'
import { inRange, type Version } from '../../linux/version.ts'
import type { Change } from './tree.ts'

type Config = ReadonlyMap<string, string>

const hasModules = (config: Config): boolean => config.get('MODULES') === 'y'

/**
 * `make headers` came with 5.3; before that headers_install makes the same files, and in the same place (usr/include).
 */
const headersTarget = (version: Version): string => (inRange(version, 'v5.3..') ? 'headers' : 'headers_install')

/** All that leaves the tree. */
export const buildTargets = (config: Config, version: Version): string[] => [
  'bzImage',
  ...(hasModules(config) ? ['modules'] : []),
  headersTarget(version),
]

/** What programs of the tree's own need before they can be built. */
export const preparationTargets = (config: Config, version: Version): string[] => [
  ...(hasModules(config) ? ['modules_prepare'] : ['prepare', 'scripts']),
  headersTarget(version),
]

/**
 * Files of an earlier build that this one does not make again, and that say what is no longer so: a list of exported
 * symbols.
 */
export const leftFromModules = (config: Config): readonly string[] => (hasModules(config) ? [] : ['Module.symvers'])

/**
 * @throws a user's error where the declaration exports functions and the kernel exports none: said before it is
 * compiled
 */
export function refuseExports({ paths, exposed }: Pick<Change, 'paths' | 'exposed'>, config: Config, place: string) {
  if (hasModules(config)) return
  const names = [
    ...paths.flatMap(({ clones }) => clones.map(({ name }) => name)),
    ...exposed.filter(({ as }) => as.includes('exported')).map(({ name }) => name),
  ]
  if (names.length === 0) return
  throw userError({
    place,
    fact: `CONFIG_MODULES is not set, so that this kernel exports nothing: not ${names.slice(0, 6).join(', ')}${names.length > 6 ? ', ...' : ''}`,
    wayOut:
      'set `options: { MODULES: y }` (kernel/config/base.config has it), or take parallelPath and `exported` away',
  })
}
