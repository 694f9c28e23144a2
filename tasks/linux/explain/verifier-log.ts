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

/** Begins the report that 7.3 adds (commit ce7c9f6c599b). */
export const REPORT = 'Verification failed: '
export const INSTRUCTION = /^(\d+): \(([0-9a-f]{2})\) (.+?)\s*(?:;.*)?$/
export const SOURCE = /^; (.+?)(?: @ (\S+:\d+)(?::\d+)?)?$/
export const STATISTICS =
  /^(processed \d+ insns|verification time|stack depth|max_states|peak_states|mark_read|from \d+ to \d+|last_idx|regs=|parent |mark_precise|\d+: (?:R\d|frame\d|safe)|frame\d+:|\s|;|func#|R\d+(_w)?=)/

/** What one of the verifier's messages means. */
export interface Reason {
  readonly pattern: RegExp
  readonly cause: string
  readonly wayOut: string
}

const REASONS: readonly Reason[] = [
  {
    pattern: /map_value_or_null/,
    cause: 'the result of a map lookup is used without a NULL check: the key may not be in the map',
    wayOut: 'compare the result of bpf_map_lookup_elem with NULL before using it',
  },
  {
    pattern: /invalid mem access '(inv|scalar)'/,
    cause:
      'a number is dereferenced: an argument of the probed function is a kernel or user address, which is no pointer to the verifier',
    wayOut: 'a pointer from the context is only a number to the verifier: read through it with bpf_probe_read',
  },
  {
    pattern: /invalid access to map value|outside of the (allowed memory|array) range/,
    cause: 'an access beyond the end of a map value',
    wayOut: 'the access is wider than the map value: use a pointer of the type that the map holds',
  },
  {
    pattern: /unknown func|program of this type cannot use helper/,
    cause: 'the helper is not in the list that the kernel keeps for this program type',
    wayOut: 'this helper is not available to this program type on this kernel',
  },
  {
    pattern: /back-edge|infinite loop/,
    cause: 'the program has a loop',
    wayOut: 'kernels before 5.3 accept no loops: unroll with `#pragma unroll`',
  },
  {
    pattern: /too many|too large|BPF program is too large|complexity|too complex/,
    cause: 'a limit of the verifier is exceeded (4096 instructions before 5.2, a million looked at since)',
    wayOut: 'make the program smaller, or split it with tail calls',
  },
  {
    pattern: /(?:invalid|indirect) (?:indirect )?(?:read from|access to) stack/,
    cause: 'bytes of the stack are read that were never written',
    wayOut: 'every byte of stack that is read or handed to a helper must be written before: start it with `= {}`',
  },
  { pattern: /stack/, cause: 'the stack is used wrongly', wayOut: 'a program has 512 bytes of stack' },
  {
    pattern: /invalid (bpf_)?context access|invalid indirect access to context/,
    cause: 'the program type does not let a program read this part of its context, or not with this width',
    wayOut: 'this offset of the context cannot be read directly: use the macros of bpf_tracing.h',
  },
  {
    pattern: /!read_ok/,
    cause:
      'a register is used that nothing was written to on this path: a variable without a value, or a missing return value',
    wayOut: 'give the variable a value on every path; a program ends with `return 0`',
  },
]

/** What a message means, by the first row that knows it. */
export const reasonOf = (message: string): Reason | undefined => REASONS.find(({ pattern }) => pattern.test(message))

/** The rejection in a verifier's log, or undefined when there is none. */
export function explainRejection(log: string): Rejection | undefined {
  const lines = log.split('\n').map((line) => line.trimEnd())
  let instruction: Rejection['instruction']
  let sourceLine: string | undefined
  let source: string | undefined
  let message: string | undefined
  for (const line of lines) {
    // Since 7.3 a report in words follows what older kernels say.
    if (line.startsWith(REPORT)) break
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
    reasonOf(message)?.wayOut ?? 'the whole log is in the result; its last instruction is what the verifier refuses'
  return {
    message,
    wayOut,
    ...(instruction === undefined ? {} : { instruction }),
    ...(register === undefined ? {} : { register }),
    ...(sourceLine === undefined ? {} : { sourceLine }),
    ...(source === undefined ? {} : { source }),
  }
}
