/** One kind of rejection: the messages that the verifier prints for it, and what they mean. */
import type { Confidence } from '../../explain/finding.ts'
import type { Origin } from '../origin.ts'

/** What a log says about a rejection, for explanations that depend on it. */
export interface Situation {
  /** The message that the kind was found by. */
  readonly message: string
  /** What the message has in the places of its format's conversions. */
  readonly words: readonly string[]
  /** The instruction without its number and code: "r1 = *(u64 *)(r0 +0)". */
  readonly instruction: string | undefined
  /** "R0", when the message or the instruction names one. */
  readonly register: string | undefined
  readonly origin: Origin | undefined
  /** What the verifier knew about that register: "map_value_or_null(id=1,ks=4,vs=8)". */
  readonly state: string | undefined
}

type Text<T> = T | ((situation: Situation) => T)

export interface Kind {
  /** Part of the rule's name in `lab explain --json`. */
  readonly id: string
  /** printf formats as they are in the kernel, one a line; those that are printed in pieces, put together. */
  readonly formats: string
  readonly cause: Text<string>
  /** What to do, the best first. */
  readonly fixes: Text<readonly string[]>
  readonly confidence?: Confidence
  /** What to look at when this is not the cause. */
  readonly otherwise?: string
  /** The message is about the program as a whole: the last instruction of the log is not the one that is refused. */
  readonly wholeProgram?: true
  /** Where the kernel decides it. */
  readonly sources: readonly string[]
}

/** A text, for one rejection. */
export const textOf = <T extends string | readonly string[]>(text: Text<T>, situation: Situation): T =>
  typeof text === 'function' ? text(situation) : text

/** Numbers of a message by their names: "value_size=4 off=0 size=8". */
export function numbersOf(message: string): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = {}
  for (const [, name = '', value = ''] of message.matchAll(/\b(\w+)=(-?\d+)/g)) numbers[name] ??= Number(value)
  return numbers
}

/** "1 byte", "8 bytes". */
export const bytes = (count: number): string => `${count} byte${count === 1 ? '' : 's'}`
