/** The functions and events of a kernel that match patterns, each with its verdict. */
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import type { Address, KernelFacts } from '../../linux/symbols/facts.ts'
import { globMatches } from '../../linux/symbols/glob.ts'
import { hookOf } from '../../linux/symbols/hook.ts'
import { judge } from '../../linux/symbols/judge.ts'
import type { Verdict, VerdictKind } from '../../linux/symbols/verdict.ts'
import { waysOut } from './fixes.ts'
import { judgeHooks } from './judge.ts'
import type { KernelView } from './kernel.ts'

export interface Listed {
  readonly name: string
  /** nm's letter; `event` of an event, `-` of what is not there. */
  readonly type: string
  /** "vmlinux", "exported", a module. */
  readonly where: string
  readonly address: Address | undefined
  readonly verdict: Verdict
  readonly ways: readonly (readonly string[])[]
}

const SPECIAL = /[*?]/
const isPattern = (text: string): boolean => SPECIAL.test(text)

/** A word as the section that it would be hooked with: `group:event`, `kretprobe/f` or a function. */
const sectionOf = (word: string): string =>
  word.includes('/') ? word : word.includes(':') ? `tracepoint/${word.replace(':', '/')}` : `kprobe/${word}`

function namesOf(pattern: string, facts: KernelFacts): string[] {
  if (!isPattern(pattern)) return [pattern]
  const all = pattern.includes(':') ? (facts.events ?? []) : facts.functions()
  return [...all].filter((name) => globMatches(pattern, name)).toSorted()
}

function whereOf(verdict: Verdict, facts: KernelFacts | undefined): Pick<Listed, 'type' | 'where' | 'address'> {
  const { target, kind } = verdict.hook
  if (kind === 'event') return { type: 'event', where: target.replace(/:.*$/, ''), address: undefined }
  const place = facts?.places(target).toSorted((a, b) => a.address - b.address)[0]
  if (!place) return { type: '-', where: '-', address: undefined }
  const exported = facts?.exported.get(target)
  return {
    type: place.type,
    where: place.module ?? (exported === undefined ? 'vmlinux' : 'vmlinux, exported'),
    address: place.address,
  }
}

/** What a function, an event or a section may be made of; a pattern adds * and ?. */
const WORD = /^[\w.$:/+*?]+$/

/** @throws a user's error for a word that names nothing, and for a pattern where there is no list of symbols */
function refuseWords(patterns: readonly string[], { facts, kernel, note }: KernelView): void {
  for (const word of patterns) {
    const place = `kernel ${kernel.name}, ${printable(word, 80)}`
    if (!WORD.test(word))
      throw userError({
        place,
        fact: 'no function or event has such a name',
        wayOut: 'write a function (vfs_read), an event (syscalls:sys_enter_read) or a pattern (vfs_*)',
      })
    if (isPattern(word) && !facts)
      throw userError({
        place,
        fact: `a pattern needs the list of the kernel's symbols: ${note ?? 'it is not built'}`,
        wayOut: `\`lab build kernel ${kernel.name}\` builds it; of names without a pattern its source is asked`,
      })
  }
}

/**
 * Each name that is given, and each that a pattern finds; the verdict is that of a kprobe, or of the section that is
 * given. @throws a user's error
 */
export async function listSymbols(patterns: readonly string[], view: KernelView): Promise<Listed[]> {
  const { facts, kernel } = view
  refuseWords(patterns, view)
  const names = patterns.flatMap((pattern) => (facts ? namesOf(pattern, facts) : [pattern]))
  const verdicts = await judgeHooks(
    [...new Set(names)].map((name) => hookOf(sectionOf(name))),
    view,
  )
  return verdicts.map((verdict) => ({
    name: verdict.hook.target === '' ? verdict.hook.section : verdict.hook.target,
    ...whereOf(verdict, facts),
    verdict,
    ways: waysOut(verdict.fixes, kernel),
  }))
}

/** How many functions there are of each kind, the most first. */
export function summary(facts: KernelFacts): (readonly [VerdictKind, number])[] {
  const counts = new Map<VerdictKind, number>()
  for (const name of facts.functions()) {
    const { kind } = judge(hookOf(`kprobe/${name}`), facts)
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)
}
