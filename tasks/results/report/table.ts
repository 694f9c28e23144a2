/** A table as data, and the same table as HTML, CSV and LaTeX. */
import { printableText } from '../../engine/printable.ts'
import { shortNumber } from '../../engine/text.ts'
import { csvRow } from '../../trace/export/csv.ts'
import { html, type Html } from './html.ts'

export type Cell = string | number | null

export interface Column {
  readonly head: string
  /** Stands behind the head; the numbers of the column are in it. */
  readonly unit?: string
  /** Numbers stand right; text that a person compares letter by letter is set in one width. */
  readonly kind: 'text' | 'code' | 'number'
}

/** What a table shows. */
export interface TableContent {
  /** A paper has these rows elsewhere. */
  readonly notInPaper?: true
  readonly caption: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
}

export interface Table extends TableContent {
  /** Its file's name. */
  readonly name: string
}

/** As `shortNumber` has it, with thousands in groups from five digits on: `12 346`, `12.35`, `0.001234`. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const [whole = '', fraction] = shortNumber(value).split('.')
  const grouped = /^-?\d{5,}$/.test(whole) ? whole.replaceAll(/\B(?=(\d{3})+$)/g, '\u202f') : whole
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

export const cellText = (cell: Cell): string =>
  cell === null ? '' : typeof cell === 'number' ? numberText(cell) : cell

const headOf = ({ head, unit }: Column): string => (unit === undefined ? head : `${head} (${unit})`)

/** A cell that is more than its text, by row and column. */
export type Decorate = (cell: Cell, column: number, row: number) => Html | undefined

/** Sortable by the page's script, by what is in data-v where that differs from what is shown. */
export function tableHtml({ caption, columns, rows }: Table, decorate: Decorate = () => undefined): Html {
  const cell = (value: Cell, index: number, row: number): Html => {
    const { kind } = columns[index] ?? { kind: 'text' }
    const content =
      decorate(value, index, row) ?? (kind === 'code' ? html`<code>${cellText(value)}</code>` : cellText(value))
    return kind === 'number'
      ? html`<td class="number" data-v="${value ?? ''}">${content}</td>`
      : html`<td>${content}</td>`
  }
  const heads = columns.map((column) => html`<th scope="col" class="${column.kind}">${headOf(column)}</th>`)
  const lines = rows.map((row, at) => html`<tr>${row.map((value, index) => cell(value, index, at))}</tr>\n`)
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
<table class="sortable"><caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>${lines}</tbody></table></div>
`
}

/** All digits that there are; null is nothing. */
export const tableCsv = ({ columns, rows }: Table): string =>
  [columns.map(headOf), ...rows].map((cells) => `${csvRow(cells)}\n`).join('')

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedbl{}',
  µ: '\\textmu{}',
  μ: '\\textmu{}',
  '±': '\\textpm{}',
  '×': '\\texttimes{}',
  '→': '$\\rightarrow$',
  '…': '\\ldots{}',
  '–': '--',
  '\u202f': '\\,',
  '\n': ' ',
  '\t': ' ',
}

/** What begins a pair that fonts draw as one other character ("--" is a dash): an empty group keeps the two apart. */
const LIGATURES: ReadonlySet<string> = new Set(['-', ',', "'", '`', '!', '?'])
/** Quotes that TeX would curl. */
const STRAIGHT: Readonly<Record<string, string>> = { "'": '\\textquotesingle{}', '`': '\\textasciigrave{}' }

/** pdfLaTeX stops at a character that it has no glyph for: T1 and textcomp have all but these. */
const NO_GLYPH = /[^ -\u017f–—‘’“”„†‡•…‰€™]|[ĦħĸĿŀŉŦŧſ]/gu

/** Text in LaTeX; a character without a glyph becomes a question mark (the CSV files have it). */
export const latexText = (text: string): string =>
  printableText(text)
    .replaceAll(/[\\{}~^<>|"µμ±×→…–\u202f\n\t&%$#_]|-(?=-)|,(?=,)|'(?=')|[`!?](?=`)/g, (character) =>
      LIGATURES.has(character) ? `${character}{}` : (LATEX[character] ?? `\\${character}`),
    )
    .replaceAll(NO_GLYPH, '?')

/** Code in LaTeX, in one width: each character as it is typed, also quotes. */
export const latexCode = (code: string): string =>
  `\\texttt{${code
    .split(/(['`])/)
    .map((part) => STRAIGHT[part] ?? latexText(part))
    .join('')}}`

/** A table float in the style of the package booktabs. Its first line names the packages. */
export function tableLatex({ name, caption, columns, rows }: Table): string {
  const cell = (value: Cell, index: number): string => {
    const text = cellText(value)
    return columns[index]?.kind === 'code' && text !== '' ? latexCode(text) : latexText(text)
  }
  return [
    '% \\usepackage[T1]{fontenc} \\usepackage{textcomp,booktabs,graphicx}',
    '\\begin{table}',
    '  \\centering\\small',
    `  \\caption{${latexText(caption)}}`,
    `  \\label{tab:${name}}`,
    // A table that is too wide for the page is made to fit, others keep their size.
    '  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%',
    `  \\begin{tabular}{${columns.map(({ kind }) => (kind === 'number' ? 'r' : 'l')).join('')}}`,
    '    \\toprule',
    `    ${columns.map((column) => latexText(headOf(column))).join(' & ')} \\\\`,
    '    \\midrule',
    // What begins a row with [ or * would be an argument of the line end above it.
    ...rows.map(
      (row) =>
        `    ${row
          .map(cell)
          .join(' & ')
          .replace(/^(?=[[*])/, '{}')} \\\\`,
    ),
    '    \\bottomrule',
    '  \\end{tabular}}',
    '\\end{table}',
    '',
  ].join('\n')
}
