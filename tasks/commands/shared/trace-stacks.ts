/** `lab trace --stacks`, `--folded` and `--flame`: the stacks that a probe counted, as a tree or for other programs. */
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'
import type { StoredRun } from '../../results/manifest.ts'
import { writeWhole } from '../../results/report/files.ts'
import { flamePage } from '../../results/report/flame-page.ts'
import { stacksOfRun, type RunStacks, type StackFilter } from '../../results/stacks.ts'
import { foldedText } from '../../trace/stacks/folded.ts'
import { stackTree, treeLines } from '../../trace/stacks/stack-tree.ts'
import type { Outcome } from '../command.ts'
import { outputFile } from '../output-file.ts'
import type { Session } from './session.ts'

/** What is asked of a run's stacks. */
export interface StacksRequest extends StackFilter {
  /** The map that counts; all of them when left out. */
  readonly map?: string | undefined
}

async function chosen(run: StoredRun, { map, ...filter }: StacksRequest): Promise<RunStacks[]> {
  const all = await stacksOfRun(run, filter)
  const found = all.filter(({ name }) => map === undefined || name === map)
  if (found.length > 0) return found
  throw userError({
    place: `--probe ${printable(map ?? '', 60)}`,
    fact: 'no map of this name counts stacks',
    wayOut: `this run has ${all.map(({ name }) => printable(name, 60)).join(', ')}`,
  })
}

const notesText = ({ notes }: RunStacks): string[] => notes.map((note) => `  ${note}`)

/** A tree for each map that counts. */
export async function stacks(run: StoredRun, request: StacksRequest): Promise<Outcome> {
  const found = await chosen(run, request)
  return {
    text: found
      .flatMap((stacks) => [
        `${printable(stacks.name, 60)}: ${stacks.total} in ${plural(stacks.stacks.length, 'stack')}`,
        ...notesText(stacks),
        ...treeLines(stackTree(stacks.stacks)),
        '',
      ])
      .join('\n')
      .trimEnd(),
    verbatim: true,
    data: {
      run: run.run,
      maps: found.map(({ stacks: all, ...rest }) => ({
        ...rest,
        stacks: all.map(({ frames, weight }) => ({ frames: frames.map(({ name }) => name), weight })),
      })),
    },
  }
}

/** What can be in one file: what one map counted. @throws a user's Failure where several do */
async function theOnly(run: StoredRun, request: StacksRequest): Promise<RunStacks> {
  const [newest, ...others] = await chosen(run, request)
  if (newest !== undefined && others.length === 0) return newest
  const names = [newest, ...others].flatMap((each) => (each ? [printable(each.name, 60)] : []))
  throw userError({
    place: `run ${run.run}`,
    fact: 'several maps count stacks, and what they count cannot be in one file',
    wayOut: `--probe NAME takes one of ${names.join(', ')}`,
  })
}

/** A page with the flame graph of one map. @throws a user's Failure where there is nothing to draw */
function pageOf({ run, manifest }: StoredRun, stacks: RunStacks): string {
  if (stacks.stacks.length > 0) return flamePage(manifest, stacks)
  throw userError({
    place: `run ${run}`,
    fact: `${printable(stacks.name, 60)} has no stacks that could be drawn`,
    wayOut: '`lab trace --stacks` shows what was counted; --comm and --pid leave stacks out',
  })
}

/** The stacks of one map in a file: as folded text, or as a page with their flame graph. */
export async function stacksFile(
  run: StoredRun,
  request: StacksRequest,
  form: 'folded' | 'flame',
  output: string,
  session: Session,
): Promise<Outcome> {
  const stacks = await theOnly(run, request)
  const text = form === 'folded' ? foldedText(stacks.stacks) : pageOf(run, stacks)
  const { file, onStderr } = await outputFile(output, session)
  await writeWhole(file, text, session.context)
  const { name, stacks: all, total, notes } = stacks
  const head = `${printable(file)}: ${plural(all.length, 'stack')} of ${printable(name, 60)}`
  return {
    // Below the stacks themselves on a terminal, only what is wrong with them is worth a line.
    text: [...(onStderr ? [] : [head]), ...notesText(stacks)].join('\n'),
    data: { file, map: name, stacks: all.length, total, notes },
    onStderr,
  }
}
