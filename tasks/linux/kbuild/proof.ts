/**
 * What the binary says about clones and exposed functions: present under their own names, exported, and called. Text
 * in, problems out.
 */
import type { Exposed } from '../c/expose.ts'
import type { Call } from '../c/parallel-path.ts'

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

/** Lines "0xcrc\tname\tvmlinux\tEXPORT_SYMBOL" of Module.symvers: name -> "vmlinux", or the module that has it. */
export const parseSymvers = (text: string): Map<string, string> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const [, name, where] = line.split('\t')
      return name === undefined || where === undefined ? [] : [[name, where] as const]
    }),
  )

/**
 * Callees per function from `objdump -d`: calls, and jumps to the beginning of another function, which is what a last
 * call becomes. The target is read without its offset; a jump into the function itself is none.
 */
export function parseObjdumpCalls(text: string): Map<string, Set<string>> {
  const calls = new Map<string, Set<string>>()
  for (const { current, line } of codeLines(text)) {
    const known = calls.get(current) ?? new Set()
    calls.set(current, known)
    const target = /\b(?:call|jmp)q?\s+[0-9a-f]+ <([^+>]+)>/.exec(line)?.[1]
    if (target !== undefined && target !== current) known.add(target)
  }
  return calls
}

/**
 * Addresses per function that its code holds as values: `mov $0xffffffff81234567,%rsi`, and what objdump notes behind
 * "#" of an address relative to the instruction. A function that is handed on as a value shows so.
 */
