/** What is said of programs that a kernel will not take: what an attach would say, and what is known beyond that. */
import type { ResolvedKernel } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { userError, type Failure } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import type { RunArtefacts } from '../../build/artefacts.ts'
import { hookOf } from '../../linux/symbols/hook.ts'
import type { Verdict } from '../../linux/symbols/verdict.ts'
import { withModules } from '../../linux/symbols/module-facts.ts'
import { noEvent, noSymbol, NOTRACE, REFUSED, type Words } from '../../linux/symbols/words.ts'
import { waysOut } from '../../build/preflight/fixes.ts'
import { judgeHooks } from '../../build/preflight/judge.ts'
import { factsIn, openKernel } from '../../build/preflight/kernel.ts'
import { factsOfModules } from '../../build/preflight/modules.ts'
import { waysText } from '../../build/preflight/text.ts'
import type { Refused } from './refused.ts'

/** What an attach would say of it. */
function wordsOf({ kind, hook, fact, noHooks }: Verdict, kernel: string): Words {
  if (kind === 'offset' || kind === 'not modifiable')
    return { fact, wayOut: `\`lab symbols ${kernel} ${hook.target}\` says more` }
  if (kind === 'too old' || noHooks)
    return { fact, wayOut: 'take a hook that this kernel has, or another kernel (`lab run --kernel NAME`)' }
  if (kind === 'notrace' && hook.kind !== 'fentry') return NOTRACE
  if (hook.kind === 'event' || hook.kind === 'tracepoint') return noEvent(hook.target.replace(':', '/'))
  if (kind === 'blacklisted' || kind === 'init' || kind === 'rewritten' || kind === 'ambiguous' || kind === 'not code')
    return { fact: REFUSED.fact, wayOut: `\`lab symbols ${kernel} ${hook.target}\` says more` }
  return noSymbol(hook.target)
}

/** The failure in the words of an attach that is refused, with what is known beyond them. */
export async function refusal(
  refused: readonly Refused[],
  { vm: { kernel }, modules }: Pick<RunArtefacts, 'vm' | 'modules'>,
  declared: ResolvedKernel,
  place: string,
  source: string | undefined,
  context: Context,
): Promise<Failure> {
  const view = await openKernel(declared, context, source)
  const facts = withModules(await factsIn(kernel.dir), await factsOfModules(modules))
  const verdicts = await judgeHooks(
    refused.map(({ section }) => hookOf(section)),
    { ...view, facts },
  )
  const [first] = verdicts
  if (!first) throw new Error('no refused hook to tell of')
  const words = wordsOf(first, declared.name)
  return userError({
    place: `${place}, ${first.hook.section}`,
    fact: `${refused.map(({ program }) => program).join(', ')} cannot be attached: ${words.fact}`,
    lines: verdicts.flatMap(({ hook, fact, details, fixes }) => [
      ...(fact === words.fact ? [] : [printable(`${hook.section}: ${fact}`, 300)]),
      ...details.map((line) => `  ${printable(line, 300)}`),
      ...waysText(waysOut(fixes, declared), '  '),
    ]),
    wayOut: words.wayOut,
  })
}
