/** One compiled object on one built kernel. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KernelArtefact } from '../kernel/kernel.ts'
import { ElfError } from '../../linux/objects/elf.ts'
import { userHookOf, WORKLOAD } from '../../linux/symbols/hook.ts'
import { judge } from '../../linux/symbols/judge.ts'
import { programsOfObject, versionOfObject } from '../../linux/symbols/object.ts'
import { objectVersion } from '../../linux/symbols/object-version.ts'
import type { VerdictKind } from '../../linux/symbols/verdict.ts'
import type { BuiltModule } from '../module/built.ts'
import { withModules } from '../../linux/symbols/module-facts.ts'
import { factsIn } from './kernel.ts'
import { factsOfModules } from './modules.ts'
import type { ObjectFindings } from './findings.ts'

/** Not certain before boot: somebody may load the module. */
const OPEN: ReadonlySet<VerdictKind> = new Set(['module'])

/** LINUX_VERSION_CODE of the headers that were built with the kernel; undefined where they have none. */
const versionCode = async ({ dir }: KernelArtefact): Promise<number | undefined> => {
  const text = await readFile(join(dir, 'headers/linux/version.h'), 'utf8').catch(() => '')
  const code = /^#define LINUX_VERSION_CODE (\d+)$/m.exec(text)?.[1]
  return code === undefined ? undefined : Number(code)
}

/** What the kernel will refuse of an object. One that is no ELF file is the loader's to refuse, in its own words. */
export async function lookAt(
  object: Buffer,
  kernel: KernelArtefact,
  modules: readonly BuiltModule[],
): Promise<ObjectFindings> {
  try {
    return await findings(object, kernel, modules)
  } catch (error) {
    if (error instanceof ElfError) return { refused: [], inWorkload: [] }
    throw error
  }
}

async function findings(
  object: Buffer,
  kernel: KernelArtefact,
  modules: readonly BuiltModule[],
): Promise<ObjectFindings> {
  const facts = withModules(await factsIn(kernel.dir), await factsOfModules(modules))
  const programs = programsOfObject(object)
  const refused = programs.flatMap(({ program, hook }) => {
    const { attachable, kind } = judge(hook, facts)
    return attachable === false && !OPEN.has(kind) ? [{ program, section: hook.section }] : []
  })
  const inWorkload = programs
    .filter(({ hook }) => userHookOf(hook)?.file === WORKLOAD)
    .map(({ program, hook }) => ({ program, section: hook.section }))
  const code = await versionCode(kernel)
  const says = versionOfObject(object)
  const version = code === undefined || says === undefined ? undefined : objectVersion(says, code)
  return version === undefined ? { refused, inWorkload } : { refused, inWorkload, version }
}