export function parseObjdumpAddresses(text: string): Map<string, Set<bigint>> {
  const addresses = new Map<string, Set<bigint>>()
  for (const { current, line } of codeLines(text)) {
    const known = addresses.get(current) ?? new Set()
    addresses.set(current, known)
    for (const [, value = '0'] of line.matchAll(/(?:\$0x|#\s+)(ffffffff[0-9a-f]{8})\b/g))
      known.add(BigInt(`0x${value}`))
  }
  return addresses
}

function* codeLines(text: string): Iterable<{ current: string; line: string }> {
  let current: string | undefined
  for (const line of text.split('\n')) {
    const header = /^[0-9a-f]+ <([^>]+)>:$/.exec(line)
    if (header) current = header[1]
    if (current !== undefined) yield { current, line }
  }
}

/** Parts that GCC makes of a function: copyout.isra.0, copyout.part.13, copyout.constprop.0, copyout.cold. */
const piecesOf = (name: string, names: Iterable<string>): string[] =>
  [...names].filter((other) => other.startsWith(`${name}.`))

export interface Proof {
  readonly systemMap: string
  readonly moduleSymvers: string
  readonly calls: ReadonlyMap<string, ReadonlySet<string>>
  /** Addresses that each function's code holds; needed where an edge is not a direct call. */
  readonly addresses?: ReadonlyMap<string, ReadonlySet<bigint>>
  readonly clones: readonly { readonly name: string; readonly original: string }[]
  readonly edges: readonly Call[]
  readonly exposed?: readonly Pick<Exposed, 'name' | 'as'>[]
}

interface Facts {
  readonly symbols: ReadonlyMap<string, readonly Symbol[]>
  readonly exported: ReadonlyMap<string, string>
}

/** It is a symbol of its own name, in vmlinux or in a module. */
function provePresent(name: string, { symbols, exported }: Facts, inlined: string): Problem[] {
  if (symbols.has(name) || (exported.get(name) ?? 'vmlinux') !== 'vmlinux') return []
  const pieces = piecesOf(name, symbols.keys())
  return [
    pieces.length > 0
      ? {
          symbol: name,
          fact: `it exists only as ${pieces.join(', ')}: the compiler changed its arguments or split it`,
          wayOut: 'a probe on it would not see every call; report the compiler version',
        }
      : {
          symbol: name,
          fact: `it is not in System.map: the code around it is not built, or ${inlined}`,
          wayOut: 'look for an #ifdef around the original and request its CONFIG option',
        },
  ]
}

const proveExported = (name: string, { exported }: Facts): Problem[] =>
  exported.has(name)
    ? []
    : [
        {
          symbol: name,
          fact: 'it is not in Module.symvers, so it is not exported',
          wayOut: 'is CONFIG_MODULES=y? (kernel/config/base.config has it)',
        },
      ]

/** Two functions of one body that became one: a probe on either would fire for both. */
function proveApart(names: readonly string[], originals: readonly string[], { symbols }: Facts): Problem[] {
  const at = new Map<bigint, string[]>()
  for (const name of new Set([...names, ...originals]))
    for (const { address } of symbols.get(name) ?? []) at.set(address, [...(at.get(address) ?? []), name])
  return [...at.values()].flatMap((same) =>
    same.length < 2 || !same.some((name) => names.includes(name))
      ? []
      : [
          {
            symbol: same[0] ?? '',
            fact: `it has the same address as ${same.slice(1).join(', ')}: the compiler folded equal functions into one`,
            wayOut: 'a probe on one would fire for the other; report the compiler version',
          },
        ],
  )
}

function proveEdge({ caller, callee, direct }: Call, proof: Proof, symbols: Facts['symbols']): Problem[] {
  const pieces = [caller, ...piecesOf(caller, proof.calls.keys())]
  const called = new Set(pieces.flatMap((piece) => [...(proof.calls.get(piece) ?? [])]))
  if (called.has(callee)) return []
  const held = new Set(pieces.flatMap((piece) => [...(proof.addresses?.get(piece) ?? [])]))
  if (!direct && symbols.get(callee)?.some(({ address }) => held.has(address))) return []
  const original = proof.clones.find(({ name }) => name === callee)?.original ?? callee
  const instead = [...called].filter((name) => name === original || name.startsWith(`${callee}.`))
  return [
    {
      symbol: caller,
      fact:
        instead.length > 0
          ? `it calls ${instead.join(', ')} instead of ${callee}`
          : `it does not ${direct ? 'call' : 'use'} ${callee}: the call was inlined, or the compiler dropped it as dead code`,
      wayOut: `if the configuration compiles the call out, take ${original} out of \`functions:\``,
    },
  ]
}

/** A clone's code is its own: it does not hand over to the original or to another clone of it. */
function proveOwn(proof: Proof): Problem[] {
  return proof.clones.flatMap(({ name, original }) => {
    const twins = proof.clones.filter((other) => other.original === original && other.name !== name)
    const over = [original, ...twins.map((twin) => twin.name)].filter((other) => proof.calls.get(name)?.has(other))
    return over.map((other) => ({
      symbol: name,
      fact: `it hands over to ${other}, of which it should be a copy`,
      wayOut: 'a probe on one would fire for the other; report the compiler version',
    }))
  })
}

function proveExposed({ name, as }: Pick<Exposed, 'name' | 'as'>, facts: Facts): Problem[] {
  const present = as.includes('noinline') ? provePresent(name, facts, 'it is part of a module') : []
  const injectable = !as.includes('error-injectable') || facts.symbols.has(`_eil_addr_${name}`)
  return [
    ...present,
    ...(as.includes('exported') && present.length === 0 ? proveExported(name, facts) : []),
    ...(injectable || present.length > 0
      ? []
      : [
          {
            symbol: name,
            fact: 'it is not in the list of error-injectable functions',
            wayOut: 'request FUNCTION_ERROR_INJECTION: y under `options:` (and BPF_KPROBE_OVERRIDE for BPF)',
          },
        ]),
  ]
}

/** Everything that is not as promised; empty is the proof. */
export function proveClones(proof: Proof): readonly Problem[] {
  const facts: Facts = { symbols: parseSystemMap(proof.systemMap), exported: parseSymvers(proof.moduleSymvers) }
  const names = [...new Set(proof.clones.map(({ name }) => name))]
  const missing = new Set(names.filter((name) => !facts.symbols.has(name)))
  const inlined = 'the compiler inlined every call'
  return [
    ...names.flatMap((name) => {
      const absent = provePresent(name, facts, inlined)
      return absent.length > 0 ? absent : proveExported(name, facts)
    }),
    ...proveApart(
      [...names, ...(proof.exposed ?? []).flatMap(({ name, as }) => (as.includes('noinline') ? [name] : []))],
      proof.clones.map(({ original }) => original),
      facts,
    ),
    // A clone that is not there is said once, not again for each of its calls. A call of itself may be a loop by now.
    ...proof.edges
      .filter(({ caller, callee }) => caller !== callee && !missing.has(caller) && !missing.has(callee))
      .flatMap((edge) => proveEdge(edge, proof, facts.symbols)),
    ...proveOwn(proof),
    ...(proof.exposed ?? []).flatMap((one) => proveExposed(one, facts)),
  ]
}
