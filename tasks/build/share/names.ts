/** The names of entries in a shared place, and the note next to each that says what it is without reading it. */
import { z } from 'zod'
import { inCurrentFormat } from '../../engine/format.ts'
import { fingerprintOf, type Inputs } from '../../engine/fingerprint.ts'
import { Failure } from '../../engine/error.ts'
import type { ListedFile } from './place.ts'

/**
 * What is shared: what takes minutes to build. Everything else (probes, the holder, the initrd) is made in seconds and
 * depends on more tools of the host.
 */
export const SHARED_KINDS = ['kernel', 'image'] as const
export type SharedKind = (typeof SHARED_KINDS)[number]

/** The store, too, names an entry by the first 32 digits of its fingerprint. */
const idOf = (fingerprint: string): string => fingerprint.slice(0, 32)

export const entryFile = (kind: SharedKind, fingerprint: string): string => `${kind}-${idOf(fingerprint)}.entry`
export const noteFile = (kind: SharedKind, fingerprint: string): string => `${kind}-${idOf(fingerprint)}.json`

export interface ListedEntry {
  readonly kind: SharedKind
  /** The beginning of the fingerprint. */
  readonly id: string
  /** The size of its file. Bytes. */
  readonly size: number
}

const ENTRY_NAME = new RegExp(`^(${SHARED_KINDS.join('|')})-([0-9a-f]{32})\\.entry$`)

/** The entries among some files; other files are not ours to judge. */
export const entriesOf = (files: readonly ListedFile[]): ListedEntry[] =>
  files.flatMap(({ name, size }) => {
    const [, kind, id] = ENTRY_NAME.exec(name) ?? []
    return kind === undefined || id === undefined ? [] : [{ kind: kind as SharedKind, id, size }]
  })

const NOTE_FORMAT = 1
const Note = z.object({
  format: z.literal(NOTE_FORMAT),
  kind: z.string(),
  /** What it was called where it was pushed: "v5.10 5.10.223". */
  title: z.string().max(300),
  inputs: z.record(z.string(), z.json()) as unknown as z.ZodType<Inputs>,
  /** The digest of its files (`contentsOf`), and their bytes. */
  contents: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int(),
})
export type Note = Omit<z.infer<typeof Note>, 'format'>

export const noteText = (note: Note): string => `${JSON.stringify({ format: NOTE_FORMAT, ...note }, null, 1)}\n`

/**
 * Reads a note; undefined where it cannot be read or is about another entry. Nothing is decided by a note: it is for
 * people, and to say why an entry does not fit.
 */
export function readNote(text: string, id: string): Note | undefined {
  try {
    const note = Note.parse(inCurrentFormat(JSON.parse(text), { name: 'the note', current: NOTE_FORMAT }, 'note'))
    return fingerprintOf(note.inputs).startsWith(id) ? note : undefined
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError || error instanceof Failure) return undefined
    throw error
  }
}
