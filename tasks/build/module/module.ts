/** Step: the kernel modules of an experiment, for one kernel: its own, those built from source, and ready files. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isReadyModule, moduleFileName, type ResolvedModule } from '../../config/modules.ts'
import type { ResolvedKernel } from '../../config/resolved.ts'
import { step, type Context, type StepHandle, type StepResult } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { fingerprintOf, hashFile } from '../../engine/fingerprint.ts'
import { parseConfig } from '../../linux/kbuild/kconfig.ts'
import { moduleInfo } from '../../linux/objects/module-info.ts'
import { moduleParameters } from '../../linux/objects/module-parameters.ts'
import type { KernelArtefact } from '../kernel/kernel.ts'
import type { BuiltModule } from './built.ts'
import { builtFromSource, type FromSource } from './from-source.ts'
import { ofKernel } from './of-kernel.ts'
import { checkSymbols, readyModule } from './ready.ts'

/** @throws a user's Failure where the kernel loads no modules */
async function needModules({ name, dir }: KernelArtefact, place: string): Promise<void> {
  if (parseConfig(await readFile(join(dir, 'config'), 'utf8')).get('MODULES') === 'y') return
  throw userError({
    place,
    fact: `kernel ${name} is built without CONFIG_MODULES: it loads none`,
    wayOut: 'set `options: { MODULES: y }` of the kernel (lab:base has it)',
  })
}

/** What is known of a file in the store. @throws a user's Failure where it is for another kernel */
async function described(dir: string, name: string, fingerprint: string, kernel: KernelArtefact) {
  const file = join(dir, moduleFileName({ name }))
  const { vermagic, srcversion, depends } = moduleInfo(await readFile(file), name)
  const [built = ''] = vermagic.split(' ')
  if (built !== kernel.release)
    throw userError({
      place: `module ${name}`,
      fact: `it was built for ${built || 'an unknown kernel'}, and kernel ${kernel.name} is ${kernel.release}`,
      wayOut: 'run it on the kernel that it was built for, or name its C files: they are built for each kernel',
    })
  const module: BuiltModule = {
    module: name,
    name: moduleFileName({ name }),
    file,
    // An entry may hold several.
    fingerprint: fingerprintOf({ entry: fingerprint, name }),
    sha256: await hashFile(file),
    vermagic: vermagic.trim(),
    ...(srcversion !== undefined && { srcversion }),
  }
  return { module, depends }
}

/** @throws a user's Failure for a parameter that the module does not have: the kernel would only log that */
async function checkParameters({ name, params }: ResolvedModule, file: string): Promise<void> {
  const known = moduleParameters(await readFile(file))
  const unknown = Object.keys(params).find((param) => !known.includes(param))
  if (unknown === undefined) return
  throw userError({
    place: `module ${name}`,
    fact: `it has no parameter ${unknown}, and the kernel would ignore it`,
    lines: [known.length > 0 ? `it has ${known.toSorted().join(', ')}` : 'it has none'],
    wayOut: 'correct `params:` of the module, or declare it with module_param()',
  })
}

interface Building {
  readonly kernel: KernelArtefact
  readonly declared: ResolvedKernel
  /** The tree that the kernel's source was taken from instead. */
  readonly override: string | undefined
  readonly context: Context
  /** Modules so far, in the order of loading. */
  readonly ready: BuiltModule[]
  readonly fromSource: FromSource[]
}

/** Adds a module of the kernel's own, and before it what it needs and is not there yet. */
async function addOwn(module: ResolvedModule, needed: boolean, building: Building, handle: StepHandle) {
  const { kernel, declared, override, context, ready } = building
  const { dir, fingerprint, fresh, order } = await ofKernel(module, kernel, declared, override, context, handle)
  if (order.length === 0 && Object.keys(module.params).length > 0)
    throw userError({
      place: `module ${module.name}`,
      fact: `it is built into kernel ${kernel.name}, and takes no parameters as a module`,
      wayOut: `set its option to m, or give them on the kernel's command line: \`cmdline: [${module.name}.NAME=VALUE]\` of the VM`,
    })
  for (const name of order) {
    if (ready.some((info) => info.module === name)) continue
    const info = await described(dir, name, fingerprint, kernel)
    if (name === module.name) await checkParameters(module, info.module.file)
    ready.push(needed || name !== module.name ? { ...info.module, needed: true } : info.module)
  }
  return { fresh, builtIn: order.length === 0 }
}

/** Adds a module from source or from a file, and before it what it needs of the kernel's own. */
async function addForeign(module: ResolvedModule, building: Building, handle: StepHandle) {
  const { kernel, declared, override, context, ready, fromSource } = building
  const isReady = isReadyModule(module)
  const built = isReady
    ? await readyModule(module, context)
    : await builtFromSource(module, kernel, declared, override, fromSource, context, handle)
  const info = await described(built.dir, module.name, built.fingerprint, kernel)
  await checkParameters(module, info.module.file)
  for (const name of info.depends)
    if (!ready.some((other) => other.module === name))
      await addOwn({ name, sources: [], flags: [], params: {} }, true, building, handle)
  // modpost has looked for those of a module from source.
  if (isReady) await checkSymbols(info.module, kernel, ready)
  else fromSource.push(built)
  ready.push(info.module)
  return built
}

const prepare = (module: ResolvedModule, building: Building) =>
  step(
    building.context,
    `module ${module.name}`,
    `module ${module.name}`,
    async (handle): Promise<StepResult<undefined>> => {
      await needModules(building.kernel, `module ${module.name}`)
      const { release } = building.kernel
      if (module.sources.length > 0) {
        const { fresh } = await addForeign(module, building, handle)
        return { outcome: fresh ? 'built' : 'restored', detail: `for ${release}`, value: undefined }
      }
      const { fresh, builtIn } = await addOwn(module, false, building, handle)
      const detail = builtIn ? `built into ${release}` : `of ${release}`
      return { outcome: fresh ? 'built' : 'restored', detail, value: undefined }
    },
  )

/**
 * Restores or builds the modules of an experiment, in the order of loading, each behind what it needs.
 * @param override the tree that the kernel's source was taken from instead
 */
export async function moduleSteps(
  modules: readonly ResolvedModule[],
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  context: Context,
): Promise<readonly BuiltModule[]> {
  const building: Building = { kernel, declared, override, context, ready: [], fromSource: [] }
  // One after the other: each may use what those before it export.
  for (const module of modules) await prepare(module, building)
  return building.ready
}
