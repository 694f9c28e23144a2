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

const runRow = (results: string, run: Whole, counts: boolean): Row => ({
  run: run.run,
  experiment: run.experiment,
  arm: run.arm,
  repeat: run.repeat,
  started: run.started.replace('Z', ''),
  seconds: run.seconds,
  verdict: run.verdict,
  completeness: run.completeness,
  kernel: run.kernel,
  kernel_wanted: run.wanted,
  fallback: run.fallback,
  release: run.release,
  accel: run.accel,
  vm: run.vm,
  node: run.node || null,
  image: run.image,
  workload: run.workload,
  pid: run.pid,
  status: run.status,
  signal: run.signal,
  ms: run.ms,
  clock: run.clock,
  events: run.events,
  not_understood: run.notUnderstood,
  imported: run.imported,
  // None is a list of probes too.
  probe: run.armProbes === null ? null : run.armProbes.join('+') || NO_PROBE,
  sequence: run.sequence,
  plan: run.plan?.id ?? null,
  counts,
  definition: run.definition,
  dir: join(results, run.experiment, run.run),
})

/** Runs that are no warm-up, and of several attempts at one run the last: what numbers are about. */
function counted(runs: readonly Whole[]): ReadonlySet<Whole> {
  const last = new Map<string, Whole>()
  for (const run of runs) {
    const key = run.plan ? `${run.plan.id} ${run.plan.index}` : `${run.experiment}/${run.run}`
    if (run.plan?.warmup !== true && (last.get(key)?.plan?.attempt ?? 0) <= (run.plan?.attempt ?? 0)) last.set(key, run)
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
      : listed.map(({ details, ...run }): Whole => ({
          ...run,
          ...details(),
          defined: definitions.get(run.definition ?? ''),
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
