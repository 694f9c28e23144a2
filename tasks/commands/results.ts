/** `lab results`: what was run, one run in full, or one run less. The lab file is not read: results outlive its changes. */
import { basename, dirname } from 'node:path'
import { findLab } from '../config/find.ts'
import { nameWayOut } from '../config/suggest.ts'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { listRuns, pickRun, type FoundRun } from '../experiment/result.ts'
import { readable, readRunFiles, removeRun, runDetails, runsTable } from '../results.ts'
import { placesOf } from '../vm.ts'
import type { Session } from './app.ts'
import type { CommandModule, Outcome } from './index.ts'

interface Asked {
  readonly session: Session
  readonly runs: readonly FoundRun[]
  readonly name: string | undefined
}

function ls({ session, runs }: Asked): Outcome {
  return {
    text: runsTable(runs, session.view.width),
    data: runs.map(({ run, dir, manifest: { experiment, arm, kernel, guest, verdict, trace, started } }) => {
      return {
        run,
        dir,
        experiment,
        arm,
        kernel: kernel.name,
        fallback: kernel.fallback,
        accel: guest.accel.accel,
        verdict,
        completeness: trace.completeness,
        started,
      }
    }),
  }
}

async function show({ runs, name = 'last' }: Asked): Promise<Outcome> {
  const run = pickRun(runs, name)
  const beside = await readRunFiles(run.dir)
  return {
    text: runDetails(run, beside),
    data: { dir: run.dir, manifest: run.manifest, probes: beside.probes ?? null, files: beside.files },
  }
}

async function remove({ runs, name }: Asked): Promise<Outcome> {
  if (name === undefined)
    throw userError({
      fact: 'which run?',
      wayOut: '`lab results rm RUN`; `lab results` lists them, `last` is the newest',
    })
  const run = pickRun(runs, name)
  await removeRun(run)
  return { text: `removed ${printable(run.manifest.experiment)} ${printable(run.run)}`, data: { removed: run.dir } }
}

const ACTIONS: Readonly<Record<string, (asked: Asked) => Outcome | Promise<Outcome>>> = { ls, show, rm: remove }

/** By the directory that a run stands in; a name that comes from outside is never made part of a path. */
function ofExperiment(runs: readonly FoundRun[], experiment: unknown): readonly FoundRun[] {
  if (typeof experiment !== 'string') return runs
  const nameOf = ({ dir }: FoundRun) => basename(dirname(dir))
  const found = runs.filter((run) => nameOf(run) === experiment)
  if (found.length > 0) return found
  const known = [...new Set(runs.map(nameOf))]
  throw userError({
    fact: `there are no runs of "${printable(experiment)}"`,
    wayOut: nameWayOut(experiment, known, 'experiments with runs', '`lab run EXPERIMENT` makes one'),
  })
}

export const work: CommandModule['work'] = async (session, [action = 'ls', name], options) => {
  const wanted = String(action)
  const act = Object.hasOwn(ACTIONS, wanted) ? ACTIONS[wanted] : undefined
  if (act === undefined)
    throw userError({ fact: `lab results cannot "${printable(wanted)}"`, wayOut: 'ls, show RUN or rm RUN' })
  const { results } = placesOf(dirname(findLab(process.cwd(), session.options.file)))
  const { shown, others } = readable(await listRuns(results))
  if (others.length > 0)
    session.view.emit({
      type: 'notice',
      level: 'warning',
      place: 'results',
      text: `not results that this version can read: ${printable(others.join(', '), 200)}`,
    })
  const runs = ofExperiment(shown, options['experiment'])
  return await act({ session, runs, name: typeof name === 'string' ? name : undefined })
}
