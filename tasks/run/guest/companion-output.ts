/** What probes with a loader of their own printed (bpftrace scripts, samples): one file each. */
import { of, type HolderLine } from './holder.ts'

/** The file of a result, and of what the guest sends. @param program its name in the guest */
export const outputFile = (program: string): string => `probe-${program}.out`

/** Their outputs, by their names in the guest. @param textOf reads a file of the run */
export const outputsBeside = (
  lines: readonly HolderLine[],
  textOf: (file: string) => string,
): ReadonlyMap<string, string> => new Map(of(lines, 'companion').map(({ name }) => [name, textOf(outputFile(name))]))
