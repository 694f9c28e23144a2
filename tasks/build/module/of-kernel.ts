/** A module that the kernel itself has (=m), with the modules that it needs: out of its build tree, or its packages. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ResolvedModule } from '../../config/modules.ts'
import type { ResolvedKernel } from '../../config/resolved.ts'
import type { Context, StepHandle } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { fingerprintOf, type Fingerprint } from '../../engine/fingerprint.ts'
import { makeScratch } from '../../engine/scratch.ts'
import { make, stripDebug } from '../../host/kbuild.ts'
import { loadOrder, moduleName } from '../../linux/objects/module-info.ts'
import { candidates } from '../../linux/symbols/similar.ts'
import { inTree, type KernelArtefact } from '../kernel/kernel.ts'
import { moduleFilesBelow, moduleReader } from '../kernel/module-files.ts'
import { prebuiltSource } from '../kernel/prebuilt/identity.ts'
import { openPrebuilt } from '../kernel/prebuilt/restore.ts'
import { ownCode } from '../own-code.ts'
import { dropForeignTypes } from './types.ts'

/** In an entry of the store: names of its modules in the order of loading, a line each. None: built into the kernel. */
const ORDER = 'order'

/** All modules of a kernel. */
interface KernelModules {
  /** Name -> file. */
  readonly files: ReadonlyMap<string, string>
  /** Names of what could be a module, and is a part of the kernel. */
  readonly builtIn: ReadonlySet<string>
  /** Where they were built; undefined where somebody else did it. */
  readonly tree: string | undefined
}

/**
 * modules.order and modules.builtin: "kernel/drivers/block/loop.ko" a line; modules.order without "kernel/", and of 6.x
 * with .o.
 */
const paths = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^kernel\//, '').replace(/\.o$/, '.ko'))

const namesOf = (text: string): string[] => paths(text).map((path) => moduleName(basename(path, '.ko')))

const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')

function notThere(name: string, declared: ResolvedKernel, { files }: KernelModules) {
  const near = candidates(name, files.keys()).map((candidate) => candidate.name)
  return userError({
    place: `module ${name}`,
    fact: `kernel ${declared.name} has no module of this name (${files.size} others)`,
    ...(near.length > 0 && { lines: [`it has ${near.join(', ')}`] }),
    wayOut: prebuiltSource(declared)
      ? 'correct the name, or build the module: `source:` names its C files'
      : 'correct the name, or set its option to m: `options: { NAME: m }` of the kernel',
  })
}

/** Puts a module and what it needs into a new entry. */
async function keep(
  name: string,
  modules: KernelModules,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const place = `module ${name}`
  const files = new Map<string, Buffer>()
  const infoOf = moduleReader(
    modules.files,
    files,
    { release: kernel.release, scratch: join(to, 'module'), place },
    signal,
  )
  if (modules.builtIn.has(name)) return await writeFile(join(to, ORDER), '')
  const { order, missing } = await loadOrder([name], infoOf)
  const [lacking] = missing
  if (lacking === name) throw notThere(name, declared, modules)
  if (lacking !== undefined)
    throw userError({
      place,
      fact: `it needs ${missing.join(', ')}, which kernel ${declared.name} does not have`,
      wayOut: 'are kernel and modules of one package and version?',
    })
  for (const [moduleName, bytes] of files) {
    await writeFile(join(to, `${moduleName}.ko`), bytes)
    await stripDebug(join(to, `${moduleName}.ko`), signal)
    if (modules.tree !== undefined)
      await dropForeignTypes(join(to, `${moduleName}.ko`), modules.tree, kernel.dir, signal)
  }
  await writeFile(join(to, ORDER), order.map((moduleName) => `${moduleName}\n`).join(''))
}

/** Lets `use` look at all modules of a kernel. */
async function withModulesOf(
  place: string,
  declared: ResolvedKernel,
  override: string | undefined,
  context: Context,
  handle: StepHandle,
  use: (modules: KernelModules) => Promise<void>,
): Promise<void> {
  const prebuilt = prebuiltSource(declared)
  if (!prebuilt) {
    await inTree(
      declared,
      context,
      handle,
      override,
      place,
      () => Promise.resolve(),
      async ({ dir, assignments, log }) => {
        handle.progress('build the modules of the kernel')
        const { jobs, signal } = context
        await make({ tree: dir, targets: ['modules'], assignments, jobs }, { signal, log, place })
        const order = paths(await textOf(join(dir, 'modules.order')))
        const files = new Map(order.map((path) => [moduleName(basename(path, '.ko')), join(dir, path)]))
        const builtIn = new Set(namesOf(await textOf(join(dir, 'modules.builtin'))))
        await use({ files, builtIn, tree: dir })
      },
    )
    return
  }
  const scratch = await makeScratch('module')
  try {
    const { modules } = await openPrebuilt(prebuilt, join(scratch, 'package'), place, context, handle)
    if (modules === undefined)
      throw userError({
        place,
        fact: `kernel ${declared.name} came without modules`,
        wayOut: 'name the package that holds them: `prebuilt: linux-image-*`, from 7.x on with `parts:`',
      })
    const builtIn = new Set(namesOf(await textOf(join(modules, '../modules.builtin'))))
    await use({ files: await moduleFilesBelow(modules), builtIn, tree: undefined })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

export interface OfKernel {
  readonly dir: string
  readonly fingerprint: Fingerprint
  readonly fresh: boolean
  /** Names in the order of loading, the module last; none where it is built into the kernel. */
  readonly order: readonly string[]
}

/** Restores or collects a module of the kernel's own. @throws a user's Failure where it has none of this name */
export async function ofKernel(
  { name }: Pick<ResolvedModule, 'name'>,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  context: Context,
  handle: StepHandle,
): Promise<OfKernel> {
  const inputs = { lab: ownCode('module', context.toolRoot), name, kernel: kernel.fingerprint }
  const fingerprint = fingerprintOf(inputs)
  const stored = await context.store.get('module', fingerprint)
  const { dir } =
    stored ??
    (await context.store.put('module', fingerprint, inputs, (to) =>
      withModulesOf(`module ${name}`, declared, override, context, handle, (modules) =>
        keep(name, modules, kernel, declared, to, context.signal),
      ),
    ))
  const order = (await readFile(join(dir, ORDER), 'utf8')).split('\n').filter((moduleName) => moduleName !== '')
  return { dir, fingerprint, fresh: stored === undefined, order }
}
