/** The labs that ship with the tool: each answers one question, and `lab init --from` copies it. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { nameWayOut } from '../config/text/suggest.ts'

export interface ExampleLab {
  readonly name: string
  /** The title of its README.md. */
  readonly question: string
}

/** What running an example leaves in its directory. */
const MADE_BY_RUNS = new Set(['.lab', 'results'])

const titleOf = (readme: string): string => /^# (.+)$/m.exec(readme)?.[1] ?? ''

/** Every example, by name. @param root the directory that holds them, one directory each */
export async function exampleLabs(root: string): Promise<ExampleLab[]> {
  const entries = await readdir(root, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return await Promise.all(
    names.toSorted().map(async (name) => ({
      name,
      question: titleOf(await readFile(join(root, name, 'README.md'), 'utf8')),
    })),
  )
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const lists = entries
    .filter(({ name }) => !MADE_BY_RUNS.has(name))
    .map(async (entry) => {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) return await filesBelow(path)
      return entry.isFile() ? [path] : []
    })
  return (await Promise.all(lists)).flat()
}

/**
 * The files of an example: paths relative to it, and texts.
 * @throws a user's Failure if no example has this name
 */
export async function exampleFiles(root: string, name: string): Promise<(readonly [file: string, text: string])[]> {
  const names = (await exampleLabs(root)).map((example) => example.name)
  if (!names.includes(name))
    throw userError({
      place: `--from ${printable(name, 60)}`,
      fact: 'no example has this name',
      wayOut: nameWayOut(name, names, 'examples', '`lab init --list` names them'),
    })
  const directory = join(root, name)
  const files = await filesBelow(directory)
  return await Promise.all(
    files.toSorted().map(async (file) => [relative(directory, file), await readFile(file, 'utf8')] as const),
  )
}
