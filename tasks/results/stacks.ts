/** The counted stacks of a run, with the names of their functions. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { CodeIndex } from '../linux/symbols/code-ranges.ts'
import { MapsSchema } from '../trace/events/maps-file.ts'
import { folded, isLost, type FoldedStack } from '../trace/stacks/folded.ts'
import { stackCounts, type StackCount } from '../trace/stacks/stack-counts.ts'
import { codeIn, SYMBOLS_FILE } from '../trace/stacks/symbols-file.ts'
import type { StoredRun } from './manifest.ts'

/** What one map of a run counted. */
export interface RunStacks {
  /** Of the map. */
  readonly name: string
  readonly stacks: readonly FoldedStack[]
  /** The sum of all weights. */
  readonly total: number
  /** What was counted and has no stack any more, or was not counted; one sentence each. */
  readonly notes: readonly string[]
}

/** Which counts are kept. */
export interface StackFilter {
  readonly comm?: string | undefined
  readonly pid?: number | undefined
}

async function textOf(dir: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(dir, name), 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

const wantedBy =
  ({ comm, pid }: StackFilter) =>
  (count: StackCount): boolean =>
    (comm === undefined || count.comm === comm) && (pid === undefined || count.pid === pid)

const sumOf = (counts: readonly { readonly weight: number }[]): number =>
  counts.reduce((sum, { weight }) => sum + weight, 0)

/**
 * What each map of a result counted; undefined where no maps were kept.
 * @param dir the result @throws where a file is not what it should be
 */
export async function stacksIn(dir: string, filter: StackFilter = {}): Promise<RunStacks[] | undefined> {
  const maps = await textOf(dir, 'maps.json')
  if (maps === undefined) return undefined
  const names = await textOf(dir, SYMBOLS_FILE)
  const code = names === undefined ? new CodeIndex([]) : codeIn(names)
  return stackCounts(MapsSchema.parse(JSON.parse(maps))).map(({ name, counts, unplaced = 0, cut }) => {
    const kept = counts.filter(wantedBy(filter))
    const lost = sumOf(kept.filter(({ halves }) => halves.some(isLost)))
    const notes = [
      ...(lost > 0 ? [`${lost} of ${sumOf(kept)} were counted without their stack, which was lost`] : []),
      ...(unplaced > 0 ? [`${unplaced} were not counted, because ${name} had no room for another stack`] : []),
      ...(cut ? ['the map had more entries than a run keeps (4096), so that some counts are missing'] : []),
    ]
    return { name, stacks: folded(kept, code), total: sumOf(kept), notes }
  })
}

/** What each map of a run counted. @throws a user's Failure for a run without counted stacks */
export async function stacksOfRun({ dir, run }: StoredRun, filter: StackFilter = {}): Promise<RunStacks[]> {
  let found: RunStacks[] | undefined
  try {
    found = await stacksIn(dir, filter)
  } catch (error) {
    throw userError(
      {
        place: run,
        fact: `its maps.json or ${SYMBOLS_FILE} cannot be read`,
        wayOut: `\`lab verify ${printable(run, 80)}\` says what is wrong with it`,
      },
      error,
    )
  }
  if (found === undefined)
    throw userError({
      place: run,
      fact: 'its maps were not kept, and stacks are in maps',
      wayOut: 'add maps to `collect:` of the experiment and run it again',
    })
  if (found.length > 0) return found
  throw userError({
    place: run,
    fact: 'no map of its probes counts stacks',
    wayOut:
      'declare one with STACKS() of lab.bpf.h (docs/probes.md), or a hash whose key has the number of bpf_get_stackid() in a member called ..._stack',
  })
}
