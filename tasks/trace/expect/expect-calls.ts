/** Expectations on the call tree: each of these functions inside a call of the one before it. */
import type { CallNode } from '../events/call-graph.ts'
import { shown, type Verdict } from './match.ts'
import { plural } from '../../engine/text.ts'

const callsOf = (nodes: readonly CallNode[]) => nodes.filter((node) => node.kind === 'call')

/**
 * How many functions of the chain are found inside each other, at most; a loop, for trees are as deep as the kernel's
 * stack.
 */
function longest(chain: readonly string[], roots: readonly CallNode[]): number {
  let best = 0
  const open = callsOf(roots).map((node) => ({ node, found: 0 }))
  for (let next = open.pop(); next !== undefined && best < chain.length; next = open.pop()) {
    const found = next.found + (next.node.name === chain[next.found] ? 1 : 0)
    best = Math.max(best, found)
    for (const node of callsOf(next.node.children)) open.push({ node, found })
  }
  return best
}

/**
 * Whether somewhere in the trees the first function calls the second, this one the third and so on, with any calls
 * between them.
 * @param chain two names or more
 */
export function checkCalls(chain: readonly string[], roots: readonly CallNode[]): Verdict {
  if (roots.length === 0) return { ok: false, lines: ['no call of the workload is in the call tree'] }
  const found = longest(chain, roots)
  const text = (names: readonly string[]) => names.map((name) => shown(name, 100)).join(' > ')
  if (found === chain.length) return { ok: true, lines: [text(chain)] }
  const missing = shown(chain[found] ?? '', 100)
  const where = found === 0 ? `in ${plural(roots.length, 'tree')}` : `inside ${text(chain.slice(0, found))}`
  return { ok: false, lines: [`expected ${text(chain)}, found no call of ${missing} ${where}`] }
}
