/**
 * Flame graphs as boxes: each function lies on the one that called it and is as wide as its share of what was counted.
 * A differential one has the mean of two shares as width, so that what only one side has is seen, too.
 */
import type { StackNode } from './stack-tree.ts'

export interface FlameBox {
  readonly name: string
  readonly kind: StackNode['kind']
  /** 0: the root. */
  readonly depth: number
  /** From 0 to 1. */
  readonly x: number
  readonly width: number
  /** Of one tree: what was counted. Of two: undefined. */
  readonly weight?: number
  /** Of two trees: the share in each. */
  readonly shares?: readonly [before: number, after: number]
}

export interface Flame {
  readonly boxes: readonly FlameBox[]
  /** Boxes that are not drawn, too narrow or, where there are too many, too deep; what they call is not counted. */
  readonly left: number
}

/** The least width of a box: a pixel of a wide screen. */
const LEAST = 1 / 1500
/** Boxes of one graph: a report with many of them stays small. */
const MOST = 4000

interface Node {
  readonly name: string
  readonly kind: StackNode['kind']
  readonly share: number
  readonly weight?: number
  readonly shares?: readonly [before: number, after: number]
  readonly children: readonly Node[]
}

function boxesOf(root: Node): Flame {
  const boxes: FlameBox[] = []
  let left = 0
  // Level by level: where there are too many, the deepest are left out.
  for (let level: { node: Node; x: number }[] = [{ node: root, x: 0 }], depth = 0; level.length > 0; depth++) {
    const next: { node: Node; x: number }[] = []
    for (const { node, x } of level) {
      if (node.share < LEAST || boxes.length >= MOST) {
        left++
        continue
      }
      const { name, kind, share: width, weight, shares, children } = node
      boxes.push({ name, kind, depth, x, width, ...(shares ? { shares } : { weight: weight ?? 0 }) })
      let at = x
      for (const child of children) {
        next.push({ node: child, x: at })
        at += child.share
      }
    }
    level = next
  }
  return { boxes, left }
}

/** Of one tree, whose root has everything. */
export function flameOf(root: StackNode): Flame {
  const node = ({ name, kind, weight, children }: StackNode): Node => ({
    name,
    kind,
    weight,
    share: weight / root.weight,
    children: inOrder(children).map(node),
  })
  return boxesOf(node(root))
}

/** By name: the same functions are at the same places in the graphs of several arms. */
const inOrder = <T extends { readonly name: string }>(nodes: readonly T[]): T[] =>
  nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** The shares of two trees side by side. Neither is empty. */
export function differenceOf(before: StackNode, after: StackNode): Flame {
  const node = (a: StackNode | undefined, b: StackNode | undefined): Node => {
    const shares = [(a?.weight ?? 0) / before.weight, (b?.weight ?? 0) / after.weight] as const
    const [ofA, ofB] = [a, b].map((box) => new Map((box?.children ?? []).map((child) => [child.name, child])))
    const names = [...new Set([...(ofA?.keys() ?? []), ...(ofB?.keys() ?? [])])]
    return {
      name: (a ?? b)?.name ?? '',
      kind: (a ?? b)?.kind ?? 'all',
      share: (shares[0] + shares[1]) / 2,
      shares,
      children: inOrder(names.map((name) => ({ name }))).map(({ name }) => node(ofA?.get(name), ofB?.get(name))),
    }
  }
  return boxesOf(node(before, after))
}
