/**
 * What the manifests of all runs say, in one file: reading 10,000 of them takes seconds, reading `results/.index` does
 * not. It is a cache. What is in it holds only as long as the manifest has the same size and time, so a run that was
 * copied, edited or removed by hand is seen the next time; whoever deletes the file loses nothing.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Definition } from './definition.ts'
import { detailsIn, loadIndex, saveIndex, type Entry, type Index } from './index-file.ts'
import type { ListedRun, RunDetails } from './listed-run.ts'

const INDEX = '.index'
/** What a half-deleted run is called. */
const MISSING = 'manifest.json is missing: half of it was deleted'

export interface IndexedRun extends ListedRun {
  /** Not parsed until somebody asks: a list of 10,000 runs has no use for it. */
  readonly details: () => RunDetails
}

/** A directory under results that is no whole run. */
export interface Skipped {
  /** `experiment/run`. */
  readonly name: string
  readonly why: string
}

export interface RunIndex {
  /** Oldest first. */
  readonly runs: readonly IndexedRun[]
  readonly skipped: readonly Skipped[]
  /** Every definition that a run has, by its name. */
  readonly definitions: ReadonlyMap<string, Definition>
}

function directories(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : [],
    )
  } catch {
    return []
  }
}

async function entryOf(
  dir: string,
  definitions: Index['definitions'],
): Promise<Pick<Entry, 'listed' | 'details' | 'json' | 'why'>> {
  const { readRun } = await import('./run-shape.ts')
  const found = readRun(dir)
  if ('why' in found) return found
  if (found.definition) definitions.set(found.definition.id, found.definition)
  const json = Buffer.from(JSON.stringify(found.details))
  return { listed: found.listed, ...detailsIn(() => json) }
}

/**
 * Every whole run, and every directory that is none. Reads only manifests that are new or changed since the last time.
 */
export async function indexRuns(results: string): Promise<RunIndex> {
  const file = join(results, INDEX)
  const { entries: before, definitions } = loadIndex(file)
  const entries = new Map<string, Entry>()
  const runs: IndexedRun[] = []
  const skipped: Skipped[] = []
  let changed = false
  for (const experiment of directories(results))
    for (const run of directories(join(results, experiment))) {
      const name = `${experiment}/${run}`
      const dir = `${results}/${name}`
      const facts = statSync(`${dir}/manifest.json`, { throwIfNoEntry: false })
      const [size, time] = [facts?.size ?? -1, facts?.mtimeMs ?? 0]
      let entry = before.get(name)
      if (entry?.size !== size || entry.time !== time) {
        changed = true
        entry = { size, time, ...(facts ? await entryOf(dir, definitions) : { why: MISSING }) }
      }
      entries.set(name, entry)
      const { listed, details, why } = entry
      if (listed && details) runs.push({ run, experiment, ...listed, details })
      else skipped.push({ name, why: why ?? MISSING })
    }
  if (changed || entries.size !== before.size) saveIndex(file, { entries, definitions })
  runs.sort((a, b) => (a.started < b.started ? -1 : a.started > b.started ? 1 : 0))
  return { runs, skipped, definitions }
}
