/** One side of a comparison: a run, or all runs of an experiment or of some of its arms. */
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { NO_PROBE } from '../../config/arms.ts'
import { nameWayOut } from '../../config/text/suggest.ts'
import { counted } from '../counted.ts'
import { checkedRun } from '../checked-run.ts'
import type { Manifest } from '../manifest.ts'
import { pickRun } from '../result.ts'
import { namedRun } from '../run-name.ts'
import type { StoredRun } from '../manifest.ts'
import { definitionOfResult } from '../definition.ts'
import { ofOneDefinition, type OneDefinition } from '../one-definition.ts'

export interface Side {
  /** As it is shown: `readiter 20261123-223508-2519`, `cost probe=none (20 runs)`. */
  readonly label: string
  /** Oldest first, at least one. */
  readonly runs: readonly StoredRun[]
  /**
   * One run, by its name or because there is no other: its single events are compared. Of a group one value of each run
   * is.
   */
  readonly single: boolean
}

/** An axis of an arm's name: values that hold commas are quoted in it (config/arms.ts). */
const AXIS = /(?:^|,)([^=,]+)=("(?:[^"\\]|\\.)*"|[^,]*)/g

/** What an arm chose, by axis: as its name says it, its parameters, and the kernel and the probes that it had. */
function pointOf({ arm, kernel }: Manifest): Readonly<Record<string, string>> {
  const params = Object.entries(arm.params).map(([name, value]) => [name, String(value)])
  return {
    ...Object.fromEntries(Array.from(arm.name.matchAll(AXIS), ([, name = '', value = '']) => [name, value])),
    ...Object.fromEntries(params),
    kernel: arm.kernel ?? kernel.name,
    ...(arm.probes ? { probe: arm.probes.join('+') || NO_PROBE } : {}),
  }
}

/** `probe=none,bytes=16` as pairs. */
function valuesOf(text: string): [string, string][] {
  return text.split(',').map((part) => {
    const at = part.indexOf('=')
    if (at > 0) return [part.slice(0, at), part.slice(at + 1)]
    throw userError({
      fact: `"${printable(text, 80)}" does not select an arm`,
      wayOut: 'EXPERIMENT/axis=value, for example cost/probe=none; axes are parameters, kernel, probe and definition',
    })
  })
}

const armsText = (runs: readonly StoredRun[]) =>
  [...new Set(runs.map(({ manifest }) => manifest.arm.name))].filter(Boolean).slice(0, 12).join('; ')

const sideOf = (run: StoredRun): Side => ({ label: `${run.manifest.experiment} ${run.run}`, runs: [run], single: true })

/** Not an axis of an arm, but chosen like one: `cost/definition=1a2b3c`. */
const DEFINITION = 'definition'

/** The experiment's runs of one definition: the newest, or the one that is chosen. */
function oneDefinition(runs: readonly StoredRun[], experiment: string, wanted?: string): OneDefinition<StoredRun> {
  const of = (found: StoredRun) => ({
    run: found.run,
    started: found.manifest.started,
    definition: definitionOfResult(found),
  })
  const chosen = ofOneDefinition(experiment, runs, of, wanted)
  if (chosen !== undefined) return chosen
  throw userError({
    fact: `no run of ${printable(experiment, 60)} has the definition ${printable(wanted ?? '', 60)}`,
    wayOut: `its definitions: ${[...new Set(runs.map((run) => of(run).definition?.id ?? 'unknown'))].join(', ')}`,
  })
}

function groupOf(all: readonly StoredRun[], experiment: string, choice: string | undefined): Side {
  const own = counted(all.filter(({ manifest }) => manifest.experiment === experiment).map(checkedRun))
  const asked = choice === undefined ? [] : valuesOf(choice)
  const isAxis = own.some(({ manifest }) => Object.hasOwn(manifest.arm.params, DEFINITION))
  const values = asked.filter(([axis]) => isAxis || axis !== DEFINITION)
  const wanted = isAxis ? undefined : asked.find(([axis]) => axis === DEFINITION)?.[1]
  const { runs, leftOut } = oneDefinition(own, experiment, wanted)
  const chosen = runs.filter(({ manifest }) => {
    const point = pointOf(manifest)
    return values.every(([axis, value]) => Object.hasOwn(point, axis) && point[axis] === value)
  })
  if (chosen.length === 0)
    throw userError({
      fact: `no run of ${printable(experiment, 60)} has ${printable(choice ?? 'a result that counts', 80)}`,
      wayOut: `its arms with runs: ${printable(armsText(runs), 300) || 'one, without parameters'}`,
    })
  const [only] = chosen
  if (only !== undefined && chosen.length === 1) return sideOf(only)
  const others = leftOut.reduce((sum, group) => sum + group.runs.length, 0)
  const without = others === 0 ? '' : `, ${others} of other definitions left out`
  const label = `${experiment}${choice === undefined ? '' : ` ${choice}`} (${chosen.length} runs${without})`
  return { label, runs: chosen, single: false }
}

/** Where the shell completed a path. */
const withoutPath = (name: string): string => name.replace(/^(?:\.\/)?results\//, '').replace(/\/+$/, '')

/**
 * What a name on the command line means: `EXPERIMENT`, `EXPERIMENT/axis=value,...`, `EXPERIMENT/RUN`, or a run as every
 * command takes it.
 * @param all every run, oldest first
 * @throws a user's Failure for a name that means nothing
 */
export function side(all: readonly StoredRun[], asked: string): Side {
  const name = withoutPath(asked)
  const slash = name.indexOf('/')
  const [experiment, rest] = slash < 0 ? [name, undefined] : [name.slice(0, slash), name.slice(slash + 1)]
  const known = [...new Set(all.map(({ manifest }) => manifest.experiment))]
  const meant = namedRun(asked, new Set(known))
  if (meant.exact || meant.back !== undefined || (rest === undefined && !known.includes(experiment)))
    return sideOf(pickRun(all, asked))
  if (!known.includes(experiment))
    throw userError({
      fact: `there are no runs of "${printable(experiment, 60)}"`,
      wayOut: nameWayOut(experiment, known, 'experiments with runs', '`lab run EXPERIMENT` makes one'),
    })
  if (rest !== undefined && !rest.includes('='))
    return sideOf(
      pickRun(
        all.filter(({ manifest }) => manifest.experiment === experiment),
        rest,
      ),
    )
  return groupOf(all, experiment, rest)
}

/** The run before this one that asked the same question: the same experiment and arm. */
export function before(all: readonly StoredRun[], { runs, single }: Side): Side {
  const [run] = runs
  if (!single || run === undefined)
    throw userError({
      fact: 'a group of runs is compared with another one',
      wayOut: `name two, for example lab diff ${run?.manifest.experiment ?? 'cost'}/probe=none ${run?.manifest.experiment ?? 'cost'}/probe=empty`,
    })
  const { experiment, arm } = checkedRun(run).manifest
  // The run itself need not count: a warm-up has runs before it too.
  const older = new Set(
    all.slice(
      0,
      all.findIndex(({ dir }) => dir === run.dir),
    ),
  )
  const like = all.filter(({ manifest }) => manifest.experiment === experiment).map(checkedRun)
  const found = counted(like).findLast((run) => older.has(run) && run.manifest.arm.name === arm.name)
  if (found) return sideOf(found)
  throw userError({
    place: `run ${run.run}`,
    fact: `no run of ${printable(experiment, 60)} ${printable(arm.name, 80)} is older`,
    wayOut: 'name both: lab diff A B',
  })
}
