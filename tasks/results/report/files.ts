/**
 * The files of a report: the page, and its figures and tables for a paper (SVG and PDF, CSV and LaTeX with booktabs).
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beside, cannotWrite } from '../../engine/beside.ts'
import type { Context } from '../../engine/context.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { svgToPdf } from '../../host/rsvg.ts'
import type { Figure } from './exhibits.ts'
import { paperLatex, tablesLatex, type Paper } from './paper.ts'
import { FONTS } from './paper-fonts.ts'
import { TIMELINE_STYLE } from './page.ts'
import { latexText, tableCsv, tableLatex, type Table } from './table.ts'
import { standalone } from './theme.ts'

/** The paper, where one is asked for. */
const PAPER = 'paper.tex'
/** For a document: every figure and table with its caption. */
const DOCUMENT = 'report.tex'

/**
 * Writes a file, whole or not at all. @throws Failure (user) for a place that cannot be written, (lab) for a full disk
 */
export const writeWhole = (
  file: string,
  text: string,
  { cache, signal }: Pick<Context, 'cache' | 'signal'>,
): Promise<void> => beside(cache, file, (partial) => writeFile(partial, text), signal)

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
    ...FONTS,
    '\\usepackage{booktabs,graphicx}',
    '\\usepackage[a4paper,margin=2cm]{geometry}',
    '\\begin{document}',
    ...figures.map(figureLatex),
    ...tablesLatex(tables),
    '\\end{document}',
    '',
  ].join('\n')
}

/**
 * Writes all of them, and the paper where there is one; a file of the same name is replaced whole.
 * @returns their names
 * @throws a lab Failure for a directory that cannot be written
 */
export async function writeExhibits(
  dir: string,
  figures: readonly Figure[],
  tables: readonly Table[],
  { cache, signal }: Pick<Context, 'cache' | 'signal'>,
  paper?: Paper,
): Promise<string[]> {
  const written: string[] = []
  const put = async (name: string, write: (file: string) => Promise<void>) => {
    await beside(cache, join(dir, name), write, signal)
    written.push(name)
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
    if (paper !== undefined) await put(PAPER, (file) => writeFile(file, paperLatex(paper)))
    await put(DOCUMENT, (file) => writeFile(file, documentOf(figures, tables)))
  } catch (error) {
    throw cannotWrite(error, dir)
  }
  return written
}
