/** A run made again from what was kept of it: what came out the same, and what did not. */
import { existsSync } from 'node:fs'
import { probeSources } from '../config/probe-source.ts'
import { hostFilesOf } from '../config/disk-file.ts'
import { moduleFiles } from '../config/modules.ts'
import { filesOf } from '../config/workload.ts'
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { LOCK_FILE, type LabLock } from '../config/lock-file.ts'
import { deterministicLab } from '../config/derived.ts'
import { leastP } from '../trace/stats/rank-test.ts'
import { withoutAddresses } from '../trace/events/sequences.ts'
import { summary } from '../trace/stats/statistics.ts'
import type { Context } from '../engine/context.ts'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { shortNumber } from '../engine/text.ts'
import { withScratch } from '../engine/scratch.ts'
import { Store } from '../engine/store.ts'
import { experimentStep } from '../run/experiment.ts'
import type { RunOutcome } from '../run/outcome.ts'
import { checkedRun } from '../results/checked-run.ts'
import type { Manifest } from '../results/manifest.ts'
import { samplesOf } from '../results/node.ts'
import { metricText, valuesOf } from '../run/judge/metrics.ts'
import { listRuns } from '../results/result.ts'
import type { StoredRun } from '../results/manifest.ts'
import { packageLine, parsePackages } from '../linux/package-list.ts'
import { ready, type Choices } from '../build/artefacts.ts'
import { placesOf } from '../vm/vm.ts'
import { HASHES, INPUTS_DIR, restoreLab } from '../results/kept-inputs.ts'
import { sameDisks } from './disks.ts'
import { open, type Finding } from './finding.ts'
import { experimentOf, readKeptLab } from '../results/kept-lab.ts'
import { lookAgain } from './look-again.ts'
import { seedCache } from './pinned-inputs.ts'
import { keptInputs } from './recorded-files.ts'

