/**
 * What a kernel module says about itself (section .modinfo: texts "key=value"), and the order in which modules must be
 * loaded.
 */
import { sectionsOf } from './elf.ts'

export interface ModuleInfo {
  /** As /proc/modules has it, with "_" for "-". */
  readonly name: string
  /** Modules whose symbols it uses. */
  readonly depends: readonly string[]
  /** Modules that should be there before it if they exist (softdep), by a name or an alias. */
  readonly before: readonly string[]
  /** Other names that it can be asked for by. */
  readonly aliases: readonly string[]
  /** The kernel that it was built for begins this text: "6.1.0-50-cloud-amd64 SMP preempt mod_unload modversions ". */
  readonly vermagic: string
  /** A digest of its sources (CONFIG_MODULE_SRCVERSION_ALL, or a MODULE_VERSION); undefined where it has none. */
  readonly srcversion?: string
}

export const moduleName = (text: string): string => text.replaceAll('-', '_')

const names = (text: string, between: RegExp): string[] =>
  text
    .split(between)
    .filter((name) => name !== '')
    .map(moduleName)

/**
 * @param file what its file is called without endings: older kernels do not say the name themselves @throws ElfError
 */
export function moduleInfo(bytes: Buffer, file: string): ModuleInfo {
  const info = sectionsOf(bytes).find(({ name }) => name === '.modinfo')?.bytes ?? Buffer.alloc(0)
  const lines = info.toString('latin1').split('\0')
  const values = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1))
  const [srcversion] = values('srcversion')
  return {
    name: moduleName(values('name')[0] ?? file),
    depends: values('depends').flatMap((text) => names(text, /,/)),
    before: values('softdep').flatMap((text) => names(/pre:([^:]*?)(?:\s\w+:|$)/.exec(text)?.[1] ?? '', /\s+/)),
    aliases: values('alias').map(moduleName),
    vermagic: values('vermagic')[0] ?? '',
    ...(srcversion !== undefined && { srcversion }),
  }
}

/**
 * The names of these modules and of all that they need, each behind what it needs.
 * @param of what the module of a name or alias says; undefined where there is none (`missing` names it, if another one needs it)
 */
export async function loadOrder(
  wanted: readonly string[],
  of: (name: string) => Promise<ModuleInfo | undefined>,
): Promise<{ readonly order: readonly string[]; readonly missing: readonly string[] }> {
  const order: string[] = []
  const missing: string[] = []
  const seen = new Set<string>()
  const visit = async (name: string, optional: boolean): Promise<void> => {
    if (seen.has(name)) return
    seen.add(name)
    const info = await of(name)
    if (info === undefined && !optional) missing.push(name)
    // By an alias it may have been asked for before.
    if (info === undefined || (info.name !== name && seen.has(info.name))) return
    seen.add(info.name)
    for (const other of info.before) await visit(other, true)
    for (const other of info.depends) await visit(other, false)
    order.push(info.name)
  }
  for (const name of wanted) await visit(name, false)
  return { order, missing }
}
