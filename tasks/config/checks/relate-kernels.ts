/** Checks of kernels against each other and within themselves. */
import type { Problem } from '../text/diagnostic.ts'
import type { Check } from './check.ts'
import { repeated } from './lists.ts'
import { chainOf } from '../lookup.ts'

const cycles: Check = function* ({ lab: { kernels } }) {
  const told = new Set<string>()
  for (const name of Object.keys(kernels)) {
    const { chain, ends } = chainOf(kernels, name)
    // A kernel that only leads into a cycle is not part of it: the cycle is reported where it is.
    if (ends !== 'cycle' || chain.at(-1) !== name || told.has(name)) continue
    for (const member of chain) told.add(member)
    yield {
      severity: 'error',
      path: ['kernels', name, 'extends'],
      at: 'value',
      message: `kernels extend each other in a circle: ${chain.join(' -> ')}`,
      wayOut: 'remove "extends" from one of them',
    }
  }
}

const sources: Check = function* ({ lab: { kernels } }) {
  for (const name of Object.keys(kernels)) {
    const { chain, ends } = chainOf(kernels, name)
    if (ends !== 'root' || chain.some((each) => kernels[each]?.source !== undefined)) continue
    const also = chain.length > 1 ? `, and none comes from ${chain.slice(1).join(', ')}` : ''
    yield {
      severity: 'error',
      path: ['kernels', name],
      at: 'key',
      message: `kernel ${name} has no source${also}`,
      wayOut:
        'add "source:" with url + sha256, package + suite + version + sha256, prebuilt + version + sha256, file + sha256, tree, or git + ref',
    }
  }
}

/**
 * Clones call clones; the entry is where the stock path is left, so it cannot be a clone itself. Two paths of one
 * suffix share their clones, so these must be the same; two of different suffixes cannot both have one call of one
 * entry.
 */
const parallelPaths: Check = function* ({ lab: { kernels } }) {
  for (const [name, { parallelPath }] of Object.entries(kernels)) {
    const at = (index: number): Problem['path'] => [
      'kernels',
      name,
      'parallelPath',
      ...(Array.isArray(parallelPath) ? [index] : []),
    ]
    const paths = parallelPath === undefined ? [] : [parallelPath].flat()
    for (const [index, { entry, functions, suffix }] of paths.entries()) {
      const itself = functions.indexOf(entry)
      if (itself >= 0)
        yield {
          severity: 'error',
          path: [...at(index), 'functions', itself],
          at: 'value',
          message: `"${entry}" is the entry and cannot be cloned as well`,
          wayOut: 'remove it from the list, or name its caller as the entry',
        }
      yield* repeated(functions, [...at(index), 'functions'])
      const before = paths.slice(0, index)
      const rival = before.find(
        (other) => other.entry === entry && other.functions.some((fn) => functions.includes(fn)),
      )
      if (rival !== undefined)
        yield {
          severity: 'error',
          path: [...at(index), 'entry'],
          at: 'value',
          message: `the calls of ${entry} to ${functions.find((fn) => rival.functions.includes(fn))} go to one clone, and the path with suffix "${rival.suffix}" has them`,
          wayOut: 'give the two paths different entries, or put them on two kernels (`extends:`)',
        }
      const twin = before.find(
        (other) => other.suffix === suffix && other.functions.some((fn) => functions.includes(fn)),
      )
      if (twin !== undefined && functions.toSorted().join() !== twin.functions.toSorted().join())
        yield {
          severity: 'error',
          path: [...at(index), 'suffix'],
          at: 'value',
          message: `two paths with suffix "${suffix}" share functions, and not all of them: their clones would differ`,
          wayOut: 'give one of them another suffix, or the same list of functions',
        }
    }
  }
}

const lists: Check = function* ({ lab: { kernels } }) {
  for (const [name, { config, expose, patches }] of Object.entries(kernels)) {
    yield* repeated(config ?? [], ['kernels', name, 'config'])
    yield* repeated(patches ?? [], ['kernels', name, 'patches'])
    const exposed = (expose ?? []).map((each) =>
      each.file === undefined ? each.function : `${each.function} of ${each.file}`,
    )
    for (const problem of repeated(exposed, ['kernels', name, 'expose']))
      yield { ...problem, wayOut: 'write one entry with everything in `as:`' }
    for (const [index, each] of (expose ?? []).entries())
      yield* repeated(each.as, ['kernels', name, 'expose', index, 'as'])
  }
}

export const KERNEL_CHECKS: readonly Check[] = [cycles, sources, parallelPaths, lists]
