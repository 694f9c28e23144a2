/**
 * Compiled probes against a built kernel, before it boots: which hooks it will refuse, and whether the object says it
 * is for another kernel.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../../engine/context.ts'
import { ownCode } from '../own-code.ts'
import { fingerprintOf } from '../../engine/fingerprint.ts'
import type { KernelArtefact } from '../kernel/kernel.ts'
import type { BuiltModule } from '../module/built.ts'
import type { Deployable } from '../probe/probe.ts'
import { ObjectFindingsSchema, type ObjectFindings } from './findings.ts'

const FILE = 'preflight.json'

/**
 * Findings in an object on a kernel with these modules; kept in the store, since they are the same as long as kernel
 * and object are.
 */
export async function findingsIn(
  object: Pick<Deployable, 'file' | 'fingerprint'>,
  kernel: KernelArtefact,
  modules: readonly BuiltModule[],
  context: Context,
): Promise<ObjectFindings> {
  const lab = ownCode('preflight', context.toolRoot)
  const inputs = {
    kernel: kernel.fingerprint,
    object: object.fingerprint,
    lab,
    ...(modules.length > 0 && { modules: modules.map((module) => module.fingerprint) }),
  }
  const fingerprint = fingerprintOf(inputs)
  const stored = await context.store.get('preflight', fingerprint)
  if (stored) return ObjectFindingsSchema.parse(JSON.parse(await readFile(join(stored.dir, FILE), 'utf8')))
  // Loaded only here: most runs find what an earlier one found.
  const { lookAt } = await import('./look.ts')
  const found = await lookAt(await readFile(object.file), kernel, modules)
  await context.store.put('preflight', fingerprint, inputs, (dir) => writeFile(join(dir, FILE), JSON.stringify(found)))
  return found
}
