/**
 * One recording under several names: a raw file that was rendered again, a trace that was copied and called something else. What a run holds
 * and where that comes from are two questions; answers that do not fit together are said.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { eventsDigest } from '../data/same-events.ts'
import type { Manifest } from '../experiment/manifest.ts'
import { readRun, type FoundRun } from '../experiment/result.ts'
import { indexRuns } from '../experiment/run-index.ts'

const TABLE = 'events.parquet'
/** Names of the files that are as they were recorded, or as they came. */
const RAW = ['trace.dat', 'trace.txt'] as const

/** Where and when a capture was made. `unknown` where nobody said. */
export interface Provenance {
  /** SHA-256 of the raw file. */
  readonly raw: string
  readonly release: string
  readonly bootId: string
  /** When the lab recorded it; an import's own time says nothing about its capture. */
  readonly started: string
  readonly command: string
}

const UNKNOWN = 'unknown'

/** Of an import that was recognised, this is the provenance of the run that it was recognised as. */
export function provenanceOf({ sha256, kernel, guest, started, workload, imported }: Manifest): Provenance {
  const raw = RAW.map((name) => sha256[name]).find((hash) => hash !== undefined) ?? UNKNOWN
  const known = imported?.sameCaptureAs
  if (known) return { ...known.provenance, raw }
  return {
    ...{ raw, release: kernel.release, bootId: guest.bootId },
    started: imported === undefined ? started : UNKNOWN,
    command: workload.argv.join(' ') || UNKNOWN,
  }
}

/** Names of what is not the same; what one side does not know is no contradiction. */
export const provenanceDiffers = (a: Provenance, b: Provenance): (keyof Provenance)[] =>
  (['release', 'bootId', 'started', 'command'] as const).filter(
    (name) => a[name] !== b[name] && a[name] !== UNKNOWN && b[name] !== UNKNOWN,
  )

/** How two captures were found to be one: by the bytes of the raw file, or by every event in it. */
export type Sameness = 'raw file' | 'events'

const rawOf = (run: FoundRun): string => provenanceOf(run.manifest).raw

/** @returns undefined for two captures */
export async function sameCapture(first: FoundRun, second: FoundRun): Promise<Sameness | undefined> {
  const raw = rawOf(first)
  if (raw !== UNKNOWN && raw === rawOf(second)) return 'raw file'
  if (first.manifest.trace.events === 0 || first.manifest.trace.events !== second.manifest.trace.events)
    return undefined
  const tables = [first, second].map(({ dir }) => join(dir, TABLE))
  if (!tables.every((file) => existsSync(file))) return undefined
  const [a, b] = await Promise.all(tables.map(eventsDigest))
  return a === b ? 'events' : undefined
}

export interface Twin {
  readonly run: FoundRun
  readonly by: Sameness
}

/** The oldest of the other runs that holds the very same capture. Only runs with as many events are looked at. */
export async function twinOf(results: string, mine: FoundRun): Promise<Twin | undefined> {
  const { runs } = await indexRuns(results)
  for (const one of runs) {
    if (one.run === mine.run || one.details().events !== mine.manifest.trace.events) continue
    try {
      const run = await readRun(results, one)
      const by = await sameCapture(run, mine)
      if (by !== undefined) return { run, by }
    } catch {
      // A damaged run is no twin of anything; `lab query` and `lab verify` say that it is damaged.
    }
  }
  return undefined
}

/** The manifest of an import with what is known of its capture: another name, or another rendering, keeps the old provenance. */
export function withTwin(manifest: Manifest, { run, by }: Twin): Manifest {
  if (manifest.imported === undefined) return manifest
  const { experiment } = run.manifest
  const sameCaptureAs = { run: run.run, experiment, by, provenance: provenanceOf(run.manifest) }
  return { ...manifest, imported: { ...manifest.imported, sameCaptureAs } }
}
