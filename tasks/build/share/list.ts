/** Step: list. What others have pushed to a place, as their notes describe it. */
import { readFile } from 'node:fs/promises'
import { step, type Context } from '../../engine/context.ts'
import { printable } from '../../engine/printable.ts'
import { entriesOf, noteFile, readNote, type ListedEntry, type Note } from './names.ts'
import { filesOf, type ListedFile, type Place } from './place.ts'

export interface NotedEntry extends ListedEntry {
  /** "v5.10 5.10.223"; undefined without a note, or where the note is about something else. */
  readonly title: string | undefined
  /** The tools that it was built with. */
  readonly tools: readonly string[]
  /** The digest of its files, as in lab.lock. */
  readonly contents: string | undefined
}

/** Inputs that name a tool of the host. */
export const TOOLCHAIN: readonly string[] = ['gcc', 'ld', 'make', 'pahole']

/** A note of ours has some kilobytes. Bytes. */
const MOST_NOTE = 2 ** 20

/**
 * The entries among the files of a place, each with its note. It has none where there is no note, or that of another
 * entry, or a file in its place that is too large to be one.
 */
export async function withNotes(
  files: readonly ListedFile[],
  place: Place,
): Promise<(ListedEntry & { readonly note: Note | undefined })[]> {
  const names = new Set(files.filter(({ size }) => size <= MOST_NOTE).map(({ name }) => name))
  const entries = entriesOf(files)
  const noted = entries.map(({ kind, id }) => noteFile(kind, id)).filter((name) => names.has(name))
  return await place.read(noted, async (copies) => {
    const texts = new Map<string, string>()
    for (const [index, name] of noted.entries()) texts.set(name, await readFile(copies[index] ?? '', 'utf8'))
    return entries.map((entry) => {
      const text = texts.get(noteFile(entry.kind, entry.id))
      return { ...entry, note: text === undefined ? undefined : readNote(text, entry.id) }
    })
  })
}

export async function listStep(place: Place, context: Context): Promise<readonly NotedEntry[]> {
  return await step(context, 'list', `list ${place.name}`, async () => {
    const entries = await withNotes(await filesOf(place), place)
    const value = entries.map(({ note, ...entry }): NotedEntry => {
      const tools = TOOLCHAIN.flatMap((tool) => {
        const version = note?.inputs[tool]
        return typeof version === 'string' ? [printable(version, 60)] : []
      })
      return { ...entry, title: note && printable(note.title, 80), tools, contents: note?.contents }
    })
    return { outcome: 'done', detail: `${value.length} entries`, value }
  })
}
