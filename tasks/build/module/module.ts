/** Kernel modules of an experiment, built from source in the tree of the kernel that will load them. */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { ResolvedModule } from '../../config/modules.ts'
import { moduleFileName } from '../../config/modules.ts'
import type { ResolvedKernel } from '../../config/resolved.ts'
import { step, type Context, type StepHandle } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { fingerprintOf, hashFile, type Inputs } from '../../engine/fingerprint.ts'
import { makeScratch } from '../../engine/scratch.ts'
import { make, stripDebug, toolchain } from '../../host/kbuild.ts'
import { moduleInfo } from '../../linux/objects/module-info.ts'
import { moduleParameters } from '../../linux/objects/module-parameters.ts'
import { parseConfig } from '../../linux/kbuild/kconfig.ts'
import { inTree, type KernelArtefact } from '../kernel/kernel.ts'
import { needsBuild, prebuiltSource } from '../kernel/prebuilt/identity.ts'
import { ownCode } from '../own-code.ts'
import { hashesOf, ownFiles, placeOf } from '../probe/own-files.ts'
import type { Deployable } from '../probe/probe.ts'
import { moduleFailure, undefinedSymbols } from './failure.ts'
import { SOURCES, kbuildText } from './kbuild-text.ts'
import { withSymvers } from './symvers.ts'

/** A module that is ready for the guest. */
export interface BuiltModule extends Deployable {
  /** As lsmod shows it. */
  readonly module: string
  /** Of the file as it goes to the guest. */
  readonly sha256: string
  readonly vermagic: string
  readonly srcversion?: string
}

/** Where make is run for a module, and with what. */
interface Place {
  readonly tree: string
  readonly assignments: Readonly<Record<string, string>>
  readonly log: string
}

/** All files of a module with their names below the directory of its first source. @throws a user's Failure */
function filesOf({ name, sources }: ResolvedModule): ReadonlyMap<string, string> {
  const [first = ''] = sources
  const root = dirname(placeOf(first) ?? first)
  const files = new Map<string, string>()
  for (const source of sources)
    for (const file of ownFiles(source).files) {
      const own = relative(root, file)
      if (own.startsWith('..'))
        throw userError({
          place: `module ${name}`,
          fact: `${file} is not below the directory of its first source, ${root}`,
          wayOut: 'put the files of a module into one directory, or into directories below it',
        })
      files.set(own, file)
    }
  return files
}

async function compile(module: ResolvedModule, { tree, assignments, log }: Place, to: string, context: Context) {
  const { name, sources, flags } = module
  const files = filesOf(module)
  const scratch = await makeScratch('module')
  const said: string[] = []
  try {
    for (const [own, file] of files) {
      await mkdir(dirname(join(scratch, SOURCES, own)), { recursive: true })
      await copyFile(file, join(scratch, SOURCES, own))
    }
    const own = (source: string) => relative(dirname(placeOf(sources[0] ?? '') ?? ''), placeOf(source) ?? source)
    await writeFile(join(scratch, 'Kbuild'), kbuildText({ name, files: sources.map(own), flags, dir: scratch }))
    await make(
      { tree, targets: ['modules'], assignments: { ...assignments, M: scratch }, jobs: context.jobs },
      { signal: context.signal, log, place: `module ${name}`, onLine: (line) => said.push(line) },
    )
    const missing = undefinedSymbols(said)
    if (missing.length > 0) throw moduleFailure(undefined, said, module, files, scratch, log)
    const object = join(scratch, moduleFileName(module))
    await stripDebug(object, context.signal)
    await copyFile(object, join(to, moduleFileName(module)))
  } catch (error) {
    throw moduleFailure(error, said, module, files, scratch, log)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** In the tree of a kernel that is built here, with the list of symbols that this very kernel exports. */
const compileInTree = (
  module: ResolvedModule,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  to: string,
  context: Context,
  handle: StepHandle,
): Promise<void> =>
  inTree(
    declared,
    context,
    handle,
    override,
    `module ${module.name}`,
    () => Promise.resolve(),
    ({ dir, assignments, log }) =>
      withSymvers(dir, join(kernel.dir, 'Module.symvers'), async () => {
        handle.progress('compile')
        await compile(module, { tree: dir, assignments, log }, to, context)
      }),
  )

/** @throws a user's Failure where the kernel loads no modules */
async function needModules({ name, dir }: KernelArtefact, place: string): Promise<void> {
  if (parseConfig(await readFile(join(dir, 'config'), 'utf8')).get('MODULES') === 'y') return
  throw userError({
    place,
    fact: `kernel ${name} is built without CONFIG_MODULES: it loads none`,
    wayOut: 'set `options: { MODULES: y }` of the kernel (lab:base has it)',
  })
}

/** What is known of the file. @throws a user's Failure where it is for another kernel or lacks a parameter */
async function described(file: string, module: ResolvedModule, kernel: KernelArtefact) {
  const place = `module ${module.name}`
  const bytes = await readFile(file)
  const { vermagic, srcversion } = moduleInfo(bytes, module.name)
  const [built = ''] = vermagic.split(' ')
  if (built !== kernel.release)
    throw userError({
      place,
      fact: `it was built for ${built || 'an unknown kernel'}, and kernel ${kernel.name} is ${kernel.release}`,
      wayOut: 'name the kernel that it was built for',
    })
  const known = moduleParameters(bytes)
  const unknown = Object.keys(module.params).find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw userError({
      place,
      fact: `it has no parameter ${unknown}; the kernel would ignore it`,
      lines: [known.length > 0 ? `it has ${known.toSorted().join(', ')}` : 'it has none'],
      wayOut: 'correct `params:` of the module, or declare it with module_param()',
    })
  return { sha256: await hashFile(file), vermagic: vermagic.trim(), ...(srcversion !== undefined && { srcversion }) }
}

/** Restores or builds a module for one kernel. @param override the tree that the kernel's source was taken from instead */
export function moduleStep(
  module: ResolvedModule,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  context: Context,
): Promise<BuiltModule> {
  const place = `module ${module.name}`
  return step(context, place, place, async (handle) => {
    await needModules(kernel, place)
    const prebuilt = prebuiltSource(declared)
    if (prebuilt) throw needsBuild(declared, prebuilt, `module ${module.name}, which is built from source,`)
    const [first = ''] = module.sources
    const { gcc, ld, make: version } = await toolchain(context.cache, context.signal)
    const inputs: Inputs = {
      lab: ownCode('module', context.toolRoot),
      name: module.name,
      source: await hashesOf([...filesOf(module).values()], first),
      order: module.sources.map((source) => relative(dirname(first), source)),
      flags: [...module.flags],
      kernel: kernel.fingerprint,
      tools: { gcc, ld, make: version },
    }
    const fingerprint = fingerprintOf(inputs)
    const stored = await context.store.get('module', fingerprint)
    const { dir } =
      stored ??
      (await context.store.put('module', fingerprint, inputs, async (to) => {
        await compileInTree(module, kernel, declared, override, to, context, handle)
      }))
    const file = join(dir, moduleFileName(module))
    return {
      outcome: stored ? 'restored' : 'built',
      detail: `for ${kernel.release}`,
      value: {
        module: module.name,
        name: moduleFileName(module),
        file,
        fingerprint,
        ...(await described(file, module, kernel)),
      },
    }
  })
}
