/** A kernel module from source, built in the tree of the kernel that will load it, or against its header packages. */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { ResolvedModule } from '../../config/modules.ts'
import { moduleFileName } from '../../config/modules.ts'
import type { ResolvedKernel } from '../../config/resolved.ts'
import type { Context, StepHandle } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { fingerprintOf, type Fingerprint, type Inputs } from '../../engine/fingerprint.ts'
import { printable } from '../../engine/printable.ts'
import { makeScratch } from '../../engine/scratch.ts'
import { make, stripDebug, toolchain } from '../../host/kbuild.ts'
import { inTree, type KernelArtefact } from '../kernel/kernel.ts'
import { prebuiltSource } from '../kernel/prebuilt/identity.ts'
import { run } from '../../host/sh.ts'
import { ownCode } from '../own-code.ts'
import { hashesOf, ownFiles, placeOf } from '../probe/own-files.ts'
import { moduleFailure, undefinedSymbols } from './failure.ts'
import { headersOf } from './headers.ts'
import { isPlainName, SOURCES, kbuildText } from './kbuild-text.ts'
import { withSymvers } from './symvers.ts'
import { dropForeignTypes } from './types.ts'

/** A module's entry in the store. */
export interface FromSource {
  readonly dir: string
  readonly fingerprint: Fingerprint
  /** It was built just now. */
  readonly fresh: boolean
}

/** Where make is run for a module, and with what. */
interface Place {
  readonly tree: string
  /** The kernel in the store. */
  readonly kernelDir: string
  readonly assignments: Readonly<Record<string, string>>
  readonly log: string
  /** Lists of what modules before it export. */
  readonly symvers: readonly string[]
}

/**
 * A digest that also covers the paths in the debug information, which differ: without it the same inputs give the same
 * bytes.
 */
const BUILD_ID = '.note.gnu.build-id'

/** All files of a module with their names below the directory of its first source. @throws a user's Failure */
function filesOf({ name, sources }: ResolvedModule): ReadonlyMap<string, string> {
  const [first = ''] = sources
  const root = dirname(placeOf(first) ?? first)
  const files = new Map<string, string>()
  const strange = sources.map((source) => relative(root, placeOf(source) ?? source)).find((own) => !isPlainName(own))
  if (strange !== undefined)
    throw userError({
      place: `module ${name}`,
      fact: `make cannot read the name of its source ${printable(strange, 200)}`,
      wayOut: 'name the file with letters, digits and "_", ".", "+" or "-" only',
    })
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

async function compile(
  module: ResolvedModule,
  { tree, kernelDir, assignments, log, symvers }: Place,
  to: string,
  context: Context,
) {
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
    const exported = symvers.length > 0 ? { KBUILD_EXTRA_SYMBOLS: symvers.join(' ') } : {}
    await make(
      { tree, targets: ['modules'], assignments: { ...assignments, M: scratch, ...exported }, jobs: context.jobs },
      { signal: context.signal, log, place: `module ${name}`, onLine: (line) => said.push(line) },
    )
    const missing = undefinedSymbols(said)
    if (missing.length > 0) throw moduleFailure(undefined, said, module, files, scratch, log)
    const object = join(scratch, moduleFileName(module))
    await stripDebug(object, context.signal)
    await run(['objcopy', `--remove-section=${BUILD_ID}`, object], { signal: context.signal })
    await dropForeignTypes(object, tree, kernelDir, context.signal)
    await copyFile(object, join(to, moduleFileName(module)))
    await copyFile(join(scratch, SYMVERS), join(to, SYMVERS))
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
  symvers: readonly string[],
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
        await compile(module, { tree: dir, kernelDir: kernel.dir, assignments, log, symvers }, to, context)
      }),
  )

/** What a module's own Module.symvers is called in the store: symbols that it exports to modules after it. */
const SYMVERS = 'Module.symvers'

/**
 * Restores or builds a module from source for one kernel; its directory in the store.
 * @param override the tree that the kernel's source was taken from instead @param before modules that are loaded before
 * it
 */
export async function builtFromSource(
  module: ResolvedModule,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  before: readonly FromSource[],
  context: Context,
  handle: StepHandle,
): Promise<FromSource> {
  const prebuilt = prebuiltSource(declared)
  const place = `module ${module.name}`
  const headers = prebuilt && (await headersOf(prebuilt, declared, kernel.release, place, context, handle))
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
    ...(headers && { headers: headers.fingerprint }),
    ...(before.length > 0 && { before: before.map((module) => module.fingerprint) }),
  }
  const fingerprint = fingerprintOf(inputs)
  const stored = await context.store.get('module', fingerprint)
  const symvers = before.map(({ dir }) => join(dir, SYMVERS))
  const { dir } =
    stored ??
    (await context.store.put('module', fingerprint, inputs, async (to) => {
      if (headers === undefined)
        return await compileInTree(module, kernel, declared, override, symvers, to, context, handle)
      handle.progress('compile')
      // Debian's names the compiler by its version (.kernelvariables).
      const assignments = { CC: 'gcc' }
      // Not in the entry, which is gone after a failure that names the log.
      const log = join(context.cache, 'logs', `module-${fingerprint.slice(0, 16)}.log`)
      await rm(log, { force: true })
      await compile(module, { tree: headers.tree, kernelDir: kernel.dir, assignments, log, symvers }, to, context)
    }))
  return { dir, fingerprint, fresh: stored === undefined }
}
