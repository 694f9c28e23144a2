/**
 * A result directory: filled under a temporary name, renamed when whole. What stands under its final name is complete.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeDirectory } from '../engine/directory.ts'
import { userError } from '../engine/error.ts'
import { removeAtForcedEnd } from '../engine/interruption.ts'
import { printable } from '../engine/printable.ts'
import { keepBeating } from '../engine/heartbeat.ts'
import { processTag } from '../engine/process.ts'
import { diskFailure } from '../engine/disk.ts'
import { suggest } from '../config/text/suggest.ts'
import type { Manifest } from './manifest.ts'
import { fits, namedRun } from './run-name.ts'
import { indexRuns, type IndexedRun, type RunIndex } from './run-index.ts'
import { refuseNewer, storedRun } from './stored-manifest.ts'
import type { StoredRun } from './manifest.ts'

/** Prefix of what is being written; followed by the writer's tag, so that `lab gc` knows when it is abandoned. */
export const PARTIAL_RESULT = '.partial-'

/**
 * `20261123-213000-1a2b3c4d`: sorts by time as long as nobody sets the clock, and is unique all the same. Two bytes
 * were too few: five runs a second would have met once in 10,000 runs.
 */
export function newRunId(now: Date): string {
  const digits = now.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${digits}-${randomBytes(4).toString('hex')}`
}

/** Lets `write` fill a directory and puts it in place; on failure nothing of it remains. */
export async function putResult(
  results: string,
  experiment: string,
  run: string,
  write: (dir: string) => Promise<void>,
): Promise<string> {
  const parent = join(results, experiment)
  const partial = join(parent, `${PARTIAL_RESULT}${processTag()}-${run}`)
  const final = join(parent, run)
  const removed = removeAtForcedEnd(partial)
  try {
    // What a guest printed and what a machine is like are nobody else's business.
    makeDirectory(partial, 0o700)
    using _alive = keepBeating(partial)
    await write(partial)
    await rename(partial, final)
    return final
  } catch (error) {
    throw diskFailure(error, `result ${run}`, results)
  } finally {
    await rm(partial, { recursive: true, force: true })
    removed()
  }
}

export async function writeFiles(dir: string, files: ReadonlyMap<string, Buffer | string>): Promise<void> {
  for (const [name, content] of files) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), content)
  }
}

/** Every whole result, oldest first; only manifests are read. */
export async function listRuns(results: string, experiment?: string): Promise<StoredRun[]> {
  const names = async (dir: string) =>
    (await readdir(dir, { withFileTypes: true }).catch(() => []))
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
  const found: StoredRun[] = []
  for (const name of experiment === undefined ? await names(results) : [experiment])
    for (const run of await names(join(results, name))) {
      const dir = join(results, name, run)
      try {
        const stored = await storedRun(dir, run)
        // The order goes by it; what a reader needs besides, the reader checks.
        if (typeof (stored.manifest as Partial<Manifest> | null)?.started === 'string') found.push(stored)
      } catch {
        // Not a result of ours.
      }
    }
  return found.toSorted((a, b) => (a.manifest.started < b.manifest.started ? -1 : 1))
}

type Named = { readonly run: string } & (
  { readonly experiment: string } | { readonly manifest: { readonly experiment: string } }
)

const experimentOf = (run: Named): string => ('experiment' in run ? run.experiment : run.manifest.experiment)

/** Of these runs (oldest first) the one that a name means; `namedRun` says which names there are. */
export function pickRun<Run extends Named>(runs: readonly Run[], name: string): Run {
  if (runs.length === 0) throw userError({ fact: 'there are no runs', wayOut: '`lab run EXPERIMENT` makes one' })
  const { experiment, back, part, exact: whole } = namedRun(name, new Set(runs.map(experimentOf)))
  const among = experiment === undefined ? runs : runs.filter((run) => experimentOf(run) === experiment)
  if (back !== undefined) {
    const found = among.at(-1 - back)
    if (found !== undefined) return found
    throw userError({
      fact: `there is no ${printable(name)}: there ${among.length === 1 ? 'is 1 run' : `are ${among.length} runs`}`,
      wayOut: '`lab results` lists them',
    })
  }
  const exact = among.filter(({ run }) => run === part)
  const matching = part === '' || whole || exact.length > 0 ? exact : among.filter(({ run }) => fits(run, part))
  const [only] = matching
  if (only !== undefined && matching.length === 1) return only
  const near = suggest(
    part,
    among.map(({ run }) => run),
  )
  throw userError({
    fact:
      matching.length === 0
        ? `there is no run "${printable(name)}"`
        : `${matching.length} runs ${exact.length > 0 ? 'are called' : 'begin or end with'} "${printable(name)}"`,
    wayOut:
      exact.length > 1
        ? 'say of which experiment: EXPERIMENT/RUN'
        : matching.length === 0 && whole
          ? 'it is a result of another lab: go to the directory of its lab file'
          : matching.length > 1 || near === undefined
            ? 'give more of the name: `lab results` lists them; `last` is the newest, EXPERIMENT@last that of an experiment'
            : `did you mean ${near}?`,
  })
}

/** `pickRun` of all runs; one that is there and cannot be read is no run that is missing. */
export function pickListed({ runs, skipped }: Pick<RunIndex, 'runs' | 'skipped'>, name: string): IndexedRun {
  const unread = skipped.find((entry) => basename(entry.name) === basename(name))
  if (unread === undefined) return pickRun(runs, name)
  throw userError({ place: `run ${printable(name, 60)}`, fact: printable(unread.why, 300) })
}

/** `pickRun` of every run, with its manifest. */
export async function findRun(results: string, name: string): Promise<StoredRun> {
  const index = await indexRuns(results)
  return await readRun(results, pickListed(index, name))
}

/** A run of the index, with its manifest. */
export async function readRun(
  results: string,
  { experiment, run }: { readonly experiment: string; readonly run: string },
): Promise<StoredRun> {
  const dir = join(results, experiment, run)
  return refuseNewer(await storedRun(dir, run))
}
