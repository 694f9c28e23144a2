/** Step: init. A new lab in a directory, whole or not at all. */
import { lstat, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { makeDirectory } from '../engine/directory.ts'
import { codeOf, messageOf, userError } from '../engine/error.ts'
import { SCHEMA_FILE, schemaText } from '../config/editor.ts'
import { printable } from '../engine/printable.ts'
import { diskFailure } from '../engine/disk.ts'

/** Templates of the new lab's files. lab.yaml is written last: it is what makes the directory a lab. */
const FILES: readonly (readonly [template: string, file: string])[] = [
  // Under its own name the template would be obeyed by git here.
  ['gitignore', '.gitignore'],
  ['bpf/hello.bpf.c', 'bpf/hello.bpf.c'],
  ['lab.yaml', 'lab.yaml'],
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

/** The schema comes first: an editor that sees lab.yaml looks for it. */
async function contents(name: string): Promise<[file: string, text: string][]> {
  const read = async ([template, file]: (typeof FILES)[number]): Promise<[string, string]> => {
    const text = await readFile(join(import.meta.dirname, template), 'utf8')
    return [file, file === 'lab.yaml' ? labText(text, name) : text]
  }
  return [[SCHEMA_FILE, schemaText()], ...(await Promise.all(FILES.map(read)))]
}

const refused = (directory: string, fact: string, cause?: unknown) =>
  userError(
    { place: printable(directory), fact, wayOut: 'nothing was written; name another directory, or move it away' },
    cause,
  )

/** Where lstat sees nothing, nothing is overwritten; a dangling symbolic link is something. */
async function existing(directory: string): Promise<string[]> {
  const found = await Promise.all(
    FILES.map(async ([, file]) => ((await lstat(join(directory, file)).catch(() => undefined)) ? [file] : [])),
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

export interface NewLab {
  readonly name: string
  readonly directory: string
  readonly files: readonly string[]
}

/**
 * Makes a lab in `directory` (made if it is missing; what else is in it stays).
 * @throws a user's Failure if one of its files exists, or if a file stands where a directory is needed
 */
export async function initLab(directory: string): Promise<NewLab> {
  const there = await existing(directory)
  if (there.length > 0) throw refused(directory, `already there: ${there.join(', ')}`)
  const name = labName(directory)
  const files = await contents(name)
  try {
    await writeAll(directory, files)
  } catch (error) {
    // Somebody was faster, a file stands where a directory must be, or there can be none: the message of the system
    // names it.
    if (['EEXIST', 'ENOTDIR', 'ENOENT'].includes(codeOf(error) ?? ''))
      throw refused(directory, printable(messageOf(error), 200), error)
    throw diskFailure(error, printable(directory))
  }
  return { name, directory, files: FILES.map(([, file]) => file) }
}
