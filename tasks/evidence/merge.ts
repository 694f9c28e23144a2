/**
 * Results of another checkout, or of another host, into this one. Each is verified before it is taken; none is changed
 * or replaced.
 */
import { existsSync } from 'node:fs'
import { cp, lstat, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Context } from '../engine/context.ts'
import { makeDirectory } from '../engine/directory.ts'
import { diskFailure } from '../engine/disk.ts'
import { userError } from '../engine/error.ts'
import { hashFile } from '../engine/fingerprint.ts'
import { removeAtForcedEnd } from '../engine/interruption.ts'
import { printable } from '../engine/printable.ts'
import { partialBeside } from '../engine/replace-file.ts'
import { digestOfDir, INPUTS_DIR } from '../results/kept-inputs.ts'
import { MANIFEST_FILE } from '../results/manifest-format.ts'
import { storedRun } from '../results/stored-manifest.ts'
import { putResult } from '../results/result.ts'
import { recordedFiles } from './recorded-files.ts'
import { verifyRun } from './verify.ts'

/** What became of one run of the other place. */
export interface MergedRun {
  readonly run: string
  readonly what: 'merged' | 'already here' | 'refused'
  /** Why it was refused; safe to print. */
  readonly why?: string
}

/** Names of experiments and runs become directories of ours. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

const directoriesIn = async (dir: string): Promise<string[]> =>
  (await readdir(dir, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory() && PLAIN.test(entry.name))
    .map(({ name }) => name)
    .toSorted()

/** Why a copy is not what was verified: somebody changed the original in between. */
const changedMeanwhile = (what: string) =>
  userError({ fact: `${what} changed while it was copied`, wayOut: 'merge again when nobody writes there' })

const isFileOrDirectory = async (path: string): Promise<boolean> => {
  const facts = await lstat(path)
  return facts.isFile() || facts.isDirectory()
}

/**
 * Copies a directory of kept inputs; its name is the digest of what is in it, so that one of that name is the same.
 * Links are no part of the digest, and none is copied: it could lead anywhere on this host.
 */
async function takeInputs(from: string, to: string): Promise<void> {
  if (existsSync(to)) return
  const partial = partialBeside(to)
  const removed = removeAtForcedEnd(partial)
  try {
    await cp(from, partial, { recursive: true, filter: isFileOrDirectory })
    if (!basename(to).endsWith(`-${await digestOfDir(partial)}`)) throw changedMeanwhile(basename(to))
    await rename(partial, to).catch((error: unknown) => {
      // Another command was faster.
      if (!existsSync(to)) throw error
    })
  } catch (error) {
    throw diskFailure(error, `kept inputs ${to}`, to)
  } finally {
    await rm(partial, { recursive: true, force: true })
    removed()
  }
}

async function mergeRun(
  from: string,
  experiment: string,
  run: string,
  to: string,
  context: Context,
): Promise<MergedRun> {
  const name = `${experiment}/${run}`
  const dir = join(from, experiment, run)
  const refused = (why: string): MergedRun => ({ run: name, what: 'refused', why: printable(why, 300) })
  const findings = await verifyRun(dir, join(from, INPUTS_DIR), context.toolRoot, context.signal)
  const [wrong] = findings.filter(({ ok }) => !ok)
  if (wrong !== undefined) return refused(`${wrong.what}: ${wrong.fact}`)
  const { manifest } = await storedRun(dir, run)
  if (manifest.experiment !== experiment || manifest.run !== run)
    return refused(`its manifest is that of ${manifest.experiment}/${manifest.run}`)
  const place = join(to, experiment, run)
  if (existsSync(place)) {
    const [theirs, ours] = await Promise.all(
      [dir, place].map((path) => hashFile(join(path, MANIFEST_FILE)).catch(() => '')),
    )
    return theirs === ours
      ? { run: name, what: 'already here' }
      : refused('a run of that name is here, and is another one')
  }
  makeDirectory(join(to, INPUTS_DIR), 0o700)
  for (const kept of Object.values(manifest.inputs ?? {}))
    await takeInputs(join(from, INPUTS_DIR, kept), join(to, INPUTS_DIR, kept))
  // The manifest comes last: a copy that was interrupted has none.
  await putResult(to, experiment, run, async (partial) => {
    for (const file of [...Object.keys(manifest.sha256), MANIFEST_FILE]) await cp(join(dir, file), join(partial, file))
    const copied = await recordedFiles(partial, manifest.sha256)
    if (copied.some(({ ok }) => !ok)) throw changedMeanwhile(name)
  })
  return { run: name, what: 'merged' }
}

/**
 * Takes every run of another results directory that is as it was recorded.
 * @param from `results` of the other checkout
 * @param to `results` of ours
 */
export async function mergeResults(from: string, to: string, context: Context): Promise<MergedRun[]> {
  const merged: MergedRun[] = []
  for (const experiment of await directoriesIn(from))
    for (const run of await directoriesIn(join(from, experiment)))
      merged.push(await mergeRun(from, experiment, run, to, context))
  return merged
}
