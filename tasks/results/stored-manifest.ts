/** Runs as they are stored, brought to the current format. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatOf } from '../engine/format.ts'
import { printable } from '../engine/printable.ts'
import { MANIFEST_FILE, MANIFEST_FORMAT, upgradedManifest } from './manifest-format.ts'
import type { StoredRun, Manifest } from './manifest.ts'

/**
 * The run in `dir`. Nobody has looked yet whether its manifest is whole, or one of a later version: whoever needs more
 * than a few fields asks `checkedRun`.
 * @throws errors of reading
 */
export async function storedRun(dir: string, run: string): Promise<StoredRun> {
  const stored: unknown = JSON.parse(await readFile(join(dir, MANIFEST_FILE), 'utf8'))
  const format = formatOf(stored)
  if (format === undefined || format >= MANIFEST_FORMAT) return { dir, run, manifest: stored as Manifest }
  return { dir, run, manifest: (upgradedManifest(stored, run) ?? stored) as Manifest, olderFormat: format }
}

/** A run of this version or an older one. @throws Failure (newer-format) */
export function refuseNewer(run: StoredRun): StoredRun {
  upgradedManifest(run.manifest, `run ${printable(run.run, 60)}`)
  return run
}
