/** The files of `results/.compact` (compact.ts): which experiment each belongs to, and how they go away. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** In the directory of results. */
export const COPIES = '.compact'

/** `EXPERIMENT.json`, or `EXPERIMENT.HEX.parquet`. */
const COPY = /^(.+)(?:\.json|\.[0-9a-f]{8}\.parquet)$/

/**
 * Removes files of `results/.compact`; a query that needs them makes them again.
 * @param isStale is asked about each @throws an error of node:fs
 */
export function removeCopies(results: string, isStale: (experiment: string, file: string) => boolean): void {
  const dir = join(results, COPIES)
  if (!existsSync(dir)) return
  for (const file of readdirSync(dir)) {
    const experiment = COPY.exec(file)?.[1]
    if (experiment !== undefined && isStale(experiment, file)) rmSync(join(dir, file), { force: true })
  }
}
