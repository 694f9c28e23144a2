/** The proof before boot: what the declaration promises is in the binary, by name, exported, and called. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { labError } from '../../engine/error.ts'
import { disassemble } from '../../host/kbuild.ts'
import type { Exposed } from '../../linux/c/expose.ts'
import type { Entry, TransformResult } from '../../linux/c/parallel-path.ts'
import {
  parseObjdumpAddresses,
  parseObjdumpCalls,
  parseSymvers,
  parseSystemMap,
  proveClones,
  type Proof,
} from '../../linux/kbuild/proof.ts'

/** What the code of each function, and of the pieces that the compiler made of it (.part.0, .cold), calls and holds. */
async function codeOf(vmlinux: string, functions: readonly string[], symbols: readonly string[], signal: AbortSignal) {
  const calls = new Map<string, Set<string>>()
  const addresses = new Map<string, Set<bigint>>()
  const wanted = new Set(functions)
  for (const piece of symbols) {
    if (!wanted.has(piece) && !wanted.has(piece.replace(/\..*$/, ''))) continue
    const text = await disassemble(vmlinux, piece, signal)
    for (const [caller, callees] of parseObjdumpCalls(text)) calls.set(caller, callees)
    for (const [caller, values] of parseObjdumpAddresses(text)) addresses.set(caller, values)
  }
  return { calls, addresses }
}

/** What the pieces of several functions have, together. */
const together = <T>(found: ReadonlyMap<string, ReadonlySet<T>>, names: readonly string[]): Set<T> =>
  new Set(
    [...found].filter(([piece]) => names.includes(piece.replace(/\..*$/, ''))).flatMap(([, values]) => [...values]),
  )

/** Fails and names each clone and each exposed function that is not there as promised, with what to do about it. */
export async function prove(
  tree: string,
  paths: readonly TransformResult[],
  exposed: readonly Exposed[],
  place: string,
  signal: AbortSignal,
): Promise<void> {
  if (paths.length === 0 && exposed.length === 0) return
  const [systemMap, moduleSymvers] = await Promise.all([
    readFile(join(tree, 'System.map'), 'utf8'),
    readFile(join(tree, 'Module.symvers'), 'utf8'),
  ])
  const symbols = [...parseSystemMap(systemMap).keys()]
  // A static entry with one caller is inlined into it, and its calls are that caller's.
  const known = new Set(symbols)
  const inlined: readonly Entry[] = paths.map(({ entry }) => entry).filter(({ name }) => !known.has(name))
  // Code of a module is not in vmlinux; its symbols are proven, its calls are not.
  const modules = parseSymvers(moduleSymvers)
  const edges = paths
    .flatMap((path) => path.calls)
    .filter(({ callee }) => known.has(callee) || (modules.get(callee) ?? 'vmlinux') === 'vmlinux')
  const callers = [...edges.map(({ caller }) => caller), ...inlined.flatMap((entry) => entry.callers)]
  const { calls, addresses } = await codeOf(join(tree, 'vmlinux'), callers, symbols, signal)
  for (const entry of inlined) {
    calls.set(entry.name, together(calls, entry.callers))
    addresses.set(entry.name, together(addresses, entry.callers))
  }
  const proof: Proof = {
    systemMap,
    moduleSymvers,
    calls,
    addresses,
    edges,
    exposed,
    clones: paths.flatMap((path) => path.clones),
  }
  const problems = proveClones(proof)
  if (problems.length > 0)
    throw labError({
      place,
      fact: `the kernel was built, but ${exposed.length === 0 ? 'its parallel path is' : 'what was changed in it is'} not what was declared`,
      lines: problems.flatMap(({ symbol, fact, wayOut }) => [`${symbol}: ${fact}`, `  ${wayOut}`]),
      wayOut: 'nothing was stored; change the declaration and build again',
    })
}
