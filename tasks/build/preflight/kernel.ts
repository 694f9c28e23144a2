/**
 * What can be told of a declared kernel before it boots: built, built before with other inputs, or its source alone.
 */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { ResolvedKernel } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { Failure } from '../../engine/error.ts'
import { changedInputs, fingerprintOf, type Fingerprint, type Inputs } from '../../engine/fingerprint.ts'
import type { StoredEntry } from '../../engine/store.ts'
import { kernelFingerprint, type BuildPlan } from '../kernel/identity.ts'
import { requestsFor } from '../kernel/configure.ts'
import { debugRequests, debugSuffix } from '../kernel/debug.ts'
import { MODULES, ORDER } from '../kernel/prebuilt/modules.ts'
import { buildName } from '../kernel/source.ts'
import type { Read } from '../../linux/objects/elf.ts'
import { mergeRequests, parseConfig, type Request } from '../../linux/kbuild/kconfig.ts'
import { parseSymvers } from '../../linux/kbuild/proof.ts'
import { withConfig, type KernelFacts } from '../../linux/symbols/facts.ts'
import { moduleFacts, withModules, type ModuleFacts } from '../../linux/symbols/module-facts.ts'
import { factsOfImage } from '../../linux/symbols/image.ts'
import { parseVersion, versionOfMakefile, type Version } from '../../linux/version.ts'
import { declaredChange } from '../kernel/declared-change.ts'
import { SearchedTree } from './tree.ts'

export interface KernelView {
  readonly kernel: ResolvedKernel
  readonly version: Version | undefined
  /** Of the built kernel. */
  readonly facts: KernelFacts | undefined
  /** What is asked for, where it is not built. */
  readonly config: ReadonlyMap<string, string>
  readonly tree: SearchedTree | undefined
  /** What a build left in the store: this kernel's own, or one of the same source. */
  readonly entry: { readonly dir: string; readonly fingerprint: Fingerprint; readonly release: string } | undefined
  /** Of a build whose source was changed otherwise: functions that this kernel will not have for that reason. */
  readonly foreign?: ReadonlySet<string> | undefined
  /** How much of it is known: `built` is exact. */
  readonly state: 'built' | 'built before' | 'source' | 'nothing'
  /** What stands against it, in words; undefined where it is built. */
  readonly note: string | undefined
}

/** Parts of a file, opened for each: facts are asked for later too, and nobody says when the last was. */
const readerOf = (path: string): Read => {
  const { size: length } = statSync(path)
  return (offset, size) => {
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(size, length - offset)))
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset))
    } finally {
      closeSync(file)
    }
  }
}

/** The modules that a prebuilt kernel always loads, for its disks (kernel/prebuilt/modules.ts). */
async function bootModules(dir: string): Promise<ModuleFacts[]> {
  const order = await readFile(join(dir, MODULES, ORDER), 'utf8').catch(() => '')
  const names = order.split('\n').filter((name) => name !== '')
  const read = async (name: string) => moduleFacts(await readFile(join(dir, MODULES, name)), basename(name, '.ko'))
  return await Promise.all(names.map(read))
}

/** Symbols, tables and configuration of a built kernel. @param dir its entry in the store */
export async function factsIn(dir: string): Promise<KernelFacts> {
  const text = async (name: string) => await readFile(join(dir, name), 'utf8')
  const [release, config, symvers] = await Promise.all(['release', 'config', 'Module.symvers'].map(text))
  const facts = factsOfImage(readerOf(join(dir, 'vmlinux')), {
    release: (release ?? '').trim(),
    config: parseConfig(config ?? ''),
    exported: parseSymvers(symvers ?? ''),
  })
  return withModules(facts, await bootModules(dir))
}

/**
 * All that the declaration asks for: fragments, options and `debug:`, as its build would. What it would refuse is not
 * asked for.
 */
async function requestsOf(kernel: ResolvedKernel, version: Version): Promise<Request[]> {
  const { config: fragments, options, debug, name } = kernel
  const types = () => {
    try {
      return debugRequests(debug, version, `kernel ${name}`)
    } catch (error) {
      if (error instanceof Failure) return []
      throw error
    }
  }
  return mergeRequests([...(await requestsFor({ fragments, options }, version)), ...types()])
}

/** A configuration with what is asked for. What is set to "n" is not there, as in .config. */
function withRequests(config: ReadonlyMap<string, string>, requests: readonly Request[]): Map<string, string> {
  const changed = new Map(config)
  for (const { symbol, value } of requests)
    if (value === 'n') changed.delete(symbol)
    else changed.set(symbol, value)
  return changed
}

/** What any `debug:` asks for: an earlier build may have had another. */
const DEBUG_SYMBOLS = debugRequests('btf', { major: 6, minor: 0, patch: 0 }, '').map(({ symbol }) => symbol)

/** The facts with the configuration that this kernel will have: that of an earlier build may differ. */
async function withDeclared(facts: KernelFacts, kernel: ResolvedKernel): Promise<KernelFacts> {
  const version = parseVersion(facts.release)
  if (version === undefined) return facts
  const config = new Map(facts.config)
  for (const symbol of DEBUG_SYMBOLS) config.delete(symbol)
  return withConfig(facts, withRequests(config, await requestsOf(kernel, version)))
}

/** Version of a kernel that is not built: of its tree, else of its source's name. */
function versionOf({ name, source }: ResolvedKernel, tree: SearchedTree | undefined): Version | undefined {
  const makefile = tree?.read('Makefile') ?? ''
  const words = 'url' in source ? /linux-([\d.]+\d)/.exec(source.url)?.[1] : 'version' in source ? source.version : name
  return versionOfMakefile(makefile) ?? parseVersion(words ?? '') ?? parseVersion(name)
}

