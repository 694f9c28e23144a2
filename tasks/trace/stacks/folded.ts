/**
 * Counted stacks as folded text, which flame graph tools read: `comm;outer;inner 12`, a line for each stack. A stack of
 * the program comes before that of the kernel that it led to.
 */
import { printable } from '../../engine/printable.ts'
import { isAddress, LOWEST_OF_KERNEL } from './addresses.ts'
import type { RunCode, StackOwner } from './run-code.ts'
import type { Half, StackCount } from './stack-counts.ts'

export interface Frame {
  readonly name: string
  /** Of a task, of the code of a program or the kernel, or in place of what is not known. */
  readonly kind: 'task' | 'program' | 'kernel' | 'lost'
}

/** Frames from the outermost to the innermost, and what was counted. */
export interface FoldedStack {
  readonly frames: readonly Frame[]
  readonly weight: number
}

/** errno-base.h; what bpf_get_stackid() means by them (kernel/bpf/stackmap.c). */
const ERRORS: Readonly<Record<number, string>> = {
  12: '[stack lost: no room in its map]',
  14: '[no stack]',
  17: '[stack lost: another stack was in its place]',
}
/** Errors that are a loss; a task without that kind of stack is none. */
const LOSSES = new Set([12, 17])

export const isLost = (half: Half): boolean =>
  'missing' in half || ('error' in half && (LOSSES.has(half.error) || ERRORS[half.error] === undefined))

const lostFrame = (name: string): Frame => ({ name, kind: 'lost' })

/** The frames of half a stack, the outermost first. */
export function framesOf(half: Half, code: RunCode, owner: StackOwner): Frame[] {
  if ('missing' in half) return [lostFrame('[stack lost: not in the dump of its map]')]
  if ('error' in half) return [lostFrame(ERRORS[half.error] ?? `[stack lost: error ${half.error}]`)]
  const end = half.addresses.findIndex((address) => !isAddress(address))
  const frames = half.addresses.slice(0, end < 0 ? undefined : end).flatMap((address, depth) => {
    const kind = address >= LOWEST_OF_KERNEL ? 'kernel' : 'program'
    return code.frame(address, depth, owner).map((name): Frame => ({ name, kind }))
  })
  // The C library starts main() without frame pointers: what seems to be outside of it is not there.
  const main = frames.findIndex(({ name, kind }) => kind === 'program' && name === 'main')
  if (main >= 0) return frames.slice(0, main + 1).toReversed()
  return [...frames, ...(half.full && end < 0 ? [lostFrame('[outer frames may be cut]')] : [])].toReversed()
}

/** What separates frames cannot be part of one, and a line is a stack. */
const clean = ({ name, kind }: Frame): Frame => ({ name: printable(name, 200).replaceAll(';', ':'), kind })
const textOf = (frames: readonly Frame[]): string => frames.map(({ name }) => name).join(';')

/** The counts of a run with the names of their frames; what has no frames, or counted nothing, is left out. */
export const folded = (counts: readonly StackCount[], code: RunCode): FoldedStack[] =>
  addedUp(
    counts.flatMap(({ weight, pid, comm, halves }) => {
      const task: Frame[] = comm === undefined ? [] : [{ name: comm, kind: 'task' }]
      const frames = [...task, ...halves.flatMap((half) => framesOf(half, code, { pid, comm }))].map(clean)
      return frames.length === 0 || weight <= 0 ? [] : [{ frames, weight }]
    }),
  )

/** Stacks of several runs as one list: the same stack once, the heaviest first. */
export function addedUp(stacks: readonly FoldedStack[]): FoldedStack[] {
  const sums = new Map<string, { readonly frames: readonly Frame[]; weight: number }>()
  for (const { frames, weight } of stacks) {
    const key = textOf(frames)
    const sum = sums.get(key)
    if (sum === undefined) sums.set(key, { frames, weight })
    else sum.weight += weight
  }
  return [...sums]
    .toSorted(([a, one], [b, other]) => other.weight - one.weight || (a < b ? -1 : 1))
    .map(([, sum]) => sum)
}

/** The text, a line for each stack. */
export const foldedText = (stacks: readonly FoldedStack[]): string =>
  stacks.map(({ frames, weight }) => `${textOf(frames)} ${weight}\n`).join('')
