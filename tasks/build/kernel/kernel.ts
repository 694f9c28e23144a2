/**
 * Step: kernel. fetch -> patch -> configure -> build -> prove -> package. The artefacts are in the store under the
 * fingerprint of everything that goes in; the build tree stays beside it, so that the next change costs seconds.
 */
import { appendFile, cp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ResolvedKernel } from '../../config/resolved.ts'
import { step, type Context, type StepHandle, type StepResult } from '../../engine/context.ts'
import { pruneCache } from '../../engine/cache-limit.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { labError } from '../../engine/error.ts'
import type { Fingerprint, Inputs } from '../../engine/fingerprint.ts'
import { lock } from '../../engine/lock.ts'
import { buildFailure, isObjectLine, make, stripDebug } from '../../host/kbuild.ts'
import { usedByProcesses } from '../../host/open-files.ts'
import { bootImage } from './boot-image.ts'
import { blamed } from './blame.ts'
import { configure, requestsFor } from './configure.ts'
import { declaredChange } from './declared-change.ts'
import { debugAssignments, debugOutdated, debugRequests, debugSuffix } from './debug.ts'
import { buildPlan, kernelFingerprint, whyBuild, type BuildPlan } from './identity.ts'
import type { Initrd } from './prebuilt/initrd.ts'
import { prove } from './prove.ts'
import { buildName, ensureTree } from './source.ts'
import { buildTargets, leftFromModules, preparationTargets, refuseExports } from './targets.ts'
import { KernelTree, type Change } from './tree.ts'
import type { Compat } from '../../linux/kbuild/compat.ts'
import { mergeRequests, parseConfig } from '../../linux/kbuild/kconfig.ts'
import { unifiedDiff } from '../../linux/c/unified-diff.ts'
import { versionOfMakefile, type Version } from '../../linux/version.ts'

/** A kernel in the store. */
export interface KernelArtefact {
  readonly name: string
  readonly fingerprint: Fingerprint
  readonly dir: string
  readonly image: string
  readonly release: string
  readonly source: string
  /** Names of the compat rows that the tree needed. */
  readonly compat: readonly string[]
  /** What a guest needs beside it to reach its disks: the initramfs of a prebuilt kernel. */
  readonly initrd?: Initrd
}

/**
 * Objects of a build with the shipped fragments, until this tree's own number is known (5.4: 1701, 5.10: about the
 * same).
 */
const EXPECTED_OBJECTS = 1700

async function buildDir(plan: BuildPlan, context: Context): Promise<string> {
  const name = `${buildName(plan.source, plan.id)}-gcc${plan.tools.gccMajor}${debugSuffix(plan.kernel.debug)}`
  const dir = join(context.cache, 'build', name)
  makeDirectory(dir)
  return dir
}

interface Opened {
  readonly tree: KernelTree
  readonly change: Change
  readonly version: Version
  readonly compat: Compat
  /** For make's command line, whatever is made. */
  readonly assignments: Readonly<Record<string, string>>
}

/** And configured. */
interface Configured extends Opened {
  readonly config: ReadonlyMap<string, string>
}

/** Assignments of several origins in one; flags for the compiler are added up. */
function together(...all: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of all.flatMap((one) => Object.entries(one)))
    result[name] = name in result && name.endsWith('FLAGS') ? `${result[name]} ${value}` : value
  return result
}

/** A tree of the source, and the change that patches, compat table and declaration make of it. */
async function openTree(plan: BuildPlan, dir: string, context: Context, handle: StepHandle): Promise<Opened> {
  const src = join(dir, 'src')
  const tree = new KernelTree(src, context.signal)
  await ensureTree(plan.source, plan.id, src, context, plan.place, handle, () => tree.reset())
  const version = versionOfMakefile(await readFile(join(src, 'Makefile'), 'utf8'))
  if (!version)
    throw labError({
      place: plan.place,
      fact: 'the source has no kernel version in its Makefile',
      wayOut: 'is it a kernel tree?',
    })
  handle.progress('patch')
  const { change, compat } = await declaredChange(tree, plan, version)
  const assignments = together(compat.make, debugAssignments(plan.kernel.debug, version, src, context.toolRoot))
  return { tree, change, version, compat, assignments }
}

