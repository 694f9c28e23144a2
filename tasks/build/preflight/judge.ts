/** Verdicts on hooks for one kernel, with as much of it as there is. */
import { explainAbsent } from '../../linux/symbols/absent.ts'
import { explainEvent } from '../../linux/symbols/events.ts'
import { isOfKernel, type Hook } from '../../linux/symbols/hook.ts'
import { judge, withSimilar } from '../../linux/symbols/judge.ts'
import { judgeKind, tooOld } from '../../linux/symbols/needs.ts'
import { mayDefine } from '../../linux/c/source-tree.ts'
import { clonedFrom, judgeSource } from '../../linux/symbols/unbuilt.ts'
import { verdict, type Verdict, type VerdictKind } from '../../linux/symbols/verdict.ts'
import type { KernelView } from './kernel.ts'
import { possible } from './possible.ts'
import type { SearchedTree } from './tree.ts'

const groupOf = (event: string): string => event.replace(/:.*$/, '')

async function explained(found: Verdict, { facts, tree }: KernelView): Promise<Verdict> {
  if (!facts) return found
  if (!tree) return found.kind === 'absent' ? withSimilar(found, facts) : found
  if (found.kind === 'absent') return await explainAbsent(found, facts, tree)
  return found.kind === 'no event' ? await explainEvent(found, facts, tree) : found
}

const withWays = async (found: Verdict, tree: SearchedTree | undefined): Promise<Verdict> =>
  tree ? await possible(found, tree) : found

const FUNCTIONS: ReadonlySet<Hook['kind']> = new Set(['kprobe', 'kretprobe', 'fentry'])

/** Words whose files will be asked for, found in two walks through the tree. */
async function lookUp(names: readonly string[], groups: readonly string[], tree: SearchedTree): Promise<void> {
  // A system call is found by its short name.
  await tree.search(names.flatMap((name) => [name, name.replace(/^(?:__(?:x64|ia32|se|do)_)?sys_/, '')]))
  const elsewhere: string[] = []
  for (const name of names)
    if (!(await tree.candidates(name)).some((file) => mayDefine(tree.read(file) ?? '', name))) elsewhere.push(name)
  await tree.search([...elsewhere, ...groups], true)
}

/**
 * The verdict of a build whose source was changed otherwise than it will be: what it refuses may be there then (a
 * patch, a clone), and what it has may not. The source as it will be decides.
 */
async function asTheyWillBe(
  judged: readonly Verdict[],
  { foreign, tree, version, config, kernel, note }: KernelView,
): Promise<readonly Verdict[]> {
  if (!foreign) return judged
  const open = ({ hook, attachable, noHooks, kind }: Verdict) =>
    FUNCTIONS.has(hook.kind) &&
    noHooks !== true &&
    kind !== 'too old' &&
    kind !== 'no section' &&
    (attachable === false || foreign.has(hook.target))
  if (!tree || !version)
    return judged.map((result) =>
      open(result) ? verdict(result.hook, 'not known', note ?? 'the kernel is not built as it is declared') : result,
    )
  const clones = kernel.parallelPaths
  const names = judged.filter(open).map(({ hook: { target } }) => clonedFrom(target, clones) ?? target)
  await lookUp(names, [], tree)
  const all: Verdict[] = []
  for (const result of judged)
    all.push(open(result) ? await judgeSource(result.hook, { version, config, tree, clones }) : result)
  return all
}

/** Verdicts in the order of the hooks. The tree is walked once for all names that need it. */
export async function judgeHooks(hooks: readonly Hook[], view: KernelView): Promise<Verdict[]> {
  const { facts, tree, version, config, kernel } = view
  if (facts) {
    const found = await asTheyWillBe(
      hooks.map((hook) => judge(hook, facts)),
      view,
    )
    const targets = (wanted: VerdictKind) => found.flatMap(({ kind, hook }) => (kind === wanted ? [hook.target] : []))
    if (tree) await lookUp(targets('absent'), targets('no event').map(groupOf), tree)
    const all: Verdict[] = []
    for (const result of found) all.push(await withWays(await explained(result, view), tree))
    return all
  }
  if (!tree || !version)
    return hooks.map(
      (hook) =>
        tooOld(hook, version) ??
        judgeKind(hook) ??
        (isOfKernel(hook)
          ? verdict(hook, 'not known', view.note ?? 'nothing is known about this kernel')
          : verdict(hook, 'not a symbol', 'it needs no symbol of the kernel')),
    )
  const named = hooks.filter((hook) => judgeKind(hook) === undefined)
  const functions = named.filter(({ kind }) => FUNCTIONS.has(kind))
  const groups = named.filter(({ kind }) => kind === 'event').map(({ target }) => groupOf(target))
  const names = functions.map(({ target }) => clonedFrom(target, kernel.parallelPaths) ?? target)
  await lookUp(names, groups, tree)
  const unbuilt = { version, config, tree, clones: kernel.parallelPaths }
  const all: Verdict[] = []
  for (const hook of hooks) all.push(await withWays(await judgeSource(hook, unbuilt), tree))
  return all
}
