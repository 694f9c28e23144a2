/** Step: init. A new lab in a directory, whole or not at all. */
import { lstat, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { makeDirectory } from '../engine/directory.ts'
import { codeOf, messageOf, userError } from '../engine/error.ts'
import { exampleFiles } from './examples.ts'
import { SCHEMA_FILE, schemaText } from '../config/editor.ts'
import { printable } from '../engine/printable.ts'
import { diskFailure } from '../engine/disk.ts'

const LAB_FILE = 'lab.yaml'

/** Templates of the new lab's files. */
const FILES: readonly (readonly [template: string, file: string])[] = [
  // Under its own name the template would be obeyed by git here.
  ['gitignore', '.gitignore'],
  ['bpf/hello.bpf.c', 'bpf/hello.bpf.c'],
  [LAB_FILE, LAB_FILE],
]

/**
 * A name as lab.yaml allows it (config/schema.ts), as near to the directory's as can be; `lab` where nothing of it is
 * left.
 */
export function labName(directory: string): string {
  const plain = basename(directory)
    .normalize('NFKD')
    .replaceAll(/\p{Mn}/gu, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
  const name = plain
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63)
    .replace(/[-._]+$/, '')
  return name === '' ? 'lab' : name
}

/** The template with this name in it; quoted where YAML would read a number or a boolean. */
export function labText(template: string, name: string): string {
  // YAML 1.1 readers take "yes" and "1:30" for more than text; what this version quotes is right for both.
  const value = stringify(name, { version: '1.1' }).trim()
  return template.replace(/^lab: .*$/m, () => `lab: ${value}`)
}

type TextFile = readonly [file: string, text: string]

const template = async (name: string): Promise<string> => await readFile(join(import.meta.dirname, name), 'utf8')

/** What the new lab consists of. @throws a user's Failure if there is no such example */
async function contents(name: string, example: Example | undefined): Promise<TextFile[]> {
  const files: TextFile[] =
    example === undefined
      ? await Promise.all(FILES.map(async ([from, file]): Promise<TextFile> => [file, await template(from)]))
      : [['.gitignore', await template('gitignore')], ...(await exampleFiles(example.root, example.name))]
  const named = files.map(([file, text]): TextFile => [file, file === LAB_FILE ? labText(text, name) : text])
  // lab.yaml is what makes the directory a lab, so it is written last.
  return named.toSorted(([a], [b]) => Number(a === LAB_FILE) - Number(b === LAB_FILE))
}

const refused = (directory: string, fact: string, cause?: unknown) =>
  userError(
    { place: printable(directory), fact, wayOut: 'nothing was written; name another directory, or move it away' },
    cause,
  )

/** Where lstat sees nothing, nothing is overwritten; a dangling symbolic link is something. */
async function existing(directory: string, files: readonly TextFile[]): Promise<string[]> {
  const found = await Promise.all(
    files.map(async ([file]) => ((await lstat(join(directory, file)).catch(() => undefined)) ? [file] : [])),
  )
  return found.flat()
}

/** `directory` and those above it, up to and with `first`; innermost first. */
function* upTo(directory: string, first: string | undefined): Iterable<string> {
  if (first === undefined) return
  for (let at = directory; at.length >= first.length; at = dirname(at)) yield at
}

/** Writes all files; what was made is removed again when one of them cannot be. Throws the system's error. */
export async function writeAll(
  directory: string,
  files: readonly (readonly [file: string, text: string])[],
): Promise<void> {
  const undo: (() => Promise<void>)[] = []
  try {
    for (const [file, text] of files) {
      const path = join(directory, file)
      const first = makeDirectory(dirname(path))
      undo.unshift(...[...upTo(dirname(path), first)].map((made) => () => rmdir(made)))
      await writeFile(path, text, { flag: 'wx' })
      undo.unshift(() => rm(path))
    }
  } catch (error) {
    for (const step of undo) await step().catch(() => undefined)
    throw error
  }
}

/** An example to copy: its name below the directory of all examples. */
export interface Example {
  readonly root: string
  readonly name: string
}

export interface NewLab {
  readonly name: string
  readonly directory: string
  readonly files: readonly string[]
}

/**
 * Makes a lab in `directory` (made if it is missing; what else is in it stays): the commented template, or a copy of an
 * example.
 * @throws a user's Failure if one of its files exists, if a file stands where a directory is needed, or if no example
 * has the name
 */
export async function initLab(directory: string, example?: Example): Promise<NewLab> {
  const name = labName(directory)
  const files = await contents(name, example)
  const there = await existing(directory, files)
  if (there.length > 0) throw refused(directory, `already there: ${there.join(', ')}`)
  try {
    // The schema comes first: an editor that sees lab.yaml looks for it.
    await writeAll(directory, [[SCHEMA_FILE, schemaText()], ...files])
  } catch (error) {
    // Somebody was faster, a file stands where a directory must be, or there can be none: the message of the system
    // names it.
    if (['EEXIST', 'ENOTDIR', 'ENOENT'].includes(codeOf(error) ?? ''))
      throw refused(directory, printable(messageOf(error), 200), error)
    throw diskFailure(error, printable(directory))
  }
  return { name, directory, files: files.map(([file]) => file) }
}
