/**
 * Whether a category (which sequence came out) hangs on a factor (a parameter, the kernel, the first read of a run).
 */
import { random } from './random.ts'

export interface Observation {
  /** Observations of one run are not independent of each other. */
  readonly run: string
  /** The machine that made the run. Nodes may have orders of their own, so other factors are looked at within nodes. */
  readonly node?: string
  /** The category, from 0. */
  readonly category: number
  readonly factors: Readonly<Record<string, string>>
}

export interface Dependence {
  readonly factor: string
  /** How often each category was seen with each value, in order of appearance. */
  readonly values: readonly { readonly value: string; readonly counts: readonly number[] }[]
  /** What share of the uncertainty about the category the factor takes away: 0 nothing, 1 all of it (Theil's U). */
  readonly explains: number
  /**
   * How often chance does as much: a permutation test; corrected for the number of factors (Holm, Scand. J. Stat. 6(2),
   * 1979).
   */
  readonly p: number
  /** Each node has one value of it only: nobody can tell the factor from the node. */
  readonly ofNodes: boolean
}

/** The node as a factor: whether nodes differ. With spaces, as no parameter has: one of them may be called `node`. */
export const NODE_FACTOR = 'node of the run'

/** The usual bound, of what chance does once in twenty times. */
export const SIGNIFICANT = 0.05

const PERMUTATIONS = 2000
/** Steps of all permutations of one factor; fewer permutations where there are many observations. */
const BUDGET = 2e7

const entropy = (counts: readonly number[]): number => {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return counts.reduce((sum, count) => (count === 0 ? sum : sum - (count / total) * Math.log(count / total)), 0)
}

/** How often each category came with each value. */
type Table = readonly (readonly number[])[]

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0)

/** Theil's uncertainty coefficient of tables with a row for each value, one table for each node. */
function uncertainty(tables: readonly Table[]): number {
  let [before, after] = [0, 0]
  for (const table of tables) {
    const totals = (table[0] ?? []).map((_, at) => table.reduce((sum, row) => sum + (row[at] ?? 0), 0))
    before += sumOf(totals) * entropy(totals)
    for (const row of table) after += sumOf(row) * entropy(row)
  }
  return before === 0 ? 0 : Math.max(0, 1 - after / before)
}

/** A value of the factor for some observations that change it together. */
interface Block {
  readonly node: number
  readonly value: number
  readonly counts: readonly number[]
}

interface Shape {
  readonly nodes: number
  readonly rows: number
  readonly width: number
}

function tablesOf(blocks: readonly Block[], values: readonly number[], { nodes, rows, width }: Shape): number[][][] {
  const tables = Array.from({ length: nodes }, () =>
    Array.from({ length: rows }, () => Array.from({ length: width }, () => 0)),
  )
  for (const [index, { node, counts }] of blocks.entries()) {
    const row = tables[node]?.[values[index] ?? 0] ?? []
    for (const [at, count] of counts.entries()) row[at] = (row[at] ?? 0) + count
  }
  return tables
}

/** All nodes in one table. */
const merged = (tables: readonly Table[]): number[][] =>
  (tables[0] ?? []).map((row, value) =>
    row.map((_, at) => tables.reduce((sum, table) => sum + (table[value]?.[at] ?? 0), 0)),
  )

/** Values dealt again within each group of blocks. */
function dealt(groups: readonly (readonly number[])[], values: readonly number[], next: () => number): number[] {
  const result = [...values]
  for (const group of groups)
    for (let last = group.length - 1; last > 0; last--) {
      const [here, there] = [group[last] ?? 0, group[Math.floor(next() * (last + 1))] ?? 0]
      const kept = result[here] ?? 0
      result[here] = result[there] ?? 0
      result[there] = kept
    }
  return result
}

function one(observations: readonly Observation[], factor: string, width: number): Dependence | undefined {
  const known = observations.filter(({ factors }) => Object.hasOwn(factors, factor))
  const names = [...new Set(known.map(({ factors }) => factors[factor] ?? ''))]
  if (names.length < 2) return undefined
  const valueOf = new Map(names.map((name, index) => [name, index]))
  const counts = (list: readonly Observation[]) =>
    Array.from({ length: width }, (_, at) => list.filter(({ category }) => category === at).length)
  const value = ({ factors }: Observation) => valueOf.get(factors[factor] ?? '') ?? 0
  // Nodes themselves can only be compared across nodes.
  const place = ({ node = '' }: Observation) => (factor === NODE_FACTOR ? '' : node)
  const nodes = [...new Set(known.map(place))]
  const nodeOf = new Map(nodes.map((name, index) => [name, index]))
  const node = (each: Observation) => nodeOf.get(place(each)) ?? 0
  const byRun = [...Map.groupBy(known, ({ run }) => run).values()]
  // What is the same for a whole run is dealt to whole runs; what changes within a run, to its observations.
  const whole = byRun.every((list) => list.every((each) => value(each) === value(list[0] ?? each)))
  const blocks: Block[] = []
  const groups: number[][] = []
  const block = (first: Observation, list: readonly Observation[]): Block => ({
    node: node(first),
    value: value(first),
    counts: counts(list),
  })
  if (whole) {
    for (const list of byRun) blocks.push(...list.slice(0, 1).map((first) => block(first, list)))
    groups.push(...nodes.map((_, at) => blocks.flatMap((each, index) => (each.node === at ? [index] : []))))
  } else
    for (const list of byRun) {
      groups.push(list.map((_, index) => blocks.length + index))
      blocks.push(...list.map((each) => block(each, [each])))
    }
  const values = blocks.map((each) => each.value)
  const shape: Shape = { nodes: nodes.length, rows: names.length, width }
  const tables = tablesOf(blocks, values, shape)
  const explains = uncertainty(tables)
  const times = Math.max(100, Math.min(PERMUTATIONS, Math.floor(BUDGET / (blocks.length * width))))
  const next = random(blocks.length)
  let asMuch = 0
  for (let time = 0; time < times; time++)
    if (uncertainty(tablesOf(blocks, dealt(groups, values, next), shape)) >= explains - 1e-12) asMuch++
  const table = merged(tables)
  return {
    factor,
    values: names.map((name, index) => ({ value: name, counts: table[index] ?? [] })),
    explains,
    p: (asMuch + 1) / (times + 1),
    ofNodes:
      nodes.length > 1 && tables.every((rows) => rows.filter((row) => row.some((count) => count > 0)).length < 2),
  }
}

/**
 * Holm's correction: the smallest counts for all, the next for all but one, and none becomes smaller than the one
 * before.
 */
function corrected(list: readonly Dependence[]): Dependence[] {
  let least = 0
  return list
    .toSorted((a, b) => a.p - b.p || b.explains - a.explains)
    .map((each, index) => {
      least = Math.min(1, Math.max(least, each.p * (list.length - index)))
      return { ...each, p: least }
    })
}

/**
 * Every factor that has two values or more; the clearest first. None where only one category was seen. The seed is
 * fixed.
 */
export function dependences(observations: readonly Observation[]): Dependence[] {
  const width = 1 + Math.max(-1, ...new Set(observations.map(({ category }) => category)))
  if (width < 2) return []
  const known = observations.map((each) =>
    each.node === undefined ? each : { ...each, factors: { ...each.factors, [NODE_FACTOR]: each.node } },
  )
  const factors = [...new Set(known.flatMap(({ factors: own }) => Object.keys(own)))]
  return corrected(factors.flatMap((factor) => one(known, factor, width) ?? []))
}
