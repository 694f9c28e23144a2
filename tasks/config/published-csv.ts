/** Published values from a CSV file: RFC 4180, a decimal point, and a first row that names the columns. */

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

/** Cells of a line; a quoted cell may hold the separator, and "" for a quote. Undefined where a quote is not closed. */
function cellsOf(line: string): string[] | undefined {
  const cells = ['']
  let isQuoted = false
  for (const part of line.match(/""|"|,|[^",]+/g) ?? []) {
    const last = cells.length - 1
    // A doubled quote inside of quotes is one; outside of them it is an empty cell.
    if (part === '""') cells[last] += isQuoted ? '"' : ''
    else if (part === '"') isQuoted = !isQuoted
    else if (part === ',' && !isQuoted) cells.push('')
    else cells[last] += part
  }
  return isQuoted ? undefined : cells.map((cell) => cell.trim())
}

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
  const at = (name: string) => heads.findIndex((one) => one['name']?.toLowerCase() === name)
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
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((content, index) => ({ line: index + 1, content }))
    .filter(({ content }) => content.trim() !== '' && !content.startsWith('#'))
  const [first, ...rest] = lines
  const head = first && cellsOf(first.content)
  if (first === undefined || head === undefined)
    return {
      rows: [],
      unit: undefined,
      problems: [{ line: 1, message: 'it is empty', wayOut: 'the first row is arm,value,spread' }],
    }
  const columns = columnsOf(head)
  if (columns.arm < 0 || columns.value < 0) {
    const semicolons = first.content.includes(';') && !first.content.includes(',')
    return {
      rows: [],
      unit: undefined,
      problems: [
        {
          line: first.line,
          message: semicolons ? 'its columns are separated by semicolons' : 'it has no columns called arm and value',
          wayOut: semicolons
            ? 'separate columns with commas, and write numbers with a point'
            : 'the first row is arm,value,spread; a unit may follow: value (ms)',
        },
      ],
    }
  }
  const rows: PublishedRow[] = []
  const problems: CsvProblem[] = []
  for (const { line, content } of rest) {
    const cells = cellsOf(content)
    const row: PublishedRow | CsvProblem =
      cells === undefined
        ? { line, message: 'a quote is not closed', wayOut: 'close it, or double a quote inside of a cell' }
        : rowOf(line, cells, columns)
    if ('message' in row) problems.push(row)
    else if (rows.some(({ arm }) => arm === row.arm))
      problems.push({ line, message: `arm ${row.arm} has a value already`, wayOut: 'remove one of the two rows' })
    else rows.push(row)
  }
  return { rows, unit: columns.unit, problems }
}
