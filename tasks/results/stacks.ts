/** The stacks of a run, counted in maps or sent in typed events, with the names of their functions. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { MapsSchema } from '../trace/events/maps-file.ts'
import { typedFile } from '../trace/events/typed-name.ts'
import { folded, isLost, type FoldedStack } from '../trace/stacks/folded.ts'
import { RunCode } from '../trace/stacks/run-code.ts'
import { stackCounts, type StackCount } from '../trace/stacks/stack-counts.ts'
import { codeIn, SYMBOLS_FILE } from '../trace/stacks/symbols-file.ts'
import { typedStacks } from '../trace/stacks/typed-stacks.ts'
import type { StoredRun } from './manifest.ts'

/** What one map of a run counted, or one channel of typed events sent. */
export interface RunStacks {
  /** Of the map or the channel. */
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

/** What the maps of a result counted; undefined where none were kept. */
async function countedIn(dir: string, code: RunCode, filter: StackFilter): Promise<RunStacks[] | undefined> {
  const maps = await textOf(dir, 'maps.json')
  if (maps === undefined) return undefined
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

/** What the channels of a result sent, an event each; what they lost, the ledger of the run says. */
async function sentIn(dir: string, typed: readonly string[], code: RunCode, filter: StackFilter): Promise<RunStacks[]> {
  const found: RunStacks[] = []
  for (const name of typed) {
    const kept = (await typedStacks(join(dir, typedFile(name))))?.filter(wantedBy(filter))
    if (kept !== undefined) found.push({ name, stacks: folded(kept, code), total: sumOf(kept), notes: [] })
  }
  return found
}

/**
 * What each map of a result counted, and each channel sent; undefined where neither was kept.
 * @param typed the channels of typed events that it has a table of
 * @throws where a file is not what it should be
 */
export async function stacksIn(
  dir: string,
  typed: readonly string[],
  filter: StackFilter = {},
): Promise<RunStacks[] | undefined> {
  const names = await textOf(dir, SYMBOLS_FILE)
  const code = names === undefined ? new RunCode([]) : codeIn(names)
  const counted = await countedIn(dir, code, filter)
  return counted === undefined && typed.length === 0
    ? undefined
    : [...(counted ?? []), ...(await sentIn(dir, typed, code, filter))]
}

/** The same of a run. @throws a user's Failure for a run without stacks */
export async function stacksOfRun({ dir, run, manifest }: StoredRun, filter: StackFilter = {}): Promise<RunStacks[]> {
  let found: RunStacks[] | undefined
  try {
    const tables = (manifest.trace.typed ?? []).filter(({ name }) => Object.hasOwn(manifest.sha256, typedFile(name)))
    found = await stacksIn(
      dir,
      tables.map(({ name }) => name),
      filter,
    )
  } catch (error) {
    throw userError(
      {
        place: run,
        fact: `its maps.json, ${SYMBOLS_FILE} or a table of its typed events cannot be read`,
        wayOut: `\`lab verify ${printable(run, 80)}\` says what is wrong with it`,
      },
      error,
    )
  }
  if (found === undefined)
    throw userError({
      place: run,
      fact: 'its maps were not kept, and it has no typed events: stacks are in either',
      wayOut: 'add maps to `collect:` of the experiment and run it again',
    })
  if (found.length > 0) return found
  throw userError({
    place: run,
    fact: 'no map of its probes counts stacks, and no typed event has one',
    wayOut:
      'declare a map with STACKS() of lab.bpf.h (docs/probes.md), or a hash whose key has the number of bpf_get_stackid() in a member called ..._stack, or give the struct of an event a `__u64 stack[32]` that bpf_get_stack() fills',
  })
}
