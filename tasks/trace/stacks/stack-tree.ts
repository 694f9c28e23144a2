/** Folded stacks as a tree: what was counted in each function and in those that it called. */
import type { FoldedStack, Frame } from './folded.ts'

export interface StackNode {
  readonly name: string
  readonly kind: Frame['kind'] | 'all'
  /** Of the stacks that go through here. */
  readonly weight: number
  /** Of the stacks that end here. */
  readonly own: number
  /** The heaviest first. */
  readonly children: readonly StackNode[]
}

interface Open {
  readonly kind: StackNode['kind']
  weight: number
  own: number
  readonly children: Map<string, Open>
}

const open = (kind: StackNode['kind']): Open => ({ kind, weight: 0, own: 0, children: new Map() })

function closed(name: string, { kind, weight, own, children }: Open): StackNode {
  const inner = [...children].map(([child, node]) => closed(child, node))
  return {
    name,
    kind,
    weight,
    own,
    children: inner.toSorted((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1)),
  }
}

/** The tree of all stacks; its root has no name of its own. */
export function stackTree(stacks: readonly FoldedStack[], name = 'all'): StackNode {
  const root = open('all')
  for (const { frames, weight } of stacks) {
    let node = root
    node.weight += weight
    for (const { name: frame, kind } of frames) {
      const child = node.children.get(frame) ?? open(kind)
      node.children.set(frame, child)
      child.weight += weight
      node = child
    }
    node.own += weight
  }
  return closed(name, root)
}

/** The chain of functions from here on of which each calls only the next one, and ends nowhere itself. */
function chainFrom(node: StackNode): StackNode[] {
  const chain = [node]
  for (let last = node; ;) {
    const [only, ...others] = last.children
    if (only === undefined || others.length > 0 || last.own > 0) return chain
    chain.push(only)
    last = only
  }
}

/**
 * The tree as lines: what was counted, its share of all, and the functions; those that follow each other without a
 * branch are as deep as the first. What is below `least` (a share of all) is left out, and said.
 */
export function treeLines(root: StackNode, least = 0.005): string[] {
  const lines: string[] = []
  const digits = String(Math.round(root.weight)).length
  const share = (weight: number) => `${((100 * weight) / root.weight).toFixed(1).padStart(5)}%`
  const show = (nodes: readonly StackNode[], indent: string) => {
    const shown = nodes.filter(({ weight }) => weight >= least * root.weight)
    for (const node of shown) {
      const chain = chainFrom(node)
      for (const [index, { name, weight }] of chain.entries())
        lines.push(
          index === 0
            ? `${String(weight).padStart(digits)} ${share(weight)}  ${indent}${name}`
            : `${' '.repeat(digits + 7)}  ${indent}${name}`,
        )
      show(chain.at(-1)?.children ?? [], `${indent}  `)
    }
    const left = nodes.length - shown.length
    if (left > 0) lines.push(`${' '.repeat(digits + 7)}  ${indent}... ${left} more, each below ${100 * least}%`)
  }
  show(root.children, '')
  return lines
}