export interface ReproduceRequest {
  readonly run: StoredRun
  readonly results: string
  /** Undefined: an empty one, removed afterwards. */
  readonly cache: string | undefined
  readonly source: string | undefined
  /** Directory of the files that the run was built from, where a pack brought them along. */
  readonly pinned?: string | undefined
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

/** Tools that are others now; those that are the same are not worth a line each. */
function differentTools(before: Manifest, now: Manifest): Finding[] {
  const [a, b] = [before.host.tools, now.host.tools]
  if (a === undefined || b === undefined) return []
  const other = Object.keys(a).filter((tool) => a[tool] !== b[tool])
  if (other.length === 0) return [{ ok: true, what: 'tools', fact: `${Object.keys(a).length} of the same versions` }]
  return other.map((tool) => ({
    ok: false,
    what: `tool ${tool}`,
    fact: `${a[tool] ?? ''} before, ${b[tool] ?? 'none'} now`,
  }))
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
  { run, results }: ReproduceRequest,
  again: RunOutcome,
  newResults: string,
  context: Context,
): Promise<Finding[]> {
  const { manifest } = run
  const now = again.manifest
  const [before, after] = [join(results, INPUTS_DIR), join(newResults, INPUTS_DIR)]
  const kept = (one: typeof manifest, kind: 'kernel' | 'image') => one.inputs?.[kind] ?? ''
  const old = await lookAgain({ dir: run.dir, manifest, inputs: before, toolRoot: context.toolRoot }, context.signal)
  const same = (what: string, a: string, b: string): Finding => ({
    ok: a === b,
    what,
    fact: a === b ? a : `${a} before, ${b} now`,
  })
  return [
    same('kernel release', manifest.kernel.release, now.kernel.release),
    same('kernel inputs', manifest.kernel.fingerprint, now.kernel.fingerprint),
    await sameFile('kernel', 'bzImage', join(before, kept(manifest, 'kernel')), join(after, kept(now, 'kernel'))),
    await samePackages(join(before, kept(manifest, 'image')), join(after, kept(now, 'image'))),
    await sameFile('image', 'root.img', join(before, kept(manifest, 'image')), join(after, kept(now, 'image'))),
    ...sameDisks(manifest, now),
    same('verdict', manifest.verdict, now.verdict),
    ...(manifest.guest.deterministic === true && manifest.trace.digest !== undefined
      ? [same('events, to the byte', manifest.trace.digest, now.trace.digest ?? 'none')]
      : []),
    ...differentTools(manifest, now),
    'why' in old
      ? open('sequence', `what was recorded cannot be looked at: ${printable(old.why, 200)}`)
      : sameSequence(
          old.messages.map(withoutAddresses),
          (again.own ?? []).map(({ message }) => withoutAddresses(message)),
        ),
  ]
}

/** Repeats of an arm that has metrics: one value says nothing about a median. */
const MOST_REPEATS = 5

/** Runs of the same arm in the same plan, which count: what the new ones' numbers are compared with. */
async function runsLike({ run, results }: ReproduceRequest): Promise<readonly Manifest[]> {
  const { experiment, arm, plan } = run.manifest
  const like = (await listRuns(results, experiment))
    .map(({ manifest }) => manifest)
    .filter((run) => run.arm.name === arm.name && run.plan?.id === plan?.id && run.plan?.warmup !== true)
  return like.length > 0 ? like : [run.manifest]
}

/** Fewer values have no interval that says anything about their median. */
const FEWEST = 3
const plain = (values: readonly number[]): string => values.map(shortNumber).join(', ')

/** What counts as chance in a comparison of two samples. */
const CHANCE = 0.05

/**
 * Whether the medians of before and now may be the same: their 95 % intervals have a value in common. Of few values
 * nobody can tell, nor where the intervals do not meet and two samples of that size do that by chance (three and three:
 * one time in ten).
 */
export function sameMetrics(before: readonly Manifest[], now: readonly Manifest[]): Finding[] {
  const names = [...new Set(before.flatMap(({ metrics }) => Object.keys(metrics ?? {})))]
  return names.map((name) => {
    const [a, b] = [valuesOf(before, name), valuesOf(now, name)]
    const what = `metric ${name}`
    if (a.length === 0 || b.length === 0)
      return { ok: a.length === b.length, what, fact: `${a.length} values before, ${b.length} now` }
    if (Math.min(a.length, b.length) < FEWEST)
      return open(what, `${plain(a)} before; ${plain(b)} now: cannot tell, it takes ${FEWEST} values on each side`)
    const [was, is] = [summary(samplesOf(before, name)), summary(samplesOf(now, name))]
    const fact = `${metricText('', was, undefined).trim()} before; ${metricText('', is, undefined).trim()} now`
    const ok = was.low <= is.high && is.low <= was.high
    return ok || leastP([[a.length, b.length]]) <= CHANCE
      ? { ok, what, fact }
      : open(what, `${fact}: they do not meet, which so few runs do by chance: an experiment with more repeats tells`)
  })
}

/**
 * A lab that had no lock is built from the packages of the image that the run had, not from what the mirror has by now.
 */
async function lockedAsBefore(lab: string, image: string, { image: { name, fingerprint } }: Manifest): Promise<void> {
  const file = join(lab, LOCK_FILE)
  const packages = await readFile(join(image, 'packages.txt'), 'utf8').catch(() => '')
  if (existsSync(file) || packages === '') return
  const lock: LabLock = {
    format: 1,
    day: 'the day of the run',
    tools: {},
    kernels: {},
    images: { [name]: { disk: fingerprint, packages: parsePackages(packages).map(packageLine) } },
  }
  await writeFile(file, JSON.stringify(lock))
}

/**
 * The lab as it was, with its files. A kernel tree is kept by nobody: `--source` says where it is now.
 * @throws a user's Failure where files are missing
 */
function openKept(directory: string, { run, manifest }: StoredRun, source: string | undefined, toolRoot: string) {
  const file = join(directory, 'lab.yaml')
  const lab = readKeptLab(file, toolRoot)
  const kernel = lab.kernels[manifest.kernel.name]
  if (kernel && 'tree' in kernel.source && source === undefined && !existsSync(kernel.source.tree))
    throw userError({
      place: `run ${run}`,
      fact: `its kernel was built from a local tree, which is not kept: ${printable(kernel.source.tree, 200)}`,
      wayOut: '`lab reproduce RUN --source DIR` says where the tree is',
    })
  if (kernel && 'file' in kernel.source && !existsSync(kernel.source.file))
    throw userError({
      place: `run ${run}`,
      fact: `its kernel is a file of that host, which is not kept: ${printable(kernel.source.file, 200)}`,
      wayOut: `put it there again (its sha256 is ${kernel.source.sha256})`,
    })
  const experiment = experimentOf(lab, manifest.experiment)
  const probes = [...experiment.probes, ...(manifest.arm.probes ?? [])].flatMap((name) => {
    const probe = lab.probes[name]
    return probeSources(probe)
  })
  const needed = [
    ...probes,
    ...filesOf(experiment.workload),
    ...moduleFiles(experiment),
    ...hostFilesOf(lab.vms[experiment.vm]?.disks ?? []),
    ...(kernel?.config ?? []),
    ...(kernel?.patches ?? []),
    ...(lab.images[manifest.image.name] ? [lab.images[manifest.image.name]?.recipe ?? ''] : []),
  ]
  const missing = needed.filter((path) => !existsSync(path))
  if (missing.length === 0) return lab
  throw userError({
    place: `run ${run}`,
    fact: 'files that it was made of were not kept',
    lines: missing.slice(0, 8).map((path) => printable(relative(directory, path), 200)),
    wayOut: 'runs of this version keep what a lab names by relative paths',
  })
}

/** Runs the arm of a run once more in a lab of its own. @throws a user's Failure where too little was kept */
export async function reproduce(request: ReproduceRequest, context: Context): Promise<Finding[]> {
  const { run, results } = request
  const { manifest } = checkedRun(run)
  const bad = (await keptInputs(manifest.inputs, join(results, INPUTS_DIR))).filter(({ ok }) => !ok)
  if (bad.length > 0)
    throw userError({
      place: `run ${run.run}`,
      fact: 'what it was made of was not kept, or was changed since',
      lines: bad.map(({ what, fact }) => `${what}: ${fact}`),
      wayOut: '`lab verify` says more; runs of this version keep it in results/.inputs',
    })
  const from = join(results, INPUTS_DIR, manifest.inputs?.lab ?? '')
  return await withScratch('reproduce', async (dir) => {
    const directory = await restoreLab(from, dir)
    const cache = request.cache ?? join(dir, 'cache')
    const inner: Context = { ...context, cache, store: new Store(join(cache, 'store')) }
    if (request.pinned !== undefined) await seedCache(request.pinned, cache)
    await lockedAsBefore(directory, join(results, INPUTS_DIR, manifest.inputs?.image ?? ''), manifest)
    const opened = openKept(directory, run, request.source, context.toolRoot)
    const lab = manifest.guest.deterministic === true ? deterministicLab(opened) : opened
    const experiment = lab.experiments[manifest.experiment]
    if (experiment === undefined) throw new Error(`the kept lab has no experiment ${manifest.experiment}`)
    const { accel } = manifest.guest.accel
    const asked = accel === 'unknown' ? undefined : accel
    const choices: Choices = { kernel: manifest.kernel.name, source: request.source, accel: asked }
    const places = placesOf(lab.directory)
    const before = await runsLike(request)
    const repeat = Object.keys(experiment.metrics).length > 0 ? Math.min(before.length, MOST_REPEATS) : 1
    const { outcomes, problems, left } = await experimentStep(
      {
        lab,
        experiment,
        overrides: overridesFor(manifest.arm.params),
        repeat,
        parallel: 1,
        start: 'cold' as const,
        only:
          manifest.arm.kernel === undefined && manifest.arm.probes === undefined && experiment.control === undefined
            ? undefined
            : manifest.arm.name,
        prepare: (_, probes) => ready(lab, experiment, choices, inner, probes),
      },
      places,
      inner,
    )
    // Messages of many runs are not kept: of the last one they are (of a deterministic guest's, of all).
    const again = outcomes.find(({ own }) => own !== undefined) ?? outcomes[0]
    if (again === undefined) throw new Error('the run that was made again has no result')
    const findings = await compare(request, again, places.results, context)
    return [
      ...findings,
      ...problems.map(({ repeat: at, failure }) => ({
        ok: false,
        what: `repeat ${at}`,
        fact: `no result: ${failure.parts.fact}`,
      })),
      ...left.map(({ why, runs }) => ({ ok: false, what: 'repeats', fact: `${runs} not made: ${why}` })),
      ...sameMetrics(
        before,
        outcomes.map((outcome) => outcome.manifest),
      ),
    ]
  })
}

const overridesFor = (params: Readonly<Record<string, string | number>>) =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, [value]]))
