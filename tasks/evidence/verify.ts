/**
 * Whether a result is what its manifest says: every file, every kept input, and, from the raw trace again, the number of events and each
 * expectation. No VM is needed.
 */
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { eventDigest } from '../data/event-digest.ts'
import { named, openLab } from '../config/open.ts'
import { Failure, messageOf } from '../engine/error.ts'
import { hashFile } from '../engine/fingerprint.ts'
import { printable } from '../engine/printable.ts'
import { analyse, type Analysis } from '../experiment/analyse.ts'
import { parseHolderLine } from '../experiment/holder.ts'
import type { Manifest } from '../experiment/manifest.ts'
import type { MapsFile } from '../experiment/maps.ts'
import { verdictOf } from '../experiment/record.ts'
import { readEvents } from '../data/read-events.ts'
import { reportText } from '../host/trace-cmd.ts'
import { TYPED, type TraceEvent } from '../linux/trace-line.ts'
import { digestOfDir, type KeptInputs } from './inputs.ts'

export interface Finding {
  readonly ok: boolean
  /** What was looked at: `stdout`, `inputs lab-1234`, `expectations`. */
  readonly what: string
  /** What was found. */
  readonly fact: string
}

const ok = (what: string, fact: string): Finding => ({ ok: true, what, fact })
const wrong = (what: string, fact: string): Finding => ({ ok: false, what, fact })

/** Only what a manifest may name: a plain file of the result. Anything else could be a path to somewhere else. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/
const KEPT = /^(lab|kernel|image)-[0-9a-f]{32}$/

async function files(dir: string, sha256: Readonly<Record<string, unknown>>): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [name, hash] of Object.entries(sha256)) {
    const shown = printable(name, 80)
    if (!PLAIN.test(name)) findings.push(wrong(shown, 'no name of a result file'))
    else if (!existsSync(join(dir, name))) findings.push(wrong(shown, 'is missing'))
    else if ((await hashFile(join(dir, name))) !== hash) findings.push(wrong(shown, 'is not what was recorded'))
  }
  const known = new Set([...Object.keys(sha256), 'manifest.json'])
  for (const name of await readdir(dir))
    if (!known.has(name)) findings.push(wrong(printable(name, 80), 'was not there when the result was made'))
  return findings.length > 0 ? findings : [ok('files', `${known.size - 1} files are as recorded`)]
}

async function inputs(kept: KeptInputs | undefined, dir: string): Promise<Finding[]> {
  if (kept === undefined) return [wrong('inputs', 'the manifest does not say what the run was made of')]
  return await Promise.all(
    [kept.lab, kept.kernel, kept.image].map(async (name) => {
      const what = `inputs ${printable(String(name), 60)}`
      if (!KEPT.test(name)) return wrong(what, 'no name of kept inputs')
      if (!existsSync(join(dir, name))) return wrong(what, 'are missing')
      const digest = await digestOfDir(join(dir, name))
      return name.endsWith(`-${digest}`) ? ok(what, 'are as they were') : wrong(what, 'are not what they were')
    }),
  )
}

const text = (dir: string, name: string): Promise<string> => readFile(join(dir, name), 'utf8').catch(() => '')

/** A host that any lab fits on: the run took place elsewhere. */
export const ANY_HOST = { memoryBytes: 2 ** 50, cpus: 4096 }

/** Typed events are in no trace.dat: their table, whose hash was compared, is what was recorded. */
async function typedIn(dir: string, { trace }: Manifest): Promise<readonly TraceEvent[]> {
  const names = (trace.typed ?? []).map(({ name }) => TYPED + name)
  if (names.length === 0) return []
  return (await readEvents(join(dir, 'events.parquet'), { events: names }, trace.events, false)).events
}

/**
 * The same analysis as after the run, from the raw trace and what the guest said.
 * @param labFile the lab file as it was used, with the files that it names beside it
 * @throws a Failure, or an Error of what cannot be read
 */
