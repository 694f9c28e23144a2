/** `lab query "SQL"`: DuckDB over the results, read-only. The lab file is not read: results outlive its changes. */
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { csvRow } from '../trace/export/csv.ts'
import type { Cell, Table } from '../results/query/views.ts'
import { MOST_ROWS, queryStep } from '../results/query/query.ts'
import { fitTable } from '../engine/fit-table.ts'
import { plural } from '../engine/text.ts'
import { oneOf } from './shared/exclusive.ts'
import { defineCommand } from './command.ts'
import { outputFile } from './output-file.ts'
import { labPlaces } from './shared/places.ts'

/** Rows of a table for people. */
const SHOWN = 1000
/** Longest text of one cell. */
const WIDTH = 120

const plainText = (value: Cell): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)

const csvValue = (value: Cell) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : value)

function asTable({ columns, rows, more }: Table, width: number | undefined): string {
  const heads = columns.map(({ name, type }, index) => ({
    head: printable(name, WIDTH),
    ...(index > 0 && { spare: index }),
    align: /INT|DOUBLE|FLOAT|DECIMAL/.test(type) && !type.includes('[') ? ('right' as const) : ('left' as const),
  }))
  const cells = rows.slice(0, SHOWN).map((row) => row.map((value) => printable(plainText(value), WIDTH)))
  const rest = more ? `more than ${MOST_ROWS - SHOWN}` : String(rows.length - SHOWN)
  return [
    fitTable(heads, cells, width, '--csv'),
    ...(rows.length > SHOWN ? [`... ${rest} more rows: LIMIT, --csv or --parquet FILE`] : []),
  ].join('\n')
}

const asCsv = ({ columns, rows }: Table): string =>
  [csvRow(columns.map(({ name }) => name)), ...rows.map((row) => csvRow(row.map(csvValue)))].join('\n')

/** Names of columns as keys of JSON: a second column of a name would take the place of the first. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set(names)
  const seen = new Set<string>()
  return names.map((name) => {
    let own = name
    for (let count = 2; seen.has(own); count++) {
      own = `${name}_${count}`
      // A column that is called so keeps its name.
      if (taken.has(own) && !seen.has(own)) own = name
    }
    seen.add(own)
    return own
  })
}

export const command = defineCommand({
  usage: 'query <sql>',
  about:
    'SQL (DuckDB) over all results, read-only: tables runs, newest (of one definition), events, probes, params, metrics, losses',
  options: [
    ['--csv', 'comma-separated values'],
    ['--parquet <file>', 'write the answer to this file'],
  ],
  examples: [
    ["lab query 'FROM runs'", 'every run'],
    ["lab query 'SELECT event, count(*) FROM events GROUP BY 1'", 'over all results'],
  ],
  work: async (session, [sql], options) => {
    oneOf(options, ['csv', 'parquet'])
    const { results } = labPlaces(session)
    const output = options.parquet === undefined ? undefined : await outputFile(options.parquet, session)
    const outcome = await queryStep({
      sql,
      results,
      parquet: output?.file,
      emit: session.context.emit,
      cache: session.context.cache,
      signal: session.context.signal,
    })
    if ('file' in outcome)
      return {
        text: `${plural(outcome.rows, 'row')} in ${printable(outcome.file)}`,
        data: outcome,
        onStderr: output?.onStderr === true,
      }
    const { table: found } = outcome
    const whole = options.csv === true || session.options.json === true
    if (whole && found.more)
      throw userError({
        fact: `the answer has more than ${MOST_ROWS} rows`,
        wayOut: 'write it to a file with --parquet FILE, or limit it (LIMIT)',
      })
    const keys = uniqueNames(found.columns.map(({ name }) => name))
    return {
      verbatim: options.csv === true,
      text: options.csv === true ? asCsv(found) : asTable(found, session.view.width),
      data: {
        columns: found.columns,
        rows: found.rows.map((row) => Object.fromEntries(keys.map((key, index) => [key, row[index] ?? null]))),
      },
    }
  },
})
