/**
 * Step: diff. Two runs, two groups of runs, or two kernels side by side: what they were made of, what they said, how
 * long it took.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { compareMessages, type Compared } from '../../trace/stats/divergence.ts'
import { stepsOf } from '../../trace/events/steps.ts'
import { median } from '../../trace/stats/quantiles.ts'
import type { Sample } from '../../trace/stats/sample.ts'
import type { Context } from '../../engine/context.ts'
import { provenanceDiffers, provenanceOf, sameCapture } from '../capture.ts'
import type { Provenance, Sameness } from '../manifest.ts'
import { INPUTS_DIR } from '../kept-inputs.ts'
import type { KeptInputs } from '../manifest.ts'
import { readKeptLab } from '../kept-lab.ts'
import { checkedRun } from '../checked-run.ts'
import type { Manifest } from '../manifest.ts'
import type { StoredRun } from '../manifest.ts'
import { nodeOf } from '../node.ts'
import { buildsThatDiffer, factsThatDiffer, type Difference } from './facts.ts'
import { filesThatDiffer, storedInputLines } from './files.ts'
import { outcomesThatDiffer } from './outcomes.ts'
import { compareMaps, type MapsCompared } from './maps.ts'
import { compareNumbers, type NumberCompared, type Numbers, type Unit } from './numbers.ts'
import { usedFiles } from './used-files.ts'
import type { Side } from './side.ts'
import { traceStep } from '../events.ts'

export interface CaptureCompared {
  readonly identical: Sameness | null
  readonly provenance: readonly [Provenance, Provenance]
  /** Of identical captures: what their manifests tell differently. */
  readonly contradictions: readonly (keyof Provenance)[]
}

/** How often each order of messages came, most often first, with one run that has it. */
export interface Order {
  readonly digest: string
  readonly runs: number
  readonly example: string
}

export interface RunsCompared {
  readonly sides: readonly [Side, Side]
  /** Of two single runs. */
  readonly capture: CaptureCompared | null
  readonly inputs: readonly Difference[]
  /** Files of the lab that differ and that neither side used. */
  readonly unused: readonly string[]
  /** Of two single runs, or of the most frequent order of each group. */
  readonly messages: Compared
  /** Only the first 200000 messages were compared. */
  readonly cut: boolean
  readonly orders: readonly [readonly Order[], readonly Order[]] | null
  readonly outcomes: readonly Difference[]
  /** Of two single runs. */
  readonly maps: MapsCompared | null
  readonly numbers: readonly NumberCompared[]
  /** Nothing differs but times, addresses, and where and when it ran. */
  readonly same: boolean
}

/** Facts of where and when it ran. */
const NO_INPUTS: ReadonlySet<string> = new Set(['host', 'host CPU', 'host kernel', 'QEMU', 'Node', 'VMs at a time'])

/** One fingerprint, and no list of a group's. */
const FINGERPRINT = /^[0-9a-f]{64}$/

const manifestsOf = ({ runs }: Side): Manifest[] => runs.map(({ manifest }) => manifest)
const newest = ({ runs }: Side): StoredRun | undefined => runs.at(-1)

const EVERYTHING = { comm: undefined, pid: undefined, probe: undefined, from: undefined, to: undefined, all: false }

const messagesOf = async (run: StoredRun, context: Context) =>
  existsSync(join(run.dir, 'events.parquet')) || existsSync(join(run.dir, 'trace.dat'))
    ? await traceStep(run, EVERYTHING, context)
    : { events: [], more: false }

/** What was kept of both, compared; of a group what its newest run was made of. */
function keptDifferences(sides: readonly [Side, Side], results: string, toolRoot: string) {
  const [first, second] = sides.map((side) => newest(side)?.manifest)
  const found: Difference[] = []
  let unused: string[] = []
  const open = (manifest: Manifest, dir: string) => {
    try {
      const lab = readKeptLab(join(dir, 'lab.yaml'), toolRoot)
      return usedFiles(lab, manifest)
    } catch {
      // A lab file of another version: every file counts as used.
      return undefined
    }
  }
  for (const kind of ['lab', 'kernel', 'image'] as const satisfies (keyof KeptInputs)[]) {
    const names = [first, second].map((inputs) => inputs?.inputs?.[kind])
    if (!first || !second || names.includes(undefined) || names[0] === names[1]) continue
    const [a = '', b = ''] = names.map((name) => join(results, INPUTS_DIR, name ?? ''))
    if (!existsSync(a) || !existsSync(b)) {
      found.push({
        what: `${kind} inputs`,
        a: names[0] ?? '-',
        b: names[1] ?? '-',
        lines: ['they are gone from results/.inputs'],
      })
      continue
    }
    const used = kind === 'lab' ? [open(first, a), open(second, b)] : []
    const all = filesThatDiffer(a, b)
    const isUsed = ({ what }: Difference) => used.length === 0 || used.some((isOf) => !isOf || isOf(what))
    found.push(
      ...all.filter(isUsed).map((difference) => ({
        ...difference,
        what: kind === 'lab' ? difference.what : `${kind} ${difference.what}`,
      })),
    )
    unused = [...unused, ...all.filter((difference) => !isUsed(difference)).map(({ what }) => what)]
  }
  return { found, unused }
}

