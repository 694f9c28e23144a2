/** `lab export`: results as one file that somebody else can check and run again. */
import { writePack } from '../evidence/pack.ts'
import { pinnedInputs } from '../evidence/pinned-inputs.ts'
import { userError } from '../engine/error.ts'
import { listRuns, pickRun } from '../results/result.ts'
import type { StoredRun } from '../results/manifest.ts'
import { defineCommand } from './command.ts'
import { outputFile } from './output-file.ts'
import { labPlaces } from './shared/places.ts'

/** The named runs; an experiment's name stands for all of its runs. */
function chosen(all: readonly StoredRun[], names: readonly string[]): StoredRun[] {
  const found = names.flatMap((name) => {
    const ofExperiment = all.filter(({ manifest }) => manifest.experiment === name)
    return ofExperiment.length > 0 ? ofExperiment : [pickRun(all, name)]
  })
  return [...new Map(found.map((run) => [run.dir, run])).values()]
}

export const command = defineCommand({
  usage: 'export [run...]',
  about: 'write an evidence pack: results, lab, patch, configuration, sources and a methods paragraph in one file',
  options: [
    ['--all', 'every run of the lab'],
    ['--author <name>', 'who made it, at the beginning of the file name'],
    ['-o, --output <file>', 'the file to write (default: EXPERIMENT-RUN.evidence.tar.gz)'],
    [
      '--with-inputs',
      'and every package and archive that the runs were built from: `lab reproduce PACK` then needs no network',
    ],
  ],
  work: async (session, [names], options) => {
    const { results } = labPlaces(session)
    const all = await listRuns(results)
    if (options.all !== true && names.length === 0)
      throw userError({
        fact: 'which runs?',
        wayOut: '`lab export EXPERIMENT` takes all of an experiment, `lab export last` the newest, --all every run',
      })
    const runs = options.all === true ? all : chosen(all, names)
    if (runs.length === 0) throw userError({ fact: 'there are no runs', wayOut: '`lab run EXPERIMENT` makes one' })
    const [first] = runs
    const name =
      runs.length === 1
        ? `${first?.manifest.experiment ?? ''}-${first?.run ?? ''}`
        : (first?.manifest.experiment ?? 'lab')
    const author = options.author === undefined ? '' : `${options.author.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')}-`
    const output = options.output ?? `${author}${options.all === true ? 'all' : name}.evidence.tar.gz`
    const { file, onStderr } = await outputFile(output, session)
    const pinned =
      options.withInputs === true ? await pinnedInputs(runs, results, session.context) : new Map<string, string>()
    const sha256 = await writePack(file, results, runs, session.context, pinned)
    const inputs = pinned.size > 0 ? ` and ${pinned.size} files that they were built from` : ''
    return {
      text: `${file}: ${runs.length} run${runs.length === 1 ? '' : 's'}${inputs}\nsha256 ${sha256}   (publish it, so that others can check the pack)\ncheck it: lab verify ${file}`,
      data: { file, sha256, runs: runs.map(({ run }) => run), inputs: [...pinned.keys()] },
      onStderr,
    }
  },
})
