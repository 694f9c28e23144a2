/** A module that somebody else has built (.ko): whether the kernel will load it is found out before the boot. */
import { copyFile, readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { moduleFileName, type ResolvedModule } from '../../config/modules.ts'
import type { Context } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { fingerprintOf, hashFile, type Fingerprint } from '../../engine/fingerprint.ts'
import { parseSymvers } from '../../linux/kbuild/proof.ts'
import { ElfError } from '../../linux/objects/elf.ts'
import { moduleInfo } from '../../linux/objects/module-info.ts'
import { usedSymbols } from '../../linux/objects/used-symbols.ts'
import { moduleFacts } from '../../linux/symbols/module-facts.ts'
import type { KernelArtefact } from '../kernel/kernel.ts'
import type { BuiltModule } from './built.ts'

/** Names that are told of many. */
const MOST_NAMES = 8

/** Copies the file into the store. @throws a user's Failure where it is not a module of this name */
export async function readyModule(
  { name, sources }: ResolvedModule,
  context: Context,
): Promise<{ readonly dir: string; readonly fingerprint: Fingerprint; readonly fresh: boolean }> {
  const [file = ''] = sources
  const place = `module ${name}`
  if (!existsSync(file))
    throw userError({ place, fact: `${file} is not there`, wayOut: 'build it, or correct `source:`' })
  const inputs = { name, file: await hashFile(file) }
  const fingerprint = fingerprintOf(inputs)
  const stored = await context.store.get('module', fingerprint)
  try {
    const info = moduleInfo(await readFile(file), name)
    if (info.vermagic === '') throw new ElfError('it has no vermagic')
    if (info.name !== name)
      throw userError({
        place,
        fact: `the module in ${file} is called ${info.name}`,
        wayOut: `write \`name: ${info.name}\``,
      })
  } catch (error) {
    if (!(error instanceof ElfError)) throw error
    throw userError(
      { place, fact: `${file} is not a kernel module: ${error.message}`, wayOut: 'name a .ko file' },
      error,
    )
  }
  const { dir } =
    stored ??
    (await context.store.put('module', fingerprint, inputs, (to) => copyFile(file, join(to, moduleFileName({ name })))))
  return { dir, fingerprint, fresh: stored === undefined }
}

/**
 * Looks for what a module uses in the kernel and in the modules before it.
 * @throws a user's Failure with the names of symbols that neither exports
 */
export async function checkSymbols(
  { module, file }: BuiltModule,
  kernel: KernelArtefact,
  before: readonly BuiltModule[],
): Promise<void> {
  const exported = new Set(parseSymvers(await readFile(join(kernel.dir, 'Module.symvers'), 'utf8')).keys())
  for (const other of before)
    for (const name of moduleFacts(await readFile(other.file), other.module).exported) exported.add(name)
  const missing = usedSymbols(await readFile(file)).filter((name) => !exported.has(name))
  if (missing.length === 0) return
  throw userError({
    place: `module ${module}`,
    fact: `it uses symbols that kernel ${kernel.name} does not export: ${missing.slice(0, MOST_NAMES).join(', ')}${missing.length > MOST_NAMES ? ', ...' : ''}`,
    wayOut: 'name the module that exports them before this one in `modules:`, or build it for this kernel',
  })
}
