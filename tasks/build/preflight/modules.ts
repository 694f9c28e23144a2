/** What the modules of an experiment add to its kernel: read from their files, or told from their sources. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { isReadyModule, type ResolvedModule } from '../../config/modules.ts'
import type { ResolvedLab } from '../../config/resolved.ts'
import { mayDefine } from '../../linux/c/source-tree.ts'
import { moduleFacts, type ModuleFacts } from '../../linux/symbols/module-facts.ts'
import type { Hook } from '../../linux/symbols/hook.ts'
import { verdict, type Verdict, type VerdictKind } from '../../linux/symbols/verdict.ts'
import { usersOf } from '../probe/lint.ts'
import { ownFiles } from '../probe/own-files.ts'
import type { BuiltModule } from '../module/built.ts'

/** @throws ElfError for a file that is no module */
export const factsOfModules = async (modules: readonly BuiltModule[]): Promise<ModuleFacts[]> =>
  await Promise.all(modules.map(async ({ file, module }) => moduleFacts(await readFile(file), module)))

/** The modules that experiments load together with a probe, which they name in `probes:` or in `matrix:`. */
export const modulesWith = (lab: ResolvedLab, probe: string): readonly ResolvedModule[] =>
  usersOf(lab, probe).flatMap(({ modules = [] }) => modules)

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** TRACE_EVENT(name, ...), DEFINE_EVENT(class, name, ...) and their kin (include/linux/tracepoint.h). */
const mayDefineEvent = (text: string, name: string): boolean =>
  new RegExp(`^(?:TRACE|DEFINE)_EVENT\\w*\\s*\\((?:\\s*\\w+\\s*,)?\\s*${name}\\s*,`, 'm').test(text)

/** What a kernel alone does not have, and how C that has it looks. */
const MAY_DEFINE: ReadonlyMap<VerdictKind, (text: string, name: string) => boolean> = new Map([
  ['absent', mayDefine],
  ['unknown name', mayDefine],
  ['no event', mayDefineEvent],
  ['no tracepoint', mayDefineEvent],
])

/** Neither yes nor no: the module decides, which is not built yet. */
const open = (hook: Hook, fact: string): Verdict => ({ ...verdict(hook, 'module', fact), attachable: undefined })

/**
 * What the kernel alone does not have: a kind of hook that needs modules (tc), which the experiment loads, or a
 * function or event that a module may have. That is a module whose source defines it, or one that is not built from
 * source, whose functions are known only when its file is there. Before a run, the files themselves are asked.
 */
export function inModule(found: Verdict, modules: readonly ResolvedModule[]): Verdict {
  const { kind, hook, fixes } = found
  const names = new Set(modules.map(({ name }) => name))
  const needs = fixes.find((fix) => fix.change === 'modules')
  if (needs?.names.every((name) => names.has(name)) === true)
    return open(hook, `it needs ${needs.names.join(' and ')}, which the experiment loads first`)
  const defines = MAY_DEFINE.get(kind)
  if (defines === undefined) return found
  const name = hook.target.replace(/^.*:/, '')
  for (const module of modules) {
    const files = isReadyModule(module) ? [] : module.sources.flatMap((source) => ownFiles(source).files)
    const source = files.find((file) => defines(textOf(file), name))
    if (source !== undefined)
      return open(hook, `${hook.target} is in the module ${module.name} (${basename(source)}), which is loaded first`)
  }
  const unread = modules.filter((module) => module.sources.length === 0 || isReadyModule(module))
  if (unread.length === 0) return found
  const others = unread.map(({ name }) => name).join(', ')
  return open(
    hook,
    `${hook.target} is not in the kernel itself, and may be in ${others}: \`lab run\` looks there first`,
  )
}