/** The inputs that differ, in words; `lab` is what the tool itself does to a tree. */
const differing = (before: Inputs, after: Inputs): string =>
  changedInputs(before, after)
    .map((name) => (name === 'lab' ? "the lab's own version" : name))
    .join(', ')

/** Inputs that change no text of the source. */
const NO_TEXT: ReadonlySet<string> = new Set(['lab', 'config', 'options', 'debug', 'gcc', 'ld', 'make', 'pahole'])

/**
 * An earlier build of the same source: one that differs in the tool's version alone, else in nothing that changes the
 * source's text, else the newest. A cache may serve several labs, so that the newest may be of another declaration.
 */
async function nearest(inputs: Inputs, { store }: Context): Promise<StoredEntry | undefined> {
  const same = (other: Inputs) => other['source'] === inputs['source']
  const differs = (only: (name: string) => boolean) => (other: Inputs) =>
    same(other) && changedInputs(other, inputs).every(only)
  return (
    (await store.newest(
      'kernel',
      differs((name) => name === 'lab'),
    )) ??
    (await store.newest(
      'kernel',
      differs((name) => NO_TEXT.has(name.replace(/\..*$/, ''))),
    )) ??
    (await store.newest('kernel', same))
  )
}

const Declared = z.object({
  parallelPath: z.array(z.object({ suffix: z.string(), functions: z.array(z.string()) })).default([]),
  expose: z.array(z.object({ function: z.string() })).default([]),
})

/** Functions that a declaration makes, or keeps out of line. */
const madeBy = ({ parallelPath, expose }: z.infer<typeof Declared>): string[] => [
  ...parallelPath.flatMap(({ suffix, functions }) => functions.map((name) => `${name}_${suffix}`)),
  ...expose.map((exposed) => exposed.function),
]

/** Functions that only the earlier of two builds was told to have; undefined where both have the same text. */
function foreignIn(before: Inputs, after: Inputs): ReadonlySet<string> | undefined {
  if (changedInputs(before, after).every((name) => NO_TEXT.has(name.replace(/\..*$/, '')))) return undefined
  const [theirs, ours] = [Declared.safeParse(before), Declared.safeParse(after)]
  if (!theirs.success || !ours.success) return new Set()
  const own = new Set(madeBy(ours.data))
  return new Set(madeBy(theirs.data).filter((name) => !own.has(name)))
}

/**
 * Makes the tree what the declaration will make of it. What it cannot become is reported: the build would end with it.
 */
async function asDeclared(
  tree: SearchedTree | undefined,
  plan: BuildPlan | undefined,
  version: Version | undefined,
): Promise<string | undefined> {
  if (!tree || !plan || !version) return undefined
  try {
    tree.change((await declaredChange(tree, plan, version)).change.changed)
    return undefined
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    return `cannot be built as it is declared: ${error.parts.fact}`
  }
}

const DEBUG = ['none', 'btf', 'dwarf'] as const

/**
 * A build tree of exactly this source, of whatever debug information, or the developer's own tree that it would be
 * copied from; a prebuilt kernel has none.
 */
async function treeOf(plan: BuildPlan | undefined, { cache, signal }: Context): Promise<SearchedTree | undefined> {
  if (!plan) return undefined
  const { source, id, tools, kernel } = plan
  for (const debug of new Set([kernel.debug, ...DEBUG])) {
    const src = join(cache, 'build', `${buildName(source, id)}-gcc${tools.gccMajor}${debugSuffix(debug)}`, 'src')
    const marker = await readFile(`${src}.source`, 'utf8').catch(() => '')
    if (marker === id.id) return new SearchedTree(src, id.id, signal)
  }
  if (!('tree' in source)) return undefined
  return new SearchedTree(source.tree, id.id, signal, join(cache, 'build', `${buildName(source, id)}.names`))
}

/** Opens what there is of a kernel. Nothing is fetched, unpacked or built. @param override `--source` */
export async function openKernel(kernel: ResolvedKernel, context: Context, override?: string): Promise<KernelView> {
  let named: Awaited<ReturnType<typeof kernelFingerprint>>
  try {
    named = await kernelFingerprint(kernel, context, override)
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    const version = versionOf(kernel, undefined)
    return {
      kernel,
      version,
      facts: undefined,
      config: new Map(),
      tree: undefined,
      entry: undefined,
      state: 'nothing',
      note: error.parts.fact,
    }
  }
  const { fingerprint, inputs, plan } = named
  const tree = await treeOf(plan, context)
  const exact = await context.store.get('kernel', fingerprint)
  const entry = exact ?? (await nearest(inputs, context))
  if (entry && existsSync(join(entry.dir, 'vmlinux'))) {
    const own = await factsIn(entry.dir)
    const facts = exact ? own : await withDeclared(own, kernel)
    const version = parseVersion(facts.release)
    const problem = exact ? undefined : await asDeclared(tree, plan, version)
    return {
      kernel,
      facts,
      tree,
      config: facts.config,
      version,
      entry: { dir: entry.dir, fingerprint: fingerprintOf(entry.inputs), release: facts.release },
      foreign: exact ? undefined : foreignIn(entry.inputs, inputs),
      state: exact ? 'built' : 'built before',
      note: exact
        ? undefined
        : (problem ??
          `not built as it is declared now; read from a build that differs in ${differing(entry.inputs, inputs)}`),
    }
  }
  const version = versionOf(kernel, tree)
  const problem = await asDeclared(tree, plan, version)
  const config =
    version === undefined ? new Map<string, string>() : withRequests(new Map(), await requestsOf(kernel, version))
  const state = tree ? 'source' : 'nothing'
  const note = problem ?? (tree ? 'not built; read from its source' : 'not built, and its source is not here')
  return { kernel, version, facts: undefined, config, tree, entry: undefined, state, note }
}
