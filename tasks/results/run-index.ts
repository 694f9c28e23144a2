/**
 * What the manifests of all runs say, in one file: reading 10,000 of them takes seconds, reading `results/.index` does
 * not. It is a cache. What is in it holds only as long as the manifest has the same size and time, so a run that was
 * copied, edited or removed by hand is seen the next time; whoever deletes the file loses nothing.
 */
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ownVersion } from '../engine/own-version.ts'
import { replaceFile } from '../engine/replace-file.ts'
import type { Definition } from './definition.ts'
import type { ListedRun, RunDetails, RunLine } from './listed-run.ts'

const INDEX = '.index'
/** What a half-deleted run is called. */
const MISSING = 'manifest.json is missing: half of it was deleted'
/** Changes whenever an entry has something else in it, or the facts of a definition are computed in another way. */
const FORMAT = 7

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

interface Entry {
  readonly size: number
  readonly time: number
  readonly listed?: RunLine
  /** JSON, read only when somebody asks. */
  readonly details?: string
  readonly why?: string
}

/**
 * One line for each directory: what a list needs, a tab (JSON has none of its own), and the details. Thousands of runs
 * share a definition, so these have lines of their own, which begin with a tab. The first line is the format, and the
 * version that computed the definitions.
 */
const head = (): string => `lab index ${FORMAT} of lab ${ownVersion()}`

type Line = readonly [name: string, size: number, time: number, listed: Entry['listed'] | null, why: string | null]

interface Index {
  readonly entries: Map<string, Entry>
  readonly definitions: Map<string, Definition>
}

function load(file: string): Index {
  const index: Index = { entries: new Map(), definitions: new Map() }
  try {
    const [first, ...lines] = readFileSync(file, 'utf8').split('\n')
    if (first !== head()) return index
    for (const line of lines) {
      const tab = line.indexOf('\t')
      if (tab < 0) continue
      if (tab === 0) {
        const definition = JSON.parse(line.slice(1)) as Definition
        index.definitions.set(definition.id, definition)
        continue
      }
      const [name, size, time, listed, why] = JSON.parse(line.slice(0, tab)) as Line
      if (listed) {
        // Half an index: the run is read again.
        if (listed.definition !== null && !index.definitions.has(listed.definition)) continue
        index.entries.set(name, { size, time, listed, details: line.slice(tab + 1) })
      } else if (why !== null) index.entries.set(name, { size, time, why })
    }
  } catch {
    // None yet, or half of one: what is missing is read again.
  }
  return index
}

function save(file: string, { entries, definitions }: Index): void {
  const lines = [...entries].map(([name, { size, time, listed, details = '', why }]) => {
    const line: Line = [name, size, time, listed ?? null, why ?? null]
    return `${JSON.stringify(line)}\t${details}`
  })
  const used = new Set([...entries.values()].map(({ listed }) => listed?.definition))
  const shared = [...definitions.values()].filter(({ id }) => used.has(id)).map((one) => `\t${JSON.stringify(one)}`)
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    replaceFile(file, [head(), ...shared, ...lines, ''].join('\n'))
  } catch {
    // A directory that cannot be written is read the long way each time.
  }
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
): Promise<Pick<Entry, 'listed' | 'details' | 'why'>> {
  const { readRun } = await import('./run-shape.ts')
  const found = readRun(dir)
  if ('why' in found) return found
  if (found.definition) definitions.set(found.definition.id, found.definition)
  return { listed: found.listed, details: JSON.stringify(found.details) }
}

/**
 * Every whole run, and every directory that is none. Reads only manifests that are new or changed since the last time.
 */
export async function indexRuns(results: string): Promise<RunIndex> {
  const file = join(results, INDEX)
  const { entries: before, definitions } = load(file)
  const entries = new Map<string, Entry>()
  const runs: IndexedRun[] = []
  const skipped: Skipped[] = []
  let changed = false
  for (const experiment of directories(results))
    for (const run of directories(join(results, experiment))) {
      const name = `${experiment}/${run}`
      const dir = join(results, experiment, run)
      const facts = statSync(join(dir, 'manifest.json'), { throwIfNoEntry: false })
      const [size, time] = [facts?.size ?? -1, facts?.mtimeMs ?? 0]
      let entry = before.get(name)
      if (entry?.size !== size || entry.time !== time) {
        changed = true
        entry = { size, time, ...(facts ? await entryOf(dir, definitions) : { why: MISSING }) }
      }
      entries.set(name, entry)
      const { listed, details = '', why } = entry
      if (listed) runs.push({ run, experiment, ...listed, details: () => JSON.parse(details) as RunDetails })
      else skipped.push({ name, why: why ?? MISSING })
    }
  if (changed || entries.size !== before.size) save(file, { entries, definitions })
  runs.sort((a, b) => (a.started < b.started ? -1 : a.started > b.started ? 1 : 0))
  return { runs, skipped, definitions }
}
