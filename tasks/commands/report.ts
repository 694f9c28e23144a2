/** `lab report`: results as one HTML file, and its figures and tables as files for a paper. */
import { basename, resolve } from 'node:path'
import { declaredIn, openLab } from '../config/open.ts'
import type { ResolvedLab } from '../config/resolved.ts'
import { userError } from '../engine/error.ts'
import { FIGURES } from '../host/packages.ts'
import { hostStep } from '../build/host-tools.ts'
import { writeExhibits } from '../results/report/files.ts'
import { reportStep } from '../results/report/report.ts'
import { bytes, plural } from '../engine/text.ts'
import { placesOf } from '../vm/places.ts'
import { HOST } from './shared/app.ts'
import { without } from './shared/exclusive.ts'
import { defineCommand } from './command.ts'
import { DEFINITION } from './shared/options.ts'
import { outputFile } from './output-file.ts'
import { labDirectory } from './shared/places.ts'
import { TOOL_ROOT, type Session } from './shared/session.ts'

/** The lab as its file has it now. Undefined where that cannot be read: results outlive it. */
function labNow({ options }: Session): ResolvedLab | undefined {
  try {
    return openLab({ file: options.file, cwd: process.cwd(), toolRoot: TOOL_ROOT, host: HOST }).lab
  } catch {
    return undefined
  }
}

export const command = defineCommand({
  usage: 'report [what...]',
  about: 'write one HTML file about experiments or runs (all if none is named): verdicts, paths, figures, provenance',
  options: [
    ['--since <day>', 'one page about the runs since a day (2020-01-30), a time, today, or how long ago (7d, 12h)'],
    DEFINITION,
    ['-o, --output <file>', 'the file to write (default: results/NAME.html)'],
    ['--paper <dir>', 'as --figures, and a paper of it all: paper.tex, with claims, methods and results'],
    ['--figures <dir>', 'also each figure as SVG and PDF and each table as CSV and LaTeX, into this directory'],
  ],
  work: async (session, [words], options) => {
    const directory = labDirectory(session)
    const output = options.output === undefined ? undefined : await outputFile(options.output, session)
    if (options.paper !== undefined) without(options, 'paper', ['figures'], 'it writes the same files')
    const dir = options.paper ?? options.figures
    const lab = labNow(session)
    if (dir === '-')
      throw userError({
        place: options.paper === undefined ? '--figures' : '--paper',
        fact: 'it takes a directory, since it writes many files',
      })
    // Asked before the work is done.
    if (dir !== undefined) await hostStep(session.context, FIGURES, [])
    const outcome = await reportStep(
      {
        words: [...words],
        since: options.since,
        definition: options.definition,
        results: placesOf(directory).results,
        labName: lab?.name ?? basename(directory),
        declared: lab && declaredIn(lab),
        output: output?.file,
      },
      session.context,
    )
    const { file, bytes: size, runs, figures, tables, leftOut } = outcome
    const paper = options.paper === undefined ? undefined : outcome.paper
    const files = dir === undefined ? [] : await writeExhibits(resolve(dir), figures, tables, session.context, paper)
    const beside = dir === undefined ? '' : `\n${resolve(dir)}: ${plural(files.length, 'file')} (SVG, PDF, CSV, LaTeX)`
    return {
      text: `${file}: ${plural(runs, 'run')}, ${plural(figures.length, 'figure')}, ${plural(tables.length, 'table')}, ${bytes(size)}${beside}`,
      data: {
        file,
        bytes: size,
        runs,
        figures: figures.map(({ name }) => name),
        tables: tables.map(({ name }) => name),
        files,
        leftOut,
      },
      onStderr: output?.onStderr === true,
    }
  },
})