/** The tree, changed and configured for this kernel. */
async function readyTree(
  plan: BuildPlan,
  dir: string,
  context: Context,
  handle: StepHandle,
  log: string,
): Promise<Configured> {
  const opened = await openTree(plan, dir, context, handle)
  const { tree, change, version, assignments } = opened
  const { config, options, debug } = plan.kernel
  await tree.apply(change.changed)
  handle.progress('configure')
  const requests = mergeRequests([
    ...(await requestsFor({ fragments: config, options }, version)),
    ...debugRequests(debug, version, plan.place),
  ])
  const text = await configure(tree.dir, requests, version, plan.place, assignments, { signal: context.signal, log })
  return { ...opened, config: parseConfig(text) }
}

/**
 * What the artefact keeps of the compat table: each row that was applied, with its reason, and those that the tree did
 * not need.
 */
const compatRecord = ({ applied, alreadyFixed }: Compat) => ({
  applied: applied.map(({ name, kernels, tool, toolFrom, make: assignments = {}, edits = [], why, commit }) => ({
    name,
    kernels,
    tool,
    toolFrom,
    make: assignments,
    files: edits.map(({ file }) => file),
    why,
    commit,
  })),
  alreadyFixed: alreadyFixed.map(({ name }) => name),
})

/** Names of the compat rows in a stored kernel. */
async function appliedIn(dir: string): Promise<string[]> {
  const record = JSON.parse(await readFile(join(dir, 'compat.json'), 'utf8')) as ReturnType<typeof compatRecord>
  return record.applied.map(({ name }) => name)
}

async function compile(
  { dir: tree, layers, read }: Pick<KernelTree, 'dir' | 'read'> & Pick<Change, 'layers'>,
  plan: BuildPlan,
  assignments: Readonly<Record<string, string>>,
  targets: readonly string[],
  context: Context,
  handle: StepHandle,
  log: string,
): Promise<void> {
  const counter = `${tree}.objects`
  const expected = Number(await readFile(counter, 'utf8').catch(() => EXPECTED_OBJECTS))
  const output: string[] = []
  let objects = 0
  const onLine = (line: string) => {
    if (isObjectLine(line)) handle.progress('compile', ++objects, Math.max(expected, objects), 'objects')
    else output.push(line)
    if (output.length > 5000) output.splice(0, 2500)
  }
  try {
    await make(
      { tree, targets, assignments, jobs: context.jobs },
      { signal: context.signal, log, onLine, place: plan.place },
    )
  } catch (error) {
    throw blamed(buildFailure(error, output, plan.place, log), output, layers, read)
  }
  if (objects > expected / 2) await writeFile(counter, String(objects))
}

/** What leaves the build tree: everything that a boot, a probe or a question about the kernel needs. */
const ARTEFACTS: readonly (readonly [string, string])[] = [
  ['arch/x86/boot/bzImage', 'bzImage'],
  ['vmlinux', 'vmlinux'],
  ['System.map', 'System.map'],
  ['.config', 'config'],
  ['Module.symvers', 'Module.symvers'],
  ['usr/include', 'headers'],
  ['include/config/kernel.release', 'release'],
]

async function build(
  plan: BuildPlan,
  fingerprint: Fingerprint,
  inputs: Inputs,
  context: Context,
  handle: StepHandle,
): Promise<string> {
  const { place } = plan
  const dir = await buildDir(plan, context)
  const log = join(dir, 'build.log')
  await using _lock = await lock(join(dir, 'lock'), context.signal, () =>
    handle.progress('wait for another build of the same source'),
  )
  const already = await context.store.get('kernel', fingerprint)
  if (already) return already.dir
  if (existsSync(log)) await rename(log, `${log}.old`)
  const { tree, change, version, compat, assignments, config } = await readyTree(plan, dir, context, handle, log)
  refuseExports(change, config, place)
  for (const text of change.warnings) context.emit({ type: 'notice', level: 'warning', place, text })
  handle.progress('compile')
  const changed = { dir: tree.dir, layers: change.layers, read: (path: string) => tree.read(path) }
  const none = leftFromModules(config).map((name) => join(tree.dir, name))
  for (const file of [...none, ...debugOutdated(plan.kernel.debug).map((name) => join(tree.dir, name))])
    await rm(file, { force: true })
  await compile(changed, plan, assignments, buildTargets(config, version), context, handle, log)
  // Who asks what is exported gets an answer. Newer kernels make the file in any case.
  for (const file of none) await appendFile(file, '')
  handle.progress('prove')
  await prove(tree.dir, change.paths, change.exposed, place, context.signal)
  handle.progress('package')
  const { dir: stored } = await context.store.put('kernel', fingerprint, inputs, async (to) => {
    for (const [from, name] of ARTEFACTS) await cp(join(tree.dir, from), join(to, name), { recursive: true })
    // BTF was made of it; it is ten times the size of the rest.
    if (plan.kernel.debug === 'btf') await stripDebug(join(to, 'vmlinux'), context.signal)
    await writeFile(
      join(to, 'patch.diff'),
      unifiedDiff((path) => tree.read(path), change.changed),
    )
    await writeFile(join(to, 'compat.json'), `${JSON.stringify(compatRecord(compat), null, 1)}\n`)
    await cp(log, join(to, 'build.log'))
  })
  return stored
}

