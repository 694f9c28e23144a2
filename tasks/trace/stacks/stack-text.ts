/** A stack in the message of a typed event, as people read it. */
import { framesOf } from './folded.ts'
import type { RunCode, StackOwner } from './run-code.ts'
import { halfOfArray } from './typed-stacks.ts'

/** An array of whole numbers whose name says that it is a stack (event-record.ts shows it so). */
const FIELD = /(?<=^| )([\w.]*stack[\w.]*)=\[(\d+(?:,\d+)*)\]/gi

/** The message with functions in place of addresses, the innermost first: `stack=[copyout <- _copy_to_iter <- ...]`. */
export const withStacks = (message: string, code: RunCode, owner: StackOwner): string =>
  message.replaceAll(FIELD, (_, name: string, numbers: string) => {
    const half = halfOfArray(numbers.split(',').map(BigInt))
    const frames = framesOf(half, code, owner).map((frame) => frame.name)
    return `${name}=[${frames.toReversed().join(' <- ')}]`
  })
