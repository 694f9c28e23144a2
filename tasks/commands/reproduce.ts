/** `lab reproduce`: the same run, built and run again from what was kept of it, or from an evidence pack. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../engine/context.ts'
import { EXIT, userError } from '../engine/error.ts'
import { withScratch } from '../engine/scratch.ts'
import type { Finding } from '../evidence/finding.ts'
import { openPack } from '../evidence/pack.ts'
import { PINNED_DIR } from '../evidence/pinned-inputs.ts'
import { reproduce } from '../evidence/reproduce.ts'
import type { StoredRun } from '../results/manifest.ts'
import { findRun } from '../results/result.ts'
import { defineCommand } from './command.ts'
import { labPlaces } from './shared/places.ts'
import { path } from './shared/values.ts'

interface Reproduced {
  readonly run: StoredRun
  readonly findings: readonly Finding[]
}

/** Makes a run of a pack again. @throws a user's Failure for a pack that is not what was exported */
async function reproducePack(
  file: string,
  name: string,
  options: { readonly cache: string | undefined; readonly source: string | undefined },
  context: Context,
): Promise<Reproduced> {
  return await withScratch('reproduce', async (to) => {
    const problems = await openPack(file, to)
    if (problems.length > 0)
      throw userError({
        place: file,
        fact: 'the pack is not what was exported',
        lines: problems.slice(0, 8),
        wayOut: 'get it again; `lab verify PACK` says more',
      })
    const results = join(to, 'results')
    const run = await findRun(results, name)
    const pinned = join(to, PINNED_DIR)
    return { run, findings: await reproduce({ run, results, pinned, ...options }, context) }
  })
}

export const command = defineCommand({
  usage: 'reproduce <run>',
  about: 'rebuild everything in an empty cache, run it once, and report what is the same',
  note: `
RUN is a run, or an evidence pack (lab export). A pack that was exported --with-inputs brings all that it was built from, and no network is
needed. To make a run again is to execute what it was made of: its build rules and the scripts of its packages run on this host, the packages'
in a chroot. Reproduce packs of people whom you trust, or in a VM.`,
  options: [
    ['--cache <dir>', 'this cache instead of an empty one', path],
    ['--source <dir>', 'the kernel tree, where the run was made from one of yours', path],
    ['--run <name>', 'which run of a pack with several (default: the last)'],
  ],
  work: async (session, [name], { cache, source, run: chosen }) => {
    const isPack = existsSync(name) && statSync(name).isFile()
    if (chosen !== undefined && !isPack)
      throw userError({ place: '--run', fact: `${name} is not a pack`, wayOut: 'name the run itself, without --run' })
    const again = async (): Promise<Reproduced> => {
      if (isPack) return await reproducePack(name, chosen ?? 'last', { cache, source }, session.context)
      const { results } = labPlaces(session)
      const run = await findRun(results, name)
      return { run, findings: await reproduce({ run, results, cache, source }, session.context) }
    }
    const { run, findings } = await again()
    const same = findings.every(({ ok }) => ok)
    return {
      text: [
        join(run.manifest.experiment, run.run),
        ...findings.map(({ ok, open, what, fact }) => `  ${ok ? (open ? '?' : 'same') : 'DIFFERS'}  ${what}: ${fact}`),
        same
          ? `reproduced${findings.some(({ open }) => open) ? ', as far as can be verified' : ''}`
          : 'not fully reproduced',
      ].join('\n'),
      data: { run: run.run, same, findings },
      status: same ? EXIT.done : EXIT.experiment,
    }
  },
})
