/**
 * One recording under several names: a raw file that was rendered again, a trace that was copied and called something
 * else. What a run holds and where that comes from are two questions; answers that do not fit together are said.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { eventsDigests } from '../trace/events/same-events.ts'
import type { Manifest } from './manifest.ts'
import { checkedRun } from './checked-run.ts'
import { readRun } from './result.ts'
import type { StoredRun } from './manifest.ts'
import { indexRuns } from './run-index.ts'
import type { Provenance, Sameness } from './manifest.ts'

const TABLE = 'events.parquet'
/** Names of the files that are as they were recorded, or as they came. */
const RAW = ['trace.dat', 'trace.txt'] as const

const UNKNOWN = 'unknown'

/** Of an import that was recognised, this is the provenance of the run that it was recognised as. */
export function provenanceOf({ sha256, kernel, guest, started, workload, imported }: Manifest): Provenance {
  const raw = RAW.map((name) => sha256[name]).find((hash) => hash !== undefined) ?? UNKNOWN
  const known = imported?.sameCaptureAs
  if (known) return { ...known.provenance, raw }
  return {
    raw,
    release: kernel.release,
    bootId: guest.bootId,
    started: imported === undefined ? started : UNKNOWN,
    command: workload.argv.join(' ') || UNKNOWN,
  }
}

/** Names of what is not the same; what one side does not know is no contradiction. */
export const provenanceDiffers = (a: Provenance, b: Provenance): (keyof Provenance)[] =>
  (['release', 'bootId', 'started', 'command'] as const).filter(
    (name) => a[name] !== b[name] && a[name] !== UNKNOWN && b[name] !== UNKNOWN,
  )

/** Of any manifest, also one that nobody has checked. */
const rawOf = ({ manifest: { sha256 } }: StoredRun): string =>
  RAW.map((name) => sha256?.[name]).find((hash) => typeof hash === 'string') ?? UNKNOWN

/** Where the table of a run is that can be compared with another's. */
const tableOf = ({ dir }: StoredRun): string => join(dir, TABLE)

/** Digests of tables; one that is damaged has none (`lab query` and `lab verify` say that it is). */
async function digestsOf(files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  try {
    return await eventsDigests(files)
  } catch {
    const single = await Promise.all(files.map((file) => eventsDigests([file]).catch(() => new Map<string, string>())))
    return new Map(single.flatMap((map) => [...map]))
  }
}

/** @returns undefined for two captures */
export async function sameCapture(first: StoredRun, second: StoredRun): Promise<Sameness | undefined> {
  const raw = rawOf(first)
  if (raw !== UNKNOWN && raw === rawOf(second)) return 'raw file'
  if (first.manifest.trace.events === 0 || first.manifest.trace.events !== second.manifest.trace.events)
    return undefined
  const tables = [tableOf(first), tableOf(second)]
  if (!tables.every((file) => existsSync(file))) return undefined
  const digests = await digestsOf(tables)
  const [a, b] = tables.map((file) => digests.get(file))
  return a !== undefined && a === b ? 'events' : undefined
}

export interface Twin {
  readonly run: StoredRun
  readonly by: Sameness
}

/** Tables that are read together: opening DuckDB takes longer than reading some hundred small ones. */
const TOGETHER = 256

/** The oldest of the other runs that holds the very same capture. Only runs with as many events are looked at. */
export async function twinOf(results: string, mine: StoredRun): Promise<Twin | undefined> {
  const { runs } = await indexRuns(results)
  const candidates: StoredRun[] = []
  for (const indexed of runs)
    if (indexed.run !== mine.run && indexed.details().events === mine.manifest.trace.events) {
      const run = await readRun(results, indexed)
        .then(checkedRun)
        .catch(() => undefined)
      if (run !== undefined) candidates.push(run)
    }
  const raw = rawOf(mine)
  const byFile = candidates.find((run) => raw !== UNKNOWN && rawOf(run) === raw)
  if (byFile) return { run: byFile, by: 'raw file' }
  const own = (await digestsOf([tableOf(mine)])).get(tableOf(mine))
  const tabled = own === undefined ? [] : candidates.filter((run) => existsSync(tableOf(run)))
  for (let from = 0; from < tabled.length; from += TOGETHER) {
    const some = tabled.slice(from, from + TOGETHER)
    const digests = await digestsOf(some.map(tableOf))
    const run = some.find((other) => digests.get(tableOf(other)) === own)
    if (run) return { run, by: 'events' }
  }
  return undefined
}

/**
 * The manifest of an import with what is known of its capture: another name, or another rendering, keeps the old
 * provenance.
 */
export function withTwin(manifest: Manifest, { run, by }: Twin): Manifest {
  if (manifest.imported === undefined) return manifest
  const { experiment } = run.manifest
  const sameCaptureAs = { run: run.run, experiment, by, provenance: provenanceOf(run.manifest) }
  return { ...manifest, imported: { ...manifest.imported, sameCaptureAs } }
}
