/** `lab maps <run>`: what stood in the maps when the run ended, decoded by the types of its probes. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MapsSchema, valueText, type Maps } from '../trace/events/maps-file.ts'
import { isGlobals, sumOfMaps } from '../trace/events/map-sum.ts'
import { mapsText } from '../trace/events/maps-text.ts'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { plural } from '../engine/text.ts'
import type { StoredRun } from '../results/manifest.ts'
import { findRun, listRuns } from '../results/result.ts'
import { namesOfRun, withNames } from '../results/symbols.ts'
import { defineCommand } from './command.ts'
import { labPlaces } from './shared/places.ts'

/** Longest text of one value, with names in it. */
const LONGEST = 1000

async function mapsOf({ dir, run }: StoredRun): Promise<Maps> {
  try {
    return MapsSchema.parse(JSON.parse(await readFile(join(dir, 'maps.json'), 'utf8')))
  } catch (error) {
    throw userError(
      {
        place: run,
        fact: 'its maps.json is missing or cannot be read',
        wayOut: 'add maps to `collect:` of the experiment and run it again',
      },
      error,
    )
  }
}

/**
 * The runs of the same arm that count: of the same kernel and the same probes, warm-ups and what did not pass left out.
 */
function armOf(of: StoredRun, all: readonly StoredRun[]): StoredRun[] {
  const key = ({ manifest: { arm, kernel, objects } }: StoredRun) =>
    JSON.stringify([
      arm.name,
      kernel.fingerprint,
      Object.entries(objects)
        .map((parts) => parts.join(' '))
        .toSorted(),
    ])
  return all.filter(
    (run) => key(run) === key(of) && run.manifest.verdict === 'passed' && run.manifest.plan?.warmup !== true,
  )
}

export const command = defineCommand({
  usage: 'maps <run>',
  about: 'the maps of a run, decoded by the types of its probes; what counts by slots is drawn as a histogram',
  options: [
    [
      '--arm',
      'add up the maps of all runs of its arm that passed, on the same kernel and with the same probes; not global variables',
    ],
    ['--full', 'also the slots of histograms, as numbers'],
    ['--symbols', "names of the kernel's functions behind addresses"],
  ],
  examples: [
    ['lab maps last', 'what stood in them at the end'],
    ['lab maps last --arm', 'sums over the repeats'],
  ],
  work: async (session, [name], options) => {
    const { results } = labPlaces(session)
    const full = options.full === true
    const run = await findRun(results, name)
    const own = await mapsOf(run)
    const nameOf = options.symbols === true ? await namesOfRun(run, session.context.store) : undefined
    const show = nameOf && ((value: unknown) => printable(withNames(valueText(value), nameOf), LONGEST))
    if (options.arm !== true) return { text: mapsText(own, show, full), data: { run: run.manifest.run, ...own } }
    const runs = armOf(run, await listRuns(results, run.manifest.experiment))
    if (runs.length === 0)
      throw userError({
        place: `run ${run.run}`,
        fact: 'no run of its arm passed',
        wayOut: 'leave --arm out to see the maps of this run',
      })
    const sum = sumOfMaps(await Promise.all(runs.map(mapsOf)))
    const note = sum.maps.some(isGlobals)
      ? 'global variables are not added up: [a, b, ...] are the values of each run, where they differ\n'
      : ''
    return {
      text: `${plural(runs.length, 'run')} of ${printable(run.manifest.experiment, 60)} ${printable(run.manifest.arm.name, 100)}, added up\n${note}\n${mapsText(sum, show, full)}`,
      data: { runs: runs.map((run) => run.run), ...sum },
    }
  },
})
