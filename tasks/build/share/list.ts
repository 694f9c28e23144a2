/** Step: list. What others have pushed to a place, as their notes describe it. */
import { readFile } from 'node:fs/promises'
import { step, type Context } from '../../engine/context.ts'
import { printable } from '../../engine/printable.ts'
import { entriesOf, noteFile, readNote, type ListedEntry, type Note } from './names.ts'
import { filesOf, type Place } from './place.ts'

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

/** The notes on some entries; an entry without a note, or with the note of another one, is left out. */
export async function notesOf(entries: readonly ListedEntry[], place: Place): Promise<Map<ListedEntry, Note>> {
  const names = new Set((await filesOf(place)).map(({ name }) => name))
  const noted = entries.filter(({ kind, id }) => names.has(noteFile(kind, id)))
  return await place.read(
    noted.map(({ kind, id }) => noteFile(kind, id)),
    async (files) => {
      const notes = new Map<ListedEntry, Note>()
      for (const [index, entry] of noted.entries()) {
        const note = readNote(await readFile(files[index] ?? '', 'utf8'), entry.id)
        if (note) notes.set(entry, note)
      }
      return notes
    },
  )
}

export async function listStep(place: Place, context: Context): Promise<readonly NotedEntry[]> {
  return await step(context, 'list', `list ${place.name}`, async () => {
    const listed = entriesOf(await filesOf(place))
    const notes = await notesOf(listed, place)
    const value = listed.map((entry): NotedEntry => {
      const note = notes.get(entry)
      const tools = TOOLCHAIN.flatMap((tool) => {
        const version = note?.inputs[tool]
        return typeof version === 'string' ? [printable(version, 60)] : []
      })
      return { ...entry, title: note && printable(note.title, 80), tools, contents: note?.contents }
    })
    return { outcome: 'done', detail: `${value.length} entries`, value }
  })
}
