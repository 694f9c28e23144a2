/**
 * What a rejection means: its kind, with what the log says about the instruction, the registers and where their values
 * came from.
 */
import type { Confidence } from '../explain/finding.ts'
import { kindOf } from './kinds/index.ts'
import { textOf, type Kind, type Situation } from './kinds/kind.ts'
import type { Rejection } from './log.ts'
import { originText } from './origin.ts'

export interface Meaning {
  /** The kind's name; "other" for a message that is in no table. */
  readonly id: string
  readonly cause: string
  readonly fixes: readonly string[]
  readonly confidence: Confidence
  readonly otherwise: string | undefined
  readonly sources: readonly string[]
  /** The last instruction of the log is not the one that is refused. */
  readonly wholeProgram: boolean
  /** "R0". */
  readonly register: string | undefined
  /** What was known about the registers that matter: "R0 = map_value_or_null(...), from ...". */
  readonly registers: readonly string[]
}

const REGISTER = /\bR\d+\b/
/** The register of an instruction that is used as an address, or copied. */
const USED = /\*\([us]\d+ \*\)\(r(\d+)|= r(\d+)$/
const MOST_REGISTERS = 3
const NO_KERNEL_BTF = /^(?:btf_vmlinux|in-kernel BTF) is malformed/

/**
 * The message that says most, and its kind: of several the first one with a kind, and not the "Rn ..." that follows it.
 */
function known(
  messages: readonly string[],
): { readonly message: string; readonly kind: Kind; readonly words: readonly string[] } | undefined {
  // "btf_vmlinux is malformed" is said in passing, and is the reason of whatever fails for lack of types.
  for (const message of [...messages.filter((one) => NO_KERNEL_BTF.test(one)), ...messages]) {
    const found = kindOf(message, true)
    if (found) return { message, kind: found.value, words: found.words }
  }
  return undefined
}

function registersOf(rejection: Rejection): string[] {
  const { messages, last } = rejection
  const named = messages.flatMap((message) => message.match(/\bR\d+\b/g) ?? [])
  const used = last === undefined ? null : USED.exec(last.text)
  const address = used?.[1] ?? used?.[2]
  return [...new Set([...named, ...(address === undefined ? [] : [`R${address}`])])]
}

function describe(rejection: Rejection, register: string): string | undefined {
  const state = rejection.registers.state(register)
  const origin = rejection.registers.origin(register)
  if (state === undefined && origin === undefined) return undefined
  return [
    ...(state === undefined ? [] : [`${register} = ${state}`]),
    ...(origin === undefined ? [] : [`${register} came from ${originText(origin)}`]),
  ].join('; ')
}

/**
 * The cause of a rejection and what to do. A message that is in no table is shown with its instruction, and is no less
 * the reason.
 */
export function meaningOf(rejection: Rejection): Meaning {
  const registers = registersOf(rejection)
  const register =
    rejection.messages.map((message) => REGISTER.exec(message)?.[0]).find((name) => name !== undefined) ?? registers[0]
  const shown = {
    register,
    registers: registers.slice(0, MOST_REGISTERS).flatMap((name) => describe(rejection, name) ?? []),
  }
  const found = known(rejection.messages)
  const suggestion = rejection.report.get('Suggestion')
  if (found === undefined)
    return {
      id: 'other',
      wholeProgram: false,
      cause:
        'the verifier refuses the program at this instruction for the reason that its message gives; lab knows nothing further about this message',
      fixes:
        suggestion === undefined
          ? ['look the message up in kernel/bpf/ of this kernel: what is tested before it is printed is the rule']
          : [suggestion],
      confidence: 'certain',
      otherwise: undefined,
      sources: [],
      ...shown,
    }
  const situation: Situation = {
    message: found.message,
    words: found.words,
    instruction: rejection.last?.text,
    register,
    origin: register === undefined ? undefined : rejection.registers.origin(register),
    state: register === undefined ? undefined : rejection.registers.state(register),
  }
  const fixes = textOf(found.kind.fixes, situation)
  return {
    id: found.kind.id,
    wholeProgram: found.kind.wholeProgram ?? false,
    cause: textOf(found.kind.cause, situation),
    fixes: suggestion === undefined ? fixes : [suggestion, ...fixes],
    confidence: found.kind.confidence ?? 'certain',
    otherwise: found.kind.otherwise,
    sources: found.kind.sources,
    ...shown,
  }
}
