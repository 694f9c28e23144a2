/** `lab reproduce`: the same run, built and run again from what was kept of it. */
import { join } from 'node:path'
import { EXIT } from '../engine/error.ts'
import { reproduce } from '../evidence/reproduce.ts'
import { findRun } from '../results/result.ts'
import { defineCommand } from './command.ts'
import { labPlaces } from './shared/places.ts'
import { path } from './shared/values.ts'

export const command = defineCommand({
  usage: 'reproduce <run>',
  about: 'build it all again in an empty cache, run it once, and say what came out the same',
  options: [
    ['--cache <dir>', 'this cache instead of an empty one', path],
    ['--source <dir>', 'the kernel tree, where the run was made from one of yours', path],
  ],
  work: async (session, [name], { cache, source }) => {
    const { results } = labPlaces(session)
    const run = await findRun(results, name)
    const findings = await reproduce({ run, results, cache, source }, session.context)
    const same = findings.every(({ ok }) => ok)
    return {
      text: [
        join(run.manifest.experiment, run.run),
        ...findings.map(({ ok, open, what, fact }) => `  ${ok ? (open ? '?' : 'same') : 'DIFFERS'}  ${what}: ${fact}`),
        same
          ? `reproduced${findings.some(({ open }) => open) ? ', as far as can be told' : ''}`
          : 'not reproduced in every point',
      ].join('\n'),
      data: { run: run.run, same, findings },
      status: same ? EXIT.done : EXIT.experiment,
    }
  },
})
