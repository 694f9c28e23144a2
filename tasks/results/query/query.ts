/** Step: query. SQL over all runs, read-only. */
import { availableParallelism } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import {
  copyTo,
  mustSelect,
  NotASelect,
  NotATable,
  OddTable,
  openQuery,
  queryMemory,
  READING,
  select,
  type CompactTable,
  type Table,
  type TableOfRows,
} from './views.ts'
import { damageOf, notAFile } from '../../trace/events/table-shape.ts'
import { typedFile, typedView } from '../../trace/events/typed-name.ts'
import { beside, besideIn } from '../../engine/beside.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { Failure, interrupted, messageOf, userError } from '../../engine/error.ts'
import type { Emit } from '../../engine/event.ts'
import { saysDuckdb } from '../../engine/outside-words.ts'
import { printable } from '../../engine/printable.ts'
import { indexRuns, type IndexedRun } from '../run-index.ts'
import { compacted } from './compact.ts'
import { tablesOf } from './tables.ts'

/** Rows of an answer that is text; more of them are a file. */
export const MOST_ROWS = 100_000
/** Runs that are named when they are left out. */
const MOST_SAID = 10
const EVENTS = 'events.parquet'

export interface QueryRequest {
  readonly sql: string
  readonly results: string
  /** Write the answer to this Parquet file instead of giving it. */
  readonly parquet: string | undefined
  readonly cache: string
  readonly signal?: AbortSignal
  readonly emit: Emit
}

export type QueryOutcome = { readonly table: Table } | { readonly file: string; readonly rows: number }

const TABLES =
  'runs, newest (runs that count and have the newest definition), events, probes, params, metrics, losses, events_NAME (typed events)'

const wrong = (error: unknown) => {
  if (error instanceof Failure) return error
  if (saysDuckdb(error, 'interrupted')) return interrupted()
  if (error instanceof NotASelect)
    return userError({
      fact: `lab query takes one SELECT (${error.message} found)`,
      wayOut: 'the results are read-only; `--parquet FILE` writes an answer to a file',
    })
  if (error instanceof NotATable)
    return userError({
      place: 'SQL',
      fact: `${printable(error.message, 60)}() is not among the functions that may be in the place of a table`,
      wayOut: `those are ${READING.join(', ')}; the tables are ${TABLES}`,
    })
  const [first = '', ...rest] = messageOf(error).split('\n')
  return userError(
    {
      place: 'SQL',
      fact: printable(first, 300),
      lines: rest.filter((line) => line.trim() !== '').map((line) => printable(line, 200)),
      wayOut: saysDuckdb(error, 'forbidden')
        ? `only the tables of the results can be read: ${TABLES}`
        : saysDuckdb(error, 'unknown-name')
          ? `tables: ${TABLES}; \`lab query "DESCRIBE events"\` shows columns`
          : undefined,
    },
    error,
  )
}

/** To look into thousands of files that are not asked for takes longer than the answer. */
const MENTIONS_EVENTS = /\bevents\b/i

/** A statement that reads the tables of runs by their names. */
const READS_FILES = /parquet/i

/** Errors that no file can be the cause of. */
const isOfSql = (error: unknown): boolean =>
  error instanceof Failure ||
  error instanceof NotASelect ||
  error instanceof NotATable ||
  (!(error instanceof OddTable) && saysDuckdb(error, 'statement'))

/** Parquet files by the view that shows them. */
type Files = ReadonlyMap<string, readonly string[]>

/** Tables of events that the statement can mean: those of all runs, and those of typed events, with their files. */
function filesFor(sql: string, results: string, runs: readonly IndexedRun[]): Files {
  const words = sql.toLowerCase()
  const found = runs.flatMap(({ experiment, run, table, typed }) => {
    const file = (name: string) => join(results, experiment, run, name)
    return [
      ...(table ? [{ view: 'events', file: file(EVENTS) }] : []),
      ...typed.map((name) => ({ view: typedView(name), file: file(typedFile(name)) })),
    ]
  })
  const views = [...Map.groupBy(found, ({ view }) => view)]
  const meant = views.filter(([view]) =>
    view === 'events' ? MENTIONS_EVENTS.test(sql) : words.includes(view.toLowerCase()),
  )
  return new Map(meant.map(([view, files]) => [view, files.map(({ file }) => file)]))
}

type Connection = Awaited<ReturnType<typeof openQuery>>['connection']