/** A kernel and its tree are what fills a cache, so it is looked at after each build. */
async function makeRoom(context: Context): Promise<void> {
  if (!Number.isFinite(context.cacheLimit)) return
  const { removed } = await pruneCache(context.cache, context.cacheLimit, usedByProcesses())
  if (removed.length === 0) return
  const text = `${removed.length} entries, not used for longest, are removed to stay below LAB_CACHE_LIMIT`
  context.emit({ type: 'notice', level: 'info', place: `cache ${context.cache}`, text })
}

/** Restores or builds a kernel that is built here. `override` is a local tree to take the source from instead. */
export async function builtKernel(
  kernel: ResolvedKernel,
  context: Context,
  handle: StepHandle,
  override: string | undefined,
): Promise<StepResult<KernelArtefact>> {
  const { fingerprint, inputs } = await kernelFingerprint(kernel, context, override)
  const plan = await buildPlan(kernel, context, override, 'a build')
  const stored = await context.store.get('kernel', fingerprint)
  const why = stored ? undefined : await whyBuild(inputs, context)
  const dir = stored?.dir ?? (await build(plan, fingerprint, inputs, context, handle))
  if (!stored) await makeRoom(context)
  const release = (await readFile(join(dir, 'release'), 'utf8')).trim()
  const compat = await appliedIn(dir)
  const applied = compat.length > 0 ? `compat: ${compat.join(', ')}` : undefined
  return {
    outcome: stored ? 'restored' : 'built',
    detail: [`${release} from ${plan.id.title}`, why, applied].filter(Boolean).join('; '),
    value: {
      name: kernel.name,
      fingerprint,
      dir,
      image: await bootImage(dir),
      release,
      source: plan.id.title,
      compat,
    },
  }
}

/** A kernel's tree while somebody else's programs are built in it. */
export interface TreeInUse {
  readonly dir: string
  /** For make's command line, as for the kernel itself. */
  readonly assignments: Readonly<Record<string, string>>
  readonly log: string
  readonly place: string
}

/**
 * Lets `work` build in the kernel's tree, configured and with its headers, while nobody else builds there. `look` sees
 * the tree first: what it finds out goes to `work`, and what it throws saves the preparation. `what` needs the tree,
 * for the message about a kernel without one.
 */
export async function inTree<F, T>(
  kernel: ResolvedKernel,
  context: Context,
  handle: StepHandle,
  override: string | undefined,
  what: string,
  look: (dir: string) => Promise<F>,
  work: (tree: TreeInUse, found: F) => Promise<T>,
): Promise<T> {
  const plan = await buildPlan(kernel, context, override, what)
  const dir = await buildDir(plan, context)
  const log = join(dir, 'in-tree.log')
  await using _lock = await lock(join(dir, 'lock'), context.signal, () =>
    handle.progress('wait for another build of the same source'),
  )
  const { tree, version, assignments, config } = await readyTree(plan, dir, context, handle, log)
  const found = await look(tree.dir)
  handle.progress('prepare the tree')
  const { signal, jobs } = context
  const { place } = plan
  await make(
    { tree: tree.dir, targets: preparationTargets(config, version), assignments, jobs },
    { signal, log, place },
  )
  return await work({ dir: tree.dir, assignments, log, place }, found)
}

/** The unified diff that the declaration makes of the source; nothing is built. */
export function showPatch(kernel: ResolvedKernel, context: Context, override?: string): Promise<string> {
  return step(context, `kernel ${kernel.name}`, `kernel ${kernel.name}`, async (handle) => {
    const plan = await buildPlan(kernel, context, override, '--show-patch')
    const dir = await buildDir(plan, context)
    await using _lock = await lock(join(dir, 'lock'), context.signal, () =>
      handle.progress('wait for another build of the same source'),
    )
    const { tree, change } = await openTree(plan, dir, context, handle)
    return {
      outcome: 'done',
      detail: `${change.changed.size} files`,
      value: unifiedDiff((path) => tree.read(path), change.changed),
    }
  })
}
