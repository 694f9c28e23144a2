/** Which of the proposed changes the lab itself can make of this source: what its transforms refuse is not proposed. */
import { Failure } from '../../engine/error.ts'
import { applyExpose } from '../../linux/c/expose.ts'
import { applyParallelPaths } from '../../linux/c/parallel-path.ts'
import type { SourceTree } from '../../linux/c/source-tree.ts'
import type { Fix, Verdict } from '../../linux/symbols/verdict.ts'

/** Why the transform refuses; undefined where it does not. */
async function refusal(fix: Fix, tree: SourceTree): Promise<string | undefined> {
  try {
    if (fix.change === 'expose')
      await applyExpose(tree, [{ function: fix.function, file: fix.file, as: fix.as ?? ['noinline'] }])
    if (fix.change === 'clone')
      await applyParallelPaths(tree, [{ suffix: 'lab', entry: fix.entry, functions: [fix.function] }])
    return undefined
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return error.parts.fact
  }
}

/** The verdict with the changes that work, of clones the first; a change that is refused leaves its reason. */
export async function possible(verdict: Verdict, tree: SourceTree): Promise<Verdict> {
  if (!verdict.fixes.some(({ change }) => change === 'expose' || change === 'clone')) return verdict
  const fixes: Fix[] = []
  const refused: string[] = []
  for (const fix of verdict.fixes) {
    if (fix.change === 'clone' && fixes.some(({ change }) => change === 'clone')) continue
    const reason = await refusal(fix, tree)
    if (reason === undefined) fixes.push(fix)
    else if (fix.change === 'expose' || fix.change === 'clone')
      refused.push(`${fix.change === 'expose' ? 'expose' : 'parallelPath'} cannot help: ${reason}`)
  }
  const cloned = fixes.some(({ change }) => change === 'clone')
  const told = refused.filter((line) => !(cloned && line.startsWith('parallelPath')))
  return { ...verdict, fixes, details: [...verdict.details, ...new Set(told)] }
}