/** A file in the cache that is never made: what DuckDB cannot hold in memory goes beside it. */
const SPILL = 'query'

/** The statement on a database of these files. */
async function answer(
  request: QueryRequest,
  tables: readonly TableOfRows[],
  files: Files,
  compact: readonly CompactTable[] = [],
): Promise<QueryOutcome> {
  const { sql, parquet, cache } = request
  const limits = { threads: availableParallelism(), memory: queryMemory() }
  const ask = async <T>(
    output: string | undefined,
    spill: string | undefined,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> => {
    using database = await openQuery({ tables, files, compact, output, ...limits, spill })
    await mustSelect(database.connection, sql)
    return await work(database.connection)
  }
  if (parquet !== undefined) {
    const rows = await beside(
      cache,
      parquet,
      (partial) => ask(partial, `${partial}.spill`, (connection) => copyTo(connection, sql, partial)),
      request.signal,
    )
    return { file: parquet, rows }
  }
  const rows = (spill: string | undefined) => ask(undefined, spill, (connection) => select(connection, sql, MOST_ROWS))
  let begun = false
  try {
    makeDirectory(cache)
    return {
      table: await besideIn(cache, join(cache, SPILL), async (dir) => {
        begun = true
        return await rows(join(dir, 'spill'))
      }),
    }
  } catch (error) {
    if (begun) throw error
    // A cache that takes nothing is no reason to refuse what fits in memory.
    return { table: await rows(undefined) }
  }
}

type Skip = (name: string, why: string) => void

/** Without those that would be waited for, or are gone: that is found out before anything is opened. */
const opened = (files: Files, results: string, skip: Skip): Files =>
  new Map(
    [...files].map(([view, all]) => [
      view,
      all.filter((file) => {
        const fact = notAFile(file)
        if (fact !== undefined) skipped(file, fact, view, results, skip)
        return fact === undefined
      }),
    ]),
  )

const skipped = (file: string, why: string, view: string, results: string, skip: Skip): void =>
  skip(
    relative(results, dirname(file)),
    `${basename(file)} cannot be read (${why}); its run is in all tables but ${view}`,
  )

/** The files that can be read; each other is said, once. */
async function readable(files: Files, results: string, skip: Skip): Promise<Files> {
  const good = new Map<string, readonly string[]>()
  for (const [view, all] of files) {
    const kept: string[] = []
    for (const file of all) {
      const damage = (await damageOf(file, false)) ?? (await damageOf(file, true))
      if (damage === undefined) kept.push(file)
      else skipped(file, damage, view, results, skip)
    }
    good.set(view, kept)
  }
  return good
}

const count = (files: Files): number => [...files.values()].reduce((sum, { length }) => sum + length, 0)

/** @throws Failure (user) for SQL that cannot be answered */
export async function queryStep(request: QueryRequest): Promise<QueryOutcome> {
  const { results, emit } = request
  const { runs: listed, skipped, definitions } = await indexRuns(results)
  const warn = (place: string, text: string) => emit({ type: 'notice', level: 'warning', place, text })
  const skip: Skip = (name, why) => warn(`results/${printable(name, 200)}`, `left out: ${printable(why, 200)}`)
  for (const { name, why } of skipped.slice(0, MOST_SAID)) skip(name, why)
  if (skipped.length > MOST_SAID) warn('results', `${skipped.length - MOST_SAID} more are left out`)
  const files = opened(filesFor(request.sql, results, listed), results, skip)
  const tables = tablesOf(results, listed, definitions, request.sql)
  if (MENTIONS_EVENTS.test(request.sql) && !READS_FILES.test(request.sql))
    try {
      // Also where no run has events any more: their copies go then.
      const sources = await compacted(results, files.get('events') ?? [])
      if (sources.compact.length > 0)
        return await answer(request, tables, new Map([...files, ['events', sources.files]]), sources.compact)
    } catch (error) {
      if (isOfSql(error) || saysDuckdb(error, 'interrupted')) throw wrong(error)
      // A copy that cannot be read: the runs themselves are.
    }
  try {
    return await answer(request, tables, files)
  } catch (error) {
    // DuckDB does not always name the file that it stumbled over: each is looked at, and the others are asked again.
    const good = isOfSql(error) ? files : await readable(files, results, skip)
    if (count(good) === count(files)) throw wrong(error)
    return await answer(request, tables, good).catch((again: unknown) => Promise.reject(wrong(again)))
  }
}