export async function analyseAgain(
  dir: string,
  manifest: Manifest,
  labFile: string,
  toolRoot: string,
  signal: AbortSignal,
): Promise<Analysis> {
  const { lab } = openLab({ file: labFile, cwd: dir, toolRoot, host: ANY_HOST })
  const experiment = named(lab.experiments, 'experiment', manifest.experiment)
  const lines = (await text(dir, 'holder.ndjson')).split('\n').filter(Boolean).map(parseHolderLine)
  return analyse({
    ...{ experiment, arm: manifest.arm, kernel: manifest.kernel.name, lines, stats: [] },
    typedEvents: await typedIn(dir, manifest),
    report: await reportText(join(dir, 'trace.dat'), signal),
    stdout: await text(dir, 'stdout'),
    stderr: await text(dir, 'stderr'),
    maps: JSON.parse((await text(dir, 'maps.json')) || '{"slots":[],"maps":[]}') as MapsFile,
  })
}

/** Numbers of the manifest that stand in no file of their own: digest, sequence and metrics. Runs of earlier versions have not all of them. */
function derived(manifest: Manifest, again: Analysis): Finding[] {
  const facts: readonly (readonly [what: string, recorded: unknown, computed: unknown])[] = [
    ['digest of the events', manifest.trace.digest, eventDigest(again.events)],
    ['sequence', manifest.sequence, again.sequenceId],
    ['metrics', manifest.metrics, again.metrics],
  ]
  return facts.flatMap(([what, recorded, computed]) => {
    if (recorded === undefined) return []
    return JSON.stringify(recorded) === JSON.stringify(computed)
      ? [ok(what, 'comes out as recorded')]
      : [wrong(what, 'comes out otherwise when it is computed again')]
  })
}

async function replay(
  dir: string,
  manifest: Manifest,
  labFile: string,
  toolRoot: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (!existsSync(join(dir, 'trace.dat'))) return [ok('trace', 'was not kept, so nothing is computed again')]
  const again = await analyseAgain(dir, manifest, labFile, toolRoot, signal)
  // The loss counters of the ring buffers are in the manifest only.
  const ledger = { ...again.ledger, completeness: manifest.trace.completeness }
  const verdict = verdictOf({ ...again, ledger }, manifest.workload, manifest.trace.onLoss ?? 'fail')
  const same = JSON.stringify(again.expectations) === JSON.stringify(manifest.expectations)
  return [
    again.events.length === manifest.trace.events
      ? ok('trace', `${again.events.length} events, as recorded`)
      : wrong('trace', `${again.events.length} events, and the manifest says ${manifest.trace.events}`),
    same
      ? ok('expectations', 'come out as recorded')
      : wrong('expectations', 'come out otherwise when they are computed again'),
    ...derived(manifest, again),
    verdict === manifest.verdict
      ? ok('verdict', verdict)
      : wrong(
          'verdict',
          `the manifest says ${printable(String(manifest.verdict), 20)}, and what was recorded makes it ${verdict}`,
        ),
  ]
}

/**
 * All findings about one result.
 * @param dir the result
 * @param inputsDir where kept inputs are (results/.inputs)
 */
export async function verifyRun(
  dir: string,
  inputsDir: string,
  toolRoot: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  let manifest: Manifest
  try {
    manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as Manifest
    if (typeof manifest.sha256 !== 'object' || typeof manifest.experiment !== 'string') throw new Error('it lacks keys')
  } catch (error) {
    return [wrong('manifest.json', `cannot be read: ${messageOf(error)}`)]
  }
  const found = [...(await files(dir, manifest.sha256)), ...(await inputs(manifest.inputs, inputsDir))]
  // What is not what it was is not computed with.
  if (found.some((one) => !one.ok)) return found
  try {
    return [
      ...found,
      ...(await replay(dir, manifest, join(inputsDir, manifest.inputs?.lab ?? '', 'lab.yaml'), toolRoot, signal)),
    ]
  } catch (error) {
    if (error instanceof Failure && error.kind === 'interrupted') throw error
    return [...found, wrong('trace', `cannot be computed again: ${printable(messageOf(error), 300)}`)]
  }
}
