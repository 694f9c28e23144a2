/** `lab reproduce`: the same run, built and run again from what was kept of it. */
import { join, resolve } from 'node:path'
import { EXIT } from '../engine/error.ts'
import { reproduce } from '../evidence/reproduce.ts'
import { findRun } from '../results/result.ts'
import type { CommandModule } from './command.ts'
import { labPlaces } from './shared/places.ts'

export const work: CommandModule['work'] = async (session, [name], options) => {
  const { results } = labPlaces(session)
  const run = await findRun(results, String(name))
  const given = (option: string) => (typeof options[option] === 'string' ? resolve(options[option]) : undefined)
  const findings = await reproduce({ run, results, cache: given('cache'), source: given('source') }, session.context)
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
}
