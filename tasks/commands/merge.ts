/** `lab merge`: results of another checkout into this one, each verified first. */
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { mergeResults } from '../evidence/merge.ts'
import { defineCommand } from './command.ts'
import { labPlaces } from './shared/places.ts'

export const command = defineCommand({
  usage: 'merge <dir>',
  about: 'take the results of another checkout, each verified first',
  note: `
DIR is another checkout of the lab, for example one that was copied from another host, or its results directory. A run that is not as it was
recorded is refused and named; a run that is here already is left as it is. Nothing in DIR is changed.`,
  examples: [
    ['lab merge /mnt/other/lab', 'every run of that checkout'],
    ['lab merge ~/from-cluster/results', 'a results directory alone'],
  ],
  work: async (session, [dir]) => {
    const { results } = labPlaces(session)
    const from = existsSync(join(dir, 'results')) ? join(dir, 'results') : dir
    if (!existsSync(from))
      throw userError({
        place: printable(dir, 200),
        fact: 'there is no such directory',
        wayOut: 'name another checkout',
      })
    if (existsSync(results) && realpathSync(from) === realpathSync(results))
      throw userError({
        place: printable(dir, 200),
        fact: 'these are our own results',
        wayOut: 'name another checkout',
      })
    const runs = await mergeResults(from, results, session.context)
    if (runs.length === 0)
      throw userError({
        place: printable(dir, 200),
        fact: 'there are no results in it',
        wayOut: 'name a checkout of the lab, or its results directory',
      })
    const count = (what: (typeof runs)[number]['what']) => runs.filter((run) => run.what === what).length
    const refused = runs.flatMap(({ run, what, why }) => (what === 'refused' ? [`NOT OK  ${run}: ${why ?? ''}`] : []))
    return {
      text: [
        ...refused,
        `${count('merged')} merged, ${count('already here')} already here, ${count('refused')} refused`,
      ].join('\n'),
      data: runs,
      status: refused.length > 0 ? EXIT.experiment : EXIT.done,
    }
  },
})
