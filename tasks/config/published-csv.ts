/** Published values from a CSV file: RFC 4180, a decimal point, and a first row that names the columns. */
import type { CsvError } from 'csv-parse/sync'
import { later } from '../engine/later.ts'

const csv = later<typeof import('csv-parse/sync')>('csv-parse/sync')

/** A published value; `spread` null where nobody gave one. */
export interface PublishedValue {
  readonly value: number
  readonly spread: number | null
}

export interface PublishedRow extends PublishedValue {
  readonly arm: string
}

export interface CsvProblem {
  /** From 1. */
  readonly line: number
  readonly message: string
  readonly wayOut: string
}

interface Line {
  /** From 1: where the row ends. */
  readonly line: number
  readonly cells: readonly string[]
}

/** Rows that are not empty and no comment, with their cells. @throws CsvError */
function linesOf(text: string): readonly Line[] {
  const lines: Line[] = []
  csv().parse(text, {
    bom: true,
    comment: '#',
    comment_no_infix: true,
    on_record: (cells: string[], info) => void lines.push({ line: info.lines, cells }),
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  })
  return lines
}

/** What CSV itself does not allow. */
const unreadable = (error: CsvError): CsvProblem => ({
  line: Number(error['lines'] ?? 1),
  message:
    error.code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'a quote is not closed'
      : `it is not CSV (${error.code.toLowerCase().replaceAll('_', ' ')})`,
  wayOut: 'put quotes around a whole cell, and double a quote inside of it',
})

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/
const DECIMAL_COMMA = /^[+-]?\d+,\d+$/

/** `value (ms)` names a column and its unit. */
const headOf = (cell: string) => /^(?<name>[a-z ]+?)\s*(?:\((?<unit>[^)]+)\))?$/i.exec(cell)?.groups ?? {}

interface Columns {
  readonly arm: number
  readonly value: number
  readonly spread: number
  readonly count: number
  readonly unit: string | undefined
}

function columnsOf(head: readonly string[]): Columns {
  const heads = head.map(headOf)
  const at = (name: string) => heads.findIndex((head) => head['name']?.toLowerCase() === name)
  const value = at('value')
  return { arm: at('arm'), value, spread: at('spread'), count: head.length, unit: heads[value]?.['unit'] }
}

const commaProblem = (line: number, text: string): CsvProblem => ({
  line,
  message: `"${text}" has a comma as its decimal point`,
  wayOut: 'write numbers with a point (47.60), and separate columns with commas',
})

function numberProblem(line: number, column: string, text: string): CsvProblem | undefined {
  if (NUMBER.test(text)) return undefined
  if (DECIMAL_COMMA.test(text)) return commaProblem(line, text)
  return { line, message: `${column} "${text}" is not a number`, wayOut: 'give a number such as 47.60' }
}

function rowOf(line: number, cells: readonly string[], columns: Columns): PublishedRow | CsvProblem {
  const [arm, value] = [cells[columns.arm] ?? '', cells[columns.value] ?? '']
  const spread = columns.spread < 0 ? '' : (cells[columns.spread] ?? '')
  if (cells.length > columns.count) {
    // `n=1,47,60`: what looks like one column too many is a number that was split.
    const split = `${value},${cells[columns.value + 1] ?? ''}`
    if (/^\d+,\d+$/.test(split)) return commaProblem(line, split)
    return {
      line,
      message: `it has ${cells.length} columns, the first row ${columns.count}`,
      wayOut: 'quote a cell that has a comma in it',
    }
  }
  if (arm === '') return { line, message: 'no arm is named', wayOut: 'name it by its values, for example bytes=16' }
  const problem =
    numberProblem(line, 'value', value) ?? (spread === '' ? undefined : numberProblem(line, 'spread', spread))
  return problem ?? { arm, value: Number(value), spread: spread === '' ? null : Number(spread) }
}

/**
 * @returns the rows, the unit of `value (UNIT)` where the first row has one, and what is wrong. Rows with problems are
 * not among the rows.
 */
export function parsePublishedCsv(text: string): {
  readonly rows: readonly PublishedRow[]
  readonly unit: string | undefined
  readonly problems: readonly CsvProblem[]
} {
  const nothing = (problem: CsvProblem) => ({ rows: [], unit: undefined, problems: [problem] })
  let lines: readonly Line[]
  try {
    lines = linesOf(text)
  } catch (error) {
    if (error instanceof csv().CsvError) return nothing(unreadable(error))
    throw error
  }
  const [first, ...rest] = lines
  if (first === undefined)
    return nothing({ line: 1, message: 'it is empty', wayOut: 'the first row is arm,value,spread' })
  const columns = columnsOf(first.cells)
  if (columns.arm < 0 || columns.value < 0) {
    const semicolons = first.cells.length === 1 && first.cells[0]?.includes(';') === true
    return nothing({
      line: first.line,
      message: semicolons ? 'its columns are separated by semicolons' : 'it has no columns called arm and value',
      wayOut: semicolons
        ? 'separate columns with commas, and write numbers with a point'
        : 'the first row is arm,value,spread; a unit may follow: value (ms)',
    })
  }
  const rows: PublishedRow[] = []
  const problems: CsvProblem[] = []
  for (const { line, cells } of rest) {
    const row = rowOf(line, cells, columns)
    if ('message' in row) problems.push(row)
    else if (rows.some(({ arm }) => arm === row.arm))
      problems.push({ line, message: `arm ${row.arm} has a value already`, wayOut: 'remove one of the two rows' })
    else rows.push(row)
  }
  return { rows, unit: columns.unit, problems }
}
