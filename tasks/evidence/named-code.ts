/**
 * symbols.json of a result against the symbols of its kernel. The run kept the lines of kallsyms about each function
 * that is named there; the workload, whose functions the others are, is not kept.
 */
import { printable } from '../engine/printable.ts'
import { kernelRanges, type CodeRange } from '../linux/symbols/code-ranges.ts'
import { LOWEST_OF_KERNEL } from '../trace/stacks/addresses.ts'
import { rangesIn, SYMBOLS_FILE } from '../trace/stacks/symbols-file.ts'
import { open, right, wrong, type Finding } from './finding.ts'

/** A line behind the last one, so that the last function has an end, too. */
const LAST = `${'f'.repeat(16)} T end\n`

/** Why a range is not what the kernel's symbols say; undefined where they agree. */
function disagreement(
  { from, to, name, of }: CodeRange,
  known: readonly CodeRange[],
  lines: ReadonlySet<string>,
): string | undefined {
  const shown = `${printable(name, 60)} (0x${from.toString(16)})`
  const own = known.find((code) => code.from === from)
  // Of the names of one address the kernel's first is kept, which is not the first in the order of the lines here.
  const isThere = own !== undefined && lines.has(`${from.toString(16)} ${name}`)
  if (!isThere || own.of !== of) return `${shown} is not among the kernel's symbols at this address`
  const inside = known.find((code) => code.from > from && code.from < to)
  return inside && `${shown} is said to go on where ${printable(inside.name, 60)} begins`
}

/** @param texts files of the result by name */
export function namedCode(texts: Readonly<Record<string, string>>): Finding[] {
  const [text, kallsyms] = [texts[SYMBOLS_FILE], texts['kallsyms']]
  if (text === undefined) return []
  // What reaches into the kernel names its addresses, wherever it begins.
  const ofKernel = rangesIn(text).filter(({ to }) => to > LOWEST_OF_KERNEL)
  if (ofKernel.length === 0) return []
  if (kallsyms === undefined) return [open(SYMBOLS_FILE, 'the lab keeps no kallsyms that it could be compared with')]
  const known = kernelRanges(kallsyms + LAST)
  const lines = new Set(kallsyms.split('\n').map((line) => line.replace(/^0*([0-9a-f]+) \S (\S+).*$/, '$1 $2')))
  const [first] = ofKernel.flatMap((range) => disagreement(range, known, lines) ?? [])
  return [first === undefined ? right(SYMBOLS_FILE, 'names are those of the kernel') : wrong(SYMBOLS_FILE, first)]
}
