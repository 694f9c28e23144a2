/** The proof before boot: what the declaration promises is in the binary, by name, exported, and called. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { labError } from '../engine/error.ts'
import { disassemble } from '../host/kbuild.ts'
import type { TransformResult } from '../linux/parallel-path.ts'
import { parseObjdumpCalls, parseSystemMap, proveClones } from '../linux/proof.ts'

/** Fails and names each clone that is not there as promised, with what to do about it. */
export async function prove(tree: string, path: TransformResult, place: string, signal: AbortSignal): Promise<void> {
  const [systemMap, moduleSymvers] = await Promise.all([
    readFile(join(tree, 'System.map'), 'utf8'),
    readFile(join(tree, 'Module.symvers'), 'utf8'),
  ])
  const symbols = [...parseSystemMap(systemMap).keys()]
  // A static entry with one caller is inlined into it, and its calls are that caller's.
  const { entry } = path
  const inlined = !symbols.includes(entry.name)
  const callers = [...new Set([...path.calls.map(({ caller }) => caller), ...(inlined ? entry.callers : [])])]
  // A compiler may move part of a caller to a symbol of its own (.part.0, .cold); its calls count as the caller's.
  const pieces = callers.flatMap((caller) =>
    symbols.filter((symbol) => symbol === caller || symbol.startsWith(`${caller}.`)),
  )
  const calls = new Map<string, Set<string>>()
  for (const piece of pieces)
    for (const [caller, callees] of parseObjdumpCalls(await disassemble(join(tree, 'vmlinux'), piece, signal)))
      calls.set(caller, callees)
  if (inlined) {
    const merged = entry.callers.flatMap((caller) =>
      [...calls]
        .filter(([piece]) => piece === caller || piece.startsWith(`${caller}.`))
        .flatMap(([, callees]) => [...callees]),
    )
    calls.set(entry.name, new Set(merged))
  }
  const problems = proveClones({
    systemMap,
    moduleSymvers,
    calls,
    clones: path.clones.map(({ name }) => name),
    edges: path.calls,
  })
  if (problems.length > 0)
    throw labError({
      place,
      fact: 'the kernel was built, but its parallel path is not what was declared',
      lines: problems.flatMap(({ symbol, fact, wayOut }) => [`${symbol}: ${fact}`, `  ${wayOut}`]),
      wayOut: 'nothing was stored; change the declaration and build again',
    })
}
