/** What `lab query` calls runs, params, metrics, probes and losses. */
import { join } from 'node:path'
import { NO_PROBE } from '../../config/arms.ts'
import type { Row, TableOfRows } from './views.ts'
import type { ListedRun, RunDetails } from '../listed-run.ts'
import type { Definition } from '../definition.ts'
import type { IndexedRun, RunIndex } from '../run-index.ts'
import { ofOneDefinition } from '../one-definition.ts'

interface Table extends Omit<TableOfRows, 'rows'> {
  readonly rows: () => readonly Row[]
}

/** Both halves of an entry, and its definition. */
type Whole = ListedRun & RunDetails & { readonly defined: Definition | undefined }

const runRow = (results: string, one: Whole, counts: boolean): Row => ({
  run: one.run,
  experiment: one.experiment,
  arm: one.arm,
  repeat: one.repeat,
  started: one.started.replace('Z', ''),
  seconds: one.seconds,
  verdict: one.verdict,
  completeness: one.completeness,
  kernel: one.kernel,
  kernel_wanted: one.wanted,
  fallback: one.fallback,
  release: one.release,
  accel: one.accel,
  vm: one.vm,
  node: one.node || null,
  image: one.image,
  workload: one.workload,
  pid: one.pid,
  status: one.status,
  signal: one.signal,
  ms: one.ms,
  clock: one.clock,
  events: one.events,
  not_understood: one.notUnderstood,
  imported: one.imported,
  // None is a list of probes too.
  probe: one.armProbes === null ? null : one.armProbes.join('+') || NO_PROBE,
  sequence: one.sequence,
  plan: one.plan?.id ?? null,
  counts,
  definition: one.definition,
  dir: join(results, one.experiment, one.run),
})

/** Runs that are no warm-up, and of several attempts at one run the last: what numbers are about. */
function counted(runs: readonly Whole[]): ReadonlySet<Whole> {
  const last = new Map<string, Whole>()
  for (const one of runs) {
    const key = one.plan ? `${one.plan.id} ${one.plan.index}` : `${one.experiment}/${one.run}`
    if (one.plan?.warmup !== true && (last.get(key)?.plan?.attempt ?? 0) <= (one.plan?.attempt ?? 0)) last.set(key, one)
  }
  return new Set(last.values())
}

/** Of each experiment the runs that count and have its newest definition: what can be one number. */
function ofNewestDefinition(runs: readonly Whole[], counting: ReadonlySet<Whole>): Whole[] {
  const of = ({ run, started, defined }: Whole) => ({ run, started, definition: defined })
  const chosen = [...Map.groupBy(runs, ({ experiment }) => experiment)].flatMap(
    ([experiment, list]) => ofOneDefinition(experiment, list, of)?.runs ?? [],
  )
  return chosen.filter((run) => counting.has(run))
}

/** What can show how many rows a table has without its name, or name it in another way. */
const MEANS_ALL = /duckdb_tables|\bu&/i

/**
 * The views and their columns, as they are documented. Those that the statement does not mention have no rows: to parse
 * the details of 10,000 runs takes longer than most answers.
 */
export function tablesOf(
  results: string,
  listed: readonly IndexedRun[],
  definitions: RunIndex['definitions'],
  sql: string,
): TableOfRows[] {
  const mentions = (name: string) => MEANS_ALL.test(sql) || new RegExp(`\\b${name}\\b`, 'i').test(sql)
  const names = ['runs', 'newest', 'params', 'metrics', 'probes', 'losses'].filter(mentions)
  const runs =
    names.length === 0
      ? []
      : listed.map(({ details, ...one }): Whole => ({
          ...one,
          ...details(),
          defined: definitions.get(one.definition ?? ''),
        }))
  const counting = counted(runs)
  const columns = {
    run: 'VARCHAR',
    experiment: 'VARCHAR',
    arm: 'VARCHAR',
    repeat: 'INTEGER',
    started: 'TIMESTAMP',
    seconds: 'DOUBLE',
    verdict: 'VARCHAR',
    completeness: 'VARCHAR',
    kernel: 'VARCHAR',
    kernel_wanted: 'VARCHAR',
    fallback: 'BOOLEAN',
    release: 'VARCHAR',
    accel: 'VARCHAR',
    vm: 'VARCHAR',
    node: 'VARCHAR',
    image: 'VARCHAR',
    workload: 'VARCHAR',
    pid: 'BIGINT',
    status: 'INTEGER',
    signal: 'INTEGER',
    ms: 'DOUBLE',
    clock: 'VARCHAR',
    events: 'BIGINT',
    not_understood: 'BIGINT',
    imported: 'VARCHAR',
    probe: 'VARCHAR',
    sequence: 'VARCHAR',
    plan: 'VARCHAR',
    counts: 'BOOLEAN',
    definition: 'VARCHAR',
    dir: 'VARCHAR',
  } as const
  const tables: readonly Table[] = [
    { name: 'runs', columns, rows: () => runs.map((run) => runRow(results, run, counting.has(run))) },
    {
      name: 'newest',
      columns,
      rows: () => ofNewestDefinition(runs, counting).map((run) => runRow(results, run, true)),
    },
    {
      name: 'params',
      columns: { run: 'VARCHAR', name: 'VARCHAR', value: 'VARCHAR', number: 'DOUBLE' },
      rows: () =>
        runs.flatMap(({ run, params }) =>
          Object.entries(params).map(([name, value]) => ({
            run,
            name,
            value: String(value),
            number: String(value).trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : null,
          })),
        ),
    },
    {
      name: 'metrics',
      columns: { run: 'VARCHAR', name: 'VARCHAR', value: 'DOUBLE' },
      rows: () =>
        runs.flatMap(({ run, metrics }) => Object.entries(metrics).map(([name, value]) => ({ run, name, value }))),
    },
    {
      name: 'probes',
      columns: {
        run: 'VARCHAR',
        program: 'VARCHAR',
        section: 'VARCHAR',
        attached: 'VARCHAR',
        hits: 'BIGINT',
        missed: 'BIGINT',
        load_ns: 'BIGINT',
        verified: 'BIGINT',
        jit_bytes: 'BIGINT',
      },
      // -1 in probes.json: nobody counted.
      rows: () =>
        runs.flatMap(({ run, probes }) =>
          probes.map(({ program, section, attached, hits, missed, loadNs, verified, jitBytes }) => ({
            run,
            program,
            section,
            attached,
            hits: hits < 0 ? null : hits,
            missed: missed < 0 ? null : missed,
            load_ns: loadNs ?? null,
            verified: verified ?? null,
            jit_bytes: jitBytes ?? null,
          })),
        ),
    },
    {
      name: 'losses',
      columns: { run: 'VARCHAR', layer: 'VARCHAR', lost: 'BIGINT' },
      rows: () =>
        runs.flatMap(({ run, losses }) => Object.entries(losses).map(([layer, lost]) => ({ run, layer, lost }))),
    },
  ]
  return tables.map(({ name, columns: own, rows }) => ({
    name,
    columns: own,
    rows: names.includes(name) ? rows() : [],
  }))
}
