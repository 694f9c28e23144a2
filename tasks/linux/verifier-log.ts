/**
 * The verifier's log: which instruction it refused, about which register, from which line of the source. Reads the style of all
 * kernels up to 7.2: instructions as "8: (79) r1 = *(u64 *)(r0 +0)", source lines as "; text @ file:line" (file since 6.8), the
 * reason last.
 */
export interface Rejection {
  readonly message: string
  readonly instruction?: { readonly index: number; readonly text: string }
  /** "R0". */
  readonly register?: string
  /** Text of the C line. */
  readonly sourceLine?: string
  /** "file.c:12", where the log has it. */
  readonly source?: string
  readonly wayOut: string
}

const INSTRUCTION = /^(\d+): \(([0-9a-f]{2})\) (.+?)\s*(?:;.*)?$/
const SOURCE = /^; (.+?)(?: @ (\S+:\d+)(?::\d+)?)?$/
const STATISTICS =
  /^(processed \d+ insns|verification time|stack depth|max_states|peak_states|mark_read|from \d+ to \d+|last_idx|regs=|parent |mark_precise|\d+: (?:R\d|frame\d|safe)|frame\d+:|\s|;|func#|R\d+(_w)?=)/

const WAYS_OUT: readonly (readonly [RegExp, string])[] = [
  [/map_value_or_null/, 'compare the result of bpf_map_lookup_elem with NULL before using it'],
  [
    /invalid mem access '(inv|scalar)'/,
    'a pointer from the context is only a number to the verifier: read through it with bpf_probe_read',
  ],
  [
    /invalid access to map value|outside of the (allowed memory|array) range/,
    'the access is wider than the map value: use a pointer of the type that the map holds',
  ],
  [
    /unknown func|program of this type cannot use helper/,
    'this helper is not available to this program type on this kernel',
  ],
  [/back-edge|infinite loop/, 'kernels before 5.3 accept no loops: unroll with `#pragma unroll`'],
  [/too many|too large|BPF program is too large|complexity/, 'make the program smaller, or split it with tail calls'],
  [
    /(?:invalid|indirect) (?:indirect )?(?:read from|access to) stack/,
    'every byte of stack that is read or handed to a helper must be written before: start it with `= {}`',
  ],
  [/stack/, 'a program has 512 bytes of stack'],
  [
    /invalid (bpf_)?context access|invalid indirect access to context/,
    'this offset of the context cannot be read directly: use the macros of bpf_tracing.h',
  ],
]

/** The rejection in a verifier's log, or undefined when there is none. */
export function explainRejection(log: string): Rejection | undefined {
  const lines = log.split('\n').map((line) => line.trimEnd())
  let instruction: Rejection['instruction']
  let sourceLine: string | undefined
  let source: string | undefined
  let message: string | undefined
  for (const line of lines) {
    const found = INSTRUCTION.exec(line)
    const comment = SOURCE.exec(line)
    if (found) {
      instruction = { index: Number(found[1]), text: `(${found[2] ?? ''}) ${found[3] ?? ''}` }
      message = undefined
    } else if (comment) {
      sourceLine = comment[1]
      source = comment[2] ?? source
    } else if (line !== '' && !STATISTICS.test(line)) message = message === undefined ? line : `${message}; ${line}`
  }
  if (message === undefined) return undefined
  const register = /\bR\d+\b/.exec(message)?.[0]
  const wayOut =
    WAYS_OUT.find(([pattern]) => pattern.test(message ?? ''))?.[1] ??
    'the whole log is in the result; its last instruction is what the verifier refuses'
  return {
    message,
    wayOut,
    ...(instruction === undefined ? {} : { instruction }),
    ...(register === undefined ? {} : { register }),
    ...(sourceLine === undefined ? {} : { sourceLine }),
    ...(source === undefined ? {} : { source }),
  }
}
