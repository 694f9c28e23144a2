/** What the binary says about the clones: present under their own names, exported, and called. Text in, problems out. */
export interface Symbol {
  readonly address: bigint
  /** As nm prints it: T global text, t local text. */
  readonly type: string
}

export interface Problem {
  readonly symbol: string
  readonly fact: string
  readonly wayOut: string
}

/** Lines "ffffffff81000000 T name" of System.map or nm. */
export function parseSystemMap(text: string): Map<string, Symbol[]> {
  const symbols = new Map<string, Symbol[]>()
  for (const line of text.split('\n')) {
    const [, address, type, name] = /^([0-9a-f]{8,16}) (\S) (\S+)/.exec(line) ?? []
    if (address === undefined || type === undefined || name === undefined) continue
    symbols.set(name, [...(symbols.get(name) ?? []), { address: BigInt(`0x${address}`), type }])
  }
  return symbols
}

/** Names in Module.symvers: "0xcrc\tname\tvmlinux\tEXPORT_SYMBOL". */
export const parseSymvers = (text: string): Set<string> =>
  new Set(text.split('\n').flatMap((line) => line.split('\t')[1] ?? []))

/**
 * Callees per function from `objdump -d`: calls, and jumps to the beginning of another function, which is what a last call becomes. The
 * target is read without its offset; a jump into the function itself is none.
 */
export function parseObjdumpCalls(text: string): Map<string, Set<string>> {
  const calls = new Map<string, Set<string>>()
  let current: string | undefined
  for (const line of text.split('\n')) {
    const header = /^[0-9a-f]+ <([^>]+)>:$/.exec(line)
    if (header) {
      current = header[1]
      if (current !== undefined) calls.set(current, calls.get(current) ?? new Set())
      continue
    }
    const target = /\b(?:call|jmp)q?\s+[0-9a-f]+ <([^+>]+)>/.exec(line)?.[1]
    if (current !== undefined && target !== undefined && target !== current) calls.get(current)?.add(target)
  }
  return calls
}

/** Parts that GCC makes of a function: copyout.isra.0, copyout.part.13, copyout.constprop.0, copyout.cold. */
const piecesOf = (name: string, names: Iterable<string>): string[] =>
  [...names].filter((other) => other.startsWith(`${name}.`))

export interface Proof {
  readonly systemMap: string
  readonly moduleSymvers: string
  readonly calls: ReadonlyMap<string, ReadonlySet<string>>
  readonly clones: readonly string[]
  readonly edges: readonly { readonly caller: string; readonly callee: string }[]
}

function proveClone(
  clone: string,
  symbols: ReadonlyMap<string, readonly Symbol[]>,
  exported: ReadonlySet<string>,
): Problem[] {
  const pieces = piecesOf(clone, symbols.keys())
  if (!symbols.has(clone))
    return [
      pieces.length > 0
        ? {
            symbol: clone,
            fact: `it exists only as ${pieces.join(', ')}: the compiler changed its arguments or split it`,
            wayOut: 'a probe on it would not see every call; report the compiler version',
          }
        : {
            symbol: clone,
            fact: 'it is not in System.map: the code around it is not built, or the compiler inlined every call',
            wayOut: 'look for an #ifdef around the original and request its CONFIG option',
          },
    ]
  return exported.has(clone)
    ? []
    : [
        {
          symbol: clone,
          fact: 'it is not in Module.symvers, so it is not exported',
          wayOut: 'is CONFIG_MODULES=y? (kernel/config/base.config has it)',
        },
      ]
}

function proveEdge({ caller, callee }: { caller: string; callee: string }, { calls }: Proof): Problem[] {
  const pieces = [caller, ...piecesOf(caller, calls.keys())]
  const called = new Set(pieces.flatMap((piece) => [...(calls.get(piece) ?? [])]))
  if (called.has(callee)) return []
  const original = callee.replace(/_[^_]+$/, '')
  const instead = [...called].filter((name) => name === original || name.startsWith(`${callee}.`))
  return [
    {
      symbol: caller,
      fact:
        instead.length > 0
          ? `it calls ${instead.join(', ')} instead of ${callee}`
          : `it does not call ${callee}: the call was inlined, or the compiler dropped it as dead code`,
      wayOut: `if the configuration compiles the call out, take ${original} out of \`functions:\``,
    },
  ]
}

/** Everything that is not as promised; empty is the proof. */
export function proveClones(proof: Proof): readonly Problem[] {
  const symbols = parseSystemMap(proof.systemMap)
  const exported = parseSymvers(proof.moduleSymvers)
  const missing = new Set(proof.clones.filter((clone) => !symbols.has(clone)))
  return [
    ...proof.clones.flatMap((clone) => proveClone(clone, symbols, exported)),
    // A clone that is not there is said once, not again for each of its calls.
    ...proof.edges
      .filter(({ caller, callee }) => !missing.has(caller) && !missing.has(callee))
      .flatMap((edge) => proveEdge(edge, proof)),
  ]
}
