/** `lab report`: results as one HTML file, and its figures and tables as files for a paper. */
import { basename, dirname, resolve } from 'node:path'
import { findLab } from '../config/find.ts'
import { reportStep } from '../report.ts'
import { bytes, plural } from '../ui/text.ts'
import { placesOf } from '../vm/places.ts'
import { HOST } from './app.ts'
import type { CommandModule } from './index.ts'

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

export const work: CommandModule['work'] = async (session, [words], options) => {
  const directory = dirname(findLab(process.cwd(), session.options.file))
  const output = text(options['output'])
  const outcome = await reportStep(
    {
      words: Array.isArray(words) ? words.map(String) : [],
      since: text(options['since']),
      results: placesOf(directory).results,
      labName: basename(directory),
      output: output === undefined ? undefined : resolve(output),
      host: HOST,
    },
    session.context,
  )
  const { file, bytes: size, runs, figures, tables } = outcome
  return {
    text: `${file}: ${plural(runs, 'run')}, ${plural(figures.length, 'figure')}, ${plural(tables.length, 'table')}, ${bytes(size)}`,
    data: { file, bytes: size, runs, figures: figures.map(({ name }) => name), tables: tables.map(({ name }) => name) },
  }
}
