/** A run made again from what was kept of it: what came out the same, and what did not. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLab } from '../config/open.ts'
import { withoutAddresses } from '../data/sequences.ts'
import type { Context } from '../engine/context.ts'
import { userError } from '../engine/error.ts'
import { Store } from '../engine/store.ts'
import { experimentStep, type RunOutcome } from '../experiment.ts'
import type { FoundRun } from '../experiment/result.ts'
import { ready, type Choices } from '../plan.ts'
import { placesOf } from '../vm.ts'
import { digestOfDir, HASHES, INPUTS_DIR } from './inputs.ts'
import { analyseAgain, ANY_HOST, type Finding } from './verify.ts'

export interface ReproduceWanted {
  readonly run: FoundRun
  readonly results: string
  /** Undefined: an empty one, removed afterwards. */
  readonly cache: string | undefined
  readonly source: string | undefined
}

/** Lines "hash  name" by name. */
async function hashesIn(dir: string): Promise<Map<string, string>> {
  const lines = (await readFile(join(dir, HASHES), 'utf8').catch(() => '')).split('\n').filter(Boolean)
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]))
}

async function sameFile(what: string, name: string, before: string, after: string): Promise<Finding> {
  const [a, b] = [(await hashesIn(before)).get(name), (await hashesIn(after)).get(name)]
  if (a === undefined || b === undefined) return { ok: false, what, fact: `there is no hash of ${name} to compare` }
  return { ok: a === b, what, fact: a === b ? `${name} is the same, bit for bit` : `${name} is another` }
}

async function samePackages(before: string, after: string): Promise<Finding> {
  const read = async (dir: string) =>
    (await readFile(join(dir, 'packages.txt'), 'utf8').catch(() => '')).split('\n').filter(Boolean)
  const [a, b] = [await read(before), await read(after)]
  const other = b.filter((line) => !a.includes(line))
  const fact =
    other.length === 0 && a.length === b.length
      ? `${a.length} packages, the same versions`
      : `other packages: ${other.slice(0, 5).join(', ')}${other.length > 5 ? ', ...' : ''}`
  return { ok: other.length === 0 && a.length === b.length, what: 'image', fact }
}

function sameSequence(before: readonly string[], after: readonly string[]): Finding {
  const at = before.findIndex((text, index) => text !== after[index])
  if (at < 0 && before.length === after.length)
    return { ok: true, what: 'sequence', fact: `${before.length} messages of the workload, the same but for addresses` }
  const where = at < 0 ? before.length : at
  return {
    ok: false,
    what: 'sequence',
    fact: `differs from message ${where + 1} on: "${before[where] ?? '(end)'}" before, "${after[where] ?? '(end)'}" now`,
  }
}

async function compare(
  { run, results }: ReproduceWanted,
  again: RunOutcome,
  newResults: string,
  context: Context,
): Promise<Finding[]> {
  const { manifest } = run
  const now = again.manifest
  const [before, after] = [join(results, INPUTS_DIR), join(newResults, INPUTS_DIR)]
  const kept = (one: typeof manifest, kind: 'kernel' | 'image') => one.inputs?.[kind] ?? ''
  const labFile = join(before, manifest.inputs?.lab ?? '', 'lab.yaml')
  const old = await analyseAgain(run.dir, manifest, labFile, context.toolRoot, context.signal)
  const same = (what: string, a: string, b: string): Finding => ({
    ok: a === b,
    what,
    fact: a === b ? a : `${a} before, ${b} now`,
  })
  const texts = (events: readonly { message: string }[] | undefined) =>
    (events ?? []).map(({ message }) => withoutAddresses(message))
  return [
    same('kernel release', manifest.kernel.release, now.kernel.release),
    same('kernel inputs', manifest.kernel.fingerprint, now.kernel.fingerprint),
    await sameFile('kernel', 'bzImage', join(before, kept(manifest, 'kernel')), join(after, kept(now, 'kernel'))),
    await samePackages(join(before, kept(manifest, 'image')), join(after, kept(now, 'image'))),
    await sameFile('image', 'root.img', join(before, kept(manifest, 'image')), join(after, kept(now, 'image'))),
    same('verdict', manifest.verdict, now.verdict),
    sameSequence(texts(old.own), texts(again.own)),
  ]
}

/** Runs the arm of a run once more in a lab of its own. @throws a user's Failure where too little was kept */
export async function reproduce(wanted: ReproduceWanted, context: Context): Promise<Finding[]> {
  const { run, results } = wanted
  const { manifest } = run
  const from = join(results, INPUTS_DIR, manifest.inputs?.lab ?? '')
  if (manifest.inputs === undefined || !manifest.inputs.lab.endsWith(`-${await digestOfDir(from).catch(() => '')}`))
    throw userError({
      place: `run ${run.run}`,
      fact: 'what it was made of was not kept, or was changed since',
      wayOut: '`lab verify` says more; runs of this version keep it in results/.inputs',
    })
  const dir = await mkdtemp(join(tmpdir(), 'lab-reproduce-'))
  try {
    await cp(from, join(dir, 'lab'), { recursive: true })
    const cache = wanted.cache ?? join(dir, 'cache')
    const inner: Context = { ...context, cache, store: new Store(join(cache, 'store')) }
    const { lab } = openLab({ file: join(dir, 'lab/lab.yaml'), cwd: dir, toolRoot: context.toolRoot, host: ANY_HOST })
    const experiment = lab.experiments[manifest.experiment]
    if (experiment === undefined) throw new Error(`the kept lab has no experiment ${manifest.experiment}`)
    const { accel } = manifest.guest.accel
    const asked = accel === 'unknown' ? undefined : accel
    const choices: Choices = { kernel: manifest.kernel.name, source: wanted.source, accel: asked }
    const places = placesOf(lab.directory)
    const { outcomes } = await experimentStep(
      {
        ...{ lab, experiment, overrides: overridesFor(manifest.arm.params), repeat: 1, parallel: 1 },
        start: 'cold' as const,
        only: manifest.arm.kernel === undefined && manifest.arm.probes === undefined ? undefined : manifest.arm.name,
        prepare: (_, probes) => ready(lab, experiment, choices, inner, probes),
      },
      places,
      inner,
    )
    const again = outcomes.at(-1)
    if (again === undefined) throw new Error('the run that was made again has no result')
    return await compare(wanted, again, places.results, context)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const overridesFor = (params: Readonly<Record<string, string | number>>) =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, [value]]))
