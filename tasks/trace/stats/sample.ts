/**
 * Values with the machine that each was measured on. Two nodes of a cluster, or two laptops, may differ by more than
 * two arms do, so whoever compares groups of values compares them within nodes. A bare value is of a node without a
 * name: values of one machine need none.
 */

/** A value and its node. */
export interface Placed<T = number> {
  readonly value: T
  readonly node: string
}

export type Sample<T extends number | string = number> = T | Placed<T>

/** The node of a value that does not name one. */
export const NO_NODE = ''

export const valueOf = <T extends number | string>(sample: Sample<T>): T =>
  typeof sample === 'object' ? sample.value : sample

export const valuesIn = <T extends number | string>(samples: readonly Sample<T>[]): T[] =>
  samples.map((sample) => valueOf(sample))

/** Values by their node, in order of appearance. */
export function byNode<T extends number | string>(samples: readonly Sample<T>[]): ReadonlyMap<string, readonly T[]> {
  const nodes = new Map<string, T[]>()
  for (const sample of samples) {
    const node = typeof sample === 'object' ? sample.node : NO_NODE
    const values = nodes.get(node)
    if (values) values.push(valueOf(sample))
    else nodes.set(node, [valueOf(sample)])
  }
  return nodes
}

/** Groups of values, cut by the nodes that all of the groups have. */
export interface Strata<T> {
  /** For each node the values of each group there. One stratum of everything where the groups share no node. */
  readonly strata: readonly (readonly (readonly T[])[])[]
  /** Values on nodes that another group lacks: they are in no stratum. */
  readonly unused: number
  /** The groups were made on different nodes: what differs between them may be the nodes. */
  readonly apart: boolean
}

export function strataOf<T extends number | string>(groups: readonly (readonly Sample<T>[])[]): Strata<T> {
  const placed = groups.map((group) => byNode(group))
  const names = [...(placed[0]?.keys() ?? [])].filter((node) => placed.every((nodes) => nodes.has(node)))
  if (names.length === 0) {
    // Results of before nodes had names say nothing about where they were made.
    const known = placed.every((nodes) => nodes.size > 0 && !nodes.has(NO_NODE))
    return { strata: [groups.map((group) => valuesIn(group))], unused: 0, apart: known }
  }
  const strata = names.map((node) => placed.map((nodes) => nodes.get(node) ?? []))
  const used = strata.flat().reduce((sum, values) => sum + values.length, 0)
  const all = groups.reduce((sum, group) => sum + group.length, 0)
  return { strata, unused: all - used, apart: false }
}

/** How many values two groups have on each node that both have: what a test of their ranks can tell apart. */
export const sizesOf = <T extends number | string>(
  first: readonly Sample<T>[],
  second: readonly Sample<T>[],
): (readonly [number, number])[] => strataOf([first, second]).strata.map(([a = [], b = []]) => [a.length, b.length])
