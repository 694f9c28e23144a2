/** What a shell offers, read from the lab file as it stands: one with mistakes in it still has names. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseDocument } from 'yaml'
import { findLab } from '../../config/find.ts'
import { indexRuns } from '../../results/run-index.ts'
import { placesOf } from '../../vm/places.ts'
import OVERVIEW from '../overview.json' with { type: 'json' }
import type { Candidate, Facts } from './words.ts'

type Tree = Readonly<Record<string, unknown>>

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

const treeAt = (tree: Tree, key: string): Tree => {
  const below = tree[key]
  return isTree(below) ? below : {}
}

const texts = (values: unknown): readonly string[] =>
  (Array.isArray(values) ? values : [values])
    .filter((value) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(String)

async function treeOf(file: string): Promise<Tree> {
  const tree: unknown = parseDocument(await readFile(file, 'utf8')).toJS()
  return isTree(tree) ? tree : {}
}

/**
 * @param file of `-f`. A lab that is not there, or that cannot be read, has nothing to offer: a shell has no place for
 * the reason.
 */
export function factsOf(file: string | undefined, cwd = process.cwd()): Facts {
  const lab = findLab(cwd, file)
  const tree = treeOf(lab).catch((): Tree => ({}))
  return {
    commands: OVERVIEW,
    declared: async (key) =>
      Object.entries(treeAt(await tree, key)).map(([name, value]): Candidate => {
        const about = isTree(value) ? value['about'] : undefined
        return typeof about === 'string' ? [name, about.split('\n')[0] ?? ''] : [name]
      }),
    axes: async (experiment) => {
      const declared = treeAt(treeAt(await tree, 'experiments'), experiment)
      const axes = Object.entries({ ...treeAt(declared, 'params'), ...treeAt(declared, 'matrix') })
      return Object.fromEntries(axes.map(([axis, values]) => [axis, texts(values)]))
    },
    examples: async () => {
      const [{ exampleLabs }, { TOOL_ROOT }] = await Promise.all([
        import('../../init/examples.ts'),
        import('../shared/session.ts'),
      ])
      const examples = await exampleLabs(join(TOOL_ROOT, 'examples'))
      return examples.map(({ name, question }): Candidate => [name, question])
    },
    runs: async () => {
      const { runs } = await indexRuns(placesOf(dirname(lab)).results).catch(() => ({ runs: [] }))
      return runs.map(({ experiment, run }) => `${experiment}/${run}`)
    },
  }
}