async function captureOf([first, second]: readonly [StoredRun, StoredRun]): Promise<CaptureCompared> {
  const identical = (await sameCapture(first, second)) ?? null
  const provenance = [provenanceOf(first.manifest), provenanceOf(second.manifest)] as const
  return { identical, provenance, contradictions: identical === null ? [] : provenanceDiffers(...provenance) }
}

type Values = Map<string, { readonly unit: Unit; readonly values: Sample[] }>

function add(to: Values, what: string, unit: Unit, values: readonly Sample[]): void {
  const entry = to.get(what) ?? { unit, values: [] }
  entry.values.push(...values)
  to.set(what, entry)
}

/**
 * Between two runs each gap is a value; where a group is compared each run's median is: gaps of one run depend on one
 * another.
 */
async function numbersOf(side: Side, single: boolean, context: Context): Promise<Numbers> {
  const found: Values = new Map()
  for (const run of side.runs) {
    const { manifest } = run
    const node = nodeOf(manifest)
    for (const [name, value] of Object.entries(manifest.metrics ?? {}))
      if (value !== null) add(found, `metric ${name}`, '', [{ value, node }])
    if (manifest.workload.ms !== null) add(found, 'workload', 'ms', [{ value: manifest.workload.ms, node }])
    const { events } = await messagesOf(run, context)
    const unit = events[0]?.ticks ? 'ticks' : 'ns'
    for (const { from, to, gaps } of stepsOf(events).steps)
      // Ticks and nanoseconds are not one number.
      add(
        found,
        `${from} → ${to}${unit === 'ticks' ? ' (ticks)' : ''}`,
        unit,
        single ? gaps : [{ value: median(gaps), node }],
      )
  }
  return found
}

/** Orders of a group, by the digest that each manifest has. */
function ordersOf({ runs }: Side): Order[] {
  const groups = Map.groupBy(runs, ({ manifest }) => manifest.sequence ?? 'not known')
  return [...groups]
    .map(([digest, list]) => ({ digest, runs: list.length, example: list.at(-1)?.run ?? '' }))
    .toSorted((a, b) => b.runs - a.runs)
}

/** The same orders came on both sides, however often. */
const sameOrders = (sides: readonly [readonly Order[], readonly Order[]]): boolean => {
  const [a, b] = sides.map((orders) =>
    orders
      .map(({ digest }) => digest)
      .toSorted()
      .join('\n'),
  )
  return a === b
}

const example = (side: Side, orders: readonly Order[]): StoredRun | undefined =>
  side.runs.find(({ run }) => run === orders[0]?.example) ?? newest(side)

/** @param sides two sides with at least one run each */
export async function diffStep(sides: readonly [Side, Side], results: string, context: Context): Promise<RunsCompared> {
  const [a, b] = sides
  for (const run of [...a.runs, ...b.runs]) checkedRun(run)
  const orders = [ordersOf(a), ordersOf(b)] as const
  const [first, second] = [example(a, orders[0]), example(b, orders[1])]
  if (!first || !second) throw new Error('a side without runs')
  const single = a.single && b.single
  const [x, y] = [await messagesOf(first, context), await messagesOf(second, context)]
  const messages = compareMessages(x.events, y.events)
  const { found, unused } = keptDifferences(sides, results, context.toolRoot)
  const why = (one: string, other: string) =>
    FINGERPRINT.test(one) && FINGERPRINT.test(other) ? storedInputLines(context.store.root, one, other) : undefined
  const [of, to] = [manifestsOf(a), manifestsOf(b)]
  const inputs = [...factsThatDiffer(of, to), ...buildsThatDiffer(of, to, why), ...found]
  const maps = single ? compareMaps(first, second) : null
  const outcomes = outcomesThatDiffer(a, b)
  return {
    sides,
    inputs,
    unused,
    messages,
    cut: x.more || y.more,
    maps,
    outcomes,
    capture: single ? await captureOf([first, second]) : null,
    orders: single ? null : orders,
    numbers: compareNumbers(await numbersOf(a, single, context), await numbersOf(b, single, context)),
    same:
      inputs.every(({ what }) => NO_INPUTS.has(what)) &&
      messages.divergence === undefined &&
      // What was not compared is the same only where the digests of all messages say so.
      (!(x.more || y.more) ||
        (first.manifest.sequence !== undefined && first.manifest.sequence === second.manifest.sequence)) &&
      (single || sameOrders(orders)) &&
      (maps === null || (maps.entries[0] === null) === (maps.entries[1] === null)) &&
      (maps?.differences.length ?? 0) === 0 &&
      outcomes.length === 0,
  }
}
