/** `lab export`: results as one file that somebody else can check and run again. */
import { writePack } from '../evidence/pack.ts'
import { pinnedInputs } from '../evidence/pinned-inputs.ts'
import { listRuns, pickRun } from '../results/result.ts'
import type { FoundRun } from '../results/manifest.ts'
import { defineCommand } from './command.ts'
import { outputFile } from './output-file.ts'
import { labPlaces } from './shared/places.ts'

/** The named runs; an experiment's name stands for all of its runs. */
function chosen(all: readonly FoundRun[], names: readonly string[]): FoundRun[] {
  const found = names.flatMap((name) => {
    const ofExperiment = all.filter(({ manifest }) => manifest.experiment === name)
    return ofExperiment.length > 0 ? ofExperiment : [pickRun(all, name)]
  })
  return [...new Map(found.map((one) => [one.dir, one])).values()]
}

export const command = defineCommand({
  usage: 'export <run...>',
  about: 'an evidence pack: results, lab, patch, configuration, sources and a methods paragraph in one file',
  options: [
    ['-o, --output <file>', 'the file to write; EXPERIMENT-RUN.evidence.tar.gz when left out'],
    [
      '--with-inputs',
      'and every package and archive that the runs were built from: `lab reproduce PACK` then needs no network',
    ],
  ],
  work: async (session, [names], options) => {
    const { results } = labPlaces(session)
    const runs = chosen(await listRuns(results), names)
    const [first] = runs
    const name =
      runs.length === 1
        ? `${first?.manifest.experiment ?? ''}-${first?.run ?? ''}`
        : (first?.manifest.experiment ?? 'lab')
    const output = options.output ?? `${name}.evidence.tar.gz`
    const { file, onStderr } = await outputFile(output, session)
    const pinned =
      options.withInputs === true ? await pinnedInputs(runs, results, session.context) : new Map<string, string>()
    const sha256 = await writePack(file, results, runs, session.context, pinned)
    const inputs = pinned.size > 0 ? ` and ${pinned.size} files that they were built from` : ''
    return {
      text: `${file}: ${runs.length} run${runs.length === 1 ? '' : 's'}${inputs}\nsha256 ${sha256}   (publish it: who has it can tell whether the pack is this one)\ncheck it: lab verify ${file}`,
      data: { file, sha256, runs: runs.map(({ run }) => run), inputs: [...pinned.keys()] },
      onStderr,
    }
  },
})
