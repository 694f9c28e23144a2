/** The files of a report: the page, and its figures and tables for a paper (SVG and PDF, CSV and LaTeX with booktabs). */
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../engine/directory.ts'
import { codeOf, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { diskFailure } from '../engine/store.ts'
import { svgToPdf } from '../host/rsvg.ts'
import type { Figure } from './exhibits.ts'
import { TIMELINE_STYLE } from './page.ts'
import { latexText, tableCsv, tableLatex, type Table } from './table.ts'
import { standalone } from './theme.ts'

/** Rows of a table that fit on a page; longer ones are files only. */
const PAGE = 45
/** For a document: every figure and table with its caption. */
const DOCUMENT = 'report.tex'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'what should be a directory is a file',
  EEXIST: 'what should be a directory is a file',
  EISDIR: 'it is a directory',
  EACCES: 'you may not write there',
  EROFS: 'nothing can be written there',
}

/** A place that the user chose, and that cannot be written. */
function cannotWrite(error: unknown, place: string): unknown {
  const reason = REASONS[codeOf(error) ?? '']
  if (reason === undefined) return diskFailure(error, place)
  return userError({ place: printable(place, 300), fact: reason, wayOut: 'name another place' }, error)
}

/** Writes a file, whole or not at all. @throws Failure (user) for a place that cannot be written, (lab) for a full disk */
export async function writeWhole(file: string, text: string): Promise<void> {
  const partial = `${file}.partial-${process.pid}`
  try {
    await writeFile(partial, text)
    await rename(partial, file)
  } catch (error) {
    throw cannotWrite(error, file)
  } finally {
    await rm(partial, { force: true }).catch(() => undefined)
  }
}

/** An SVG that stands alone: on white, in the light colours, with the style that the page has otherwise. */
export function figureFile({ svg }: Figure): string {
  const style = svg.includes('class="timeline"') ? `<style>${TIMELINE_STYLE}\n</style>` : ''
  const [head = ''] = /<svg[^>]*>/.exec(svg) ?? []
  const paper = '<rect width="100%" height="100%" fill="var(--paper)"/>'
  return `<?xml version="1.0" encoding="UTF-8"?>\n${standalone(svg.replace(head, () => `${head}${style}${paper}`))}\n`
}

const figureLatex = ({ name, caption }: Figure): string =>
  [
    '\\begin{figure}',
    '  \\centering',
    `  \\includegraphics[width=\\linewidth]{${name}.pdf}`,
    `  \\caption{${latexText(caption)}}`,
    `  \\label{fig:${name}}`,
    '\\end{figure}',
    '',
  ].join('\n')

function documentOf(figures: readonly Figure[], tables: readonly Table[]): string {
  return [
    '\\documentclass{article}',
    '\\usepackage[T1]{fontenc}',
    '\\usepackage{textcomp,booktabs,graphicx}',
    '\\usepackage[a4paper,margin=2cm]{geometry}',
    '\\begin{document}',
    ...figures.map(figureLatex),
    ...tables.filter(({ rows }) => rows.length <= PAGE).map(({ name }) => `\\input{${name}.tex}`),
    '\\end{document}',
    '',
  ].join('\n')
}

/**
 * Writes all of them; a file of the same name is replaced whole.
 * @returns their names
 * @throws a lab Failure for a directory that cannot be written
 */
export async function writeExhibits(
  dir: string,
  figures: readonly Figure[],
  tables: readonly Table[],
  signal: AbortSignal,
): Promise<string[]> {
  const written: string[] = []
  const put = async (name: string, write: (file: string) => Promise<void>) => {
    const partial = join(dir, `.${process.pid}-${name}`)
    try {
      await write(partial)
      await rename(partial, join(dir, name))
      written.push(name)
    } finally {
      await rm(partial, { force: true })
    }
  }
  try {
    makeDirectory(dir)
    for (const figure of figures) {
      const svg = figureFile(figure)
      await put(`${figure.name}.svg`, (file) => writeFile(file, svg))
      await put(`${figure.name}.pdf`, (file) => svgToPdf(svg, file, signal))
    }
    for (const table of tables) {
      await put(`${table.name}.csv`, (file) => writeFile(file, tableCsv(table)))
      await put(`${table.name}.tex`, (file) => writeFile(file, tableLatex(table)))
    }
    await put(DOCUMENT, (file) => writeFile(file, documentOf(figures, tables)))
  } catch (error) {
    throw cannotWrite(error, dir)
  }
  return written
}
