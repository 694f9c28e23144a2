/**
 * Whether a result is what its manifest says: every file, every kept input, and everything that follows from the raw
 * files, computed again. No VM is needed. There is no signature: who changes the raw files or the question too, and
 * rewrites all the rest so that it fits, is not found.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { failedBy, Failure, messageOf } from '../engine/error.ts'
import { fingerprintOf, type Inputs } from '../engine/fingerprint.ts'
import { printable } from '../engine/printable.ts'
import { isDiskFailure } from '../engine/disk.ts'
import { checkedRun } from '../results/checked-run.ts'
import { storedRun } from '../results/stored-manifest.ts'
import type { StoredRun } from '../results/manifest.ts'
import { declaredDisks } from './disks.ts'
import { LACKING, REPLACED, right, wrong, type Finding } from './finding.ts'
import { verifyImport } from './imported.ts'
import { lookAgain, type Kept } from './look-again.ts'
import { keptInputs, recordedFiles } from './recorded-files.ts'

export type { Finding } from './finding.ts'

/** Kernel and image are named by a hash of what they were built from, which is kept. */
async function builds({ manifest, inputs }: Kept): Promise<Finding[]> {
  return await Promise.all(
    (['kernel', 'image'] as const).map(async (kind) => {
      const file = join(inputs, manifest.inputs?.[kind] ?? '', 'inputs.json')
      const kept = JSON.parse(await readFile(file, 'utf8')) as Inputs
      return fingerprintOf(kept) === manifest[kind].fingerprint
        ? right(kind, 'was built from what was kept')
        : wrong(kind, 'is another than the one whose inputs were kept')
    }),
  )
}

/** For raw files whose hashes are right and that cannot be read all the same. */
const DAMAGED =
  'the file was damaged before its hash was taken, or another version of lab wrote it: verify it with that version (`writtenBy` in manifest.json), or run the experiment again'

/** What of a result cannot be read, and in whose words. */
function unreadable(error: unknown): Finding {
  const {
    place,
    fact,
    lines = [],
  } = error instanceof Failure ? error.parts : { place: undefined, fact: messageOf(error), lines: undefined }
  const why = [fact, lines.map((line) => line.trim()).findLast((line) => line !== '')]
    .filter((part) => part !== undefined)
    .join(': ')
  return wrong(place ?? 'trace', `cannot be computed again: ${printable(why, 300)}`, DAMAGED)
}

/** Whether a failure says nothing of the result: the host lacks a program or room, or somebody interrupted. */
const isOurs = (error: unknown): error is Failure =>
  error instanceof Failure && (error.kind === 'interrupted' || isDiskFailure(error) || error.reason === 'not-installed')

async function computed(kept: Kept, signal: AbortSignal, deadline: number | undefined): Promise<Finding[]> {
  try {
    if (kept.manifest.imported !== undefined) return await verifyImport(kept, signal)
    const again = await lookAgain(kept, signal, deadline)
    const built = [...(await builds(kept)), ...(await declaredDisks(kept))]
    if ('why' in again)
      return [...built, wrong('trace', `cannot be computed again: ${printable(again.why, 300)}`, DAMAGED)]
    return [...built, ...again.findings]
  } catch (error) {
    if (isOurs(error)) throw error
    return [unreadable(error)]
  }
}

/**
 * All findings about one result.
 * @param dir the result
 * @param inputs where kept inputs are (results/.inputs)
 * @param deadline of the analysis, in milliseconds
 * @throws a Failure that is this host's, and says nothing of the result
 */
export async function verifyRun(
  dir: string,
  inputs: string,
  toolRoot: string,
  signal: AbortSignal,
  deadline?: number,
): Promise<Finding[]> {
  if (!existsSync(join(dir, 'manifest.json'))) return [wrong('manifest.json', 'is missing', REPLACED)]
  let run: StoredRun
  try {
    run = checkedRun(await storedRun(dir, basename(dir)))
  } catch (error) {
    const fact = error instanceof Failure ? error.parts.fact : `cannot be read: ${messageOf(error)}`
    const wayOut = failedBy(error, 'newer-format') && error instanceof Failure ? error.parts.wayOut : LACKING
    return [wrong('manifest.json', printable(fact, 300), wayOut)]
  }
  const { manifest, olderFormat } = run
  const made = manifest.imported === undefined ? await keptInputs(manifest.inputs, inputs) : []
  const found = [...(await recordedFiles(dir, manifest.sha256)), ...made]
  // What is not what it was is not computed with.
  if (found.some((finding) => !finding.ok)) return found
  return [...found, ...(await computed({ dir, manifest, olderFormat, inputs, toolRoot }, signal, deadline))]
}
