/** Where the value of a register came from, as far as the log's instructions show it. */
import { argumentAt } from '../c/pt-regs.ts'

export type Origin =
  /** The argument of the program: r1 when it starts. */
  | { readonly kind: 'context' }
  /** Read from the context. `size` in bytes. */
  | { readonly kind: 'context field'; readonly offset: number; readonly size: number; readonly at: number }
  /** What a helper, a kernel function or a function of the program returned. */
  | { readonly kind: 'call'; readonly callee: string; readonly at: number }
  /** Read from memory that another register points to. */
  | { readonly kind: 'memory'; readonly text: string; readonly through: Origin | undefined; readonly at: number }
  | { readonly kind: 'constant'; readonly value: string; readonly at: number }
  /** The address of a map, of one of its values, of a variable: a 64-bit immediate. */
  | { readonly kind: 'address'; readonly text: string; readonly at: number }
  | { readonly kind: 'stack'; readonly at: number | undefined }
  /** Made by arithmetic out of something else. */
  | { readonly kind: 'arithmetic'; readonly text: string; readonly of: Origin | undefined; readonly at: number }

/** Of a helper "bpf_map_lookup_elem#1": its name. */
export const calleeName = (callee: string): string => callee.replace(/#-?\d+$/, '')

/** What the first arithmetic was done to. Only this is kept, so that a loop does not make an endless chain. */
export const baseOf = (origin: Origin | undefined): Origin | undefined =>
  origin?.kind === 'arithmetic' ? origin.of : origin

/**
 * "offset 104 of the context: pt_regs.si, argument 2 of the probed function": said of 64-bit reads at the place of an
 * argument only.
 */
function contextField(offset: number, size: number): string {
  const argument = size === 8 ? argumentAt(offset) : undefined
  return `offset ${offset} of the context${argument === undefined ? '' : `: ${argument} (when this is a kprobe on x86-64)`}`
}

/** An origin in words, after "came from". */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'context':
      return 'the context, which is the argument of the program'
    case 'context field':
      return contextField(origin.offset, origin.size)
    case 'call':
      return `the return value of ${calleeName(origin.callee)} (instruction ${origin.at})`
    case 'memory':
      return `memory: ${origin.text} (instruction ${origin.at})`
    case 'constant':
      return `the constant ${origin.value} (instruction ${origin.at})`
    case 'address':
      return `an address in the program text: ${origin.text} (instruction ${origin.at})`
    case 'stack':
      return 'the frame pointer: it is an address on the stack'
    case 'arithmetic': {
      const base = baseOf(origin)
      return `arithmetic: ${origin.text} (instruction ${origin.at})${base ? `, on ${originText(base)}` : ''}`
    }
  }
}
