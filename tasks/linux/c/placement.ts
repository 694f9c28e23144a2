/**
 * Where new functions and prototypes go in a file, and their order there. Offsets are into the file's text before any
 * change.
 */
import type { CFile, Definition } from './c-parser.ts'
import type { Edit } from './edits.ts'

/** A place between two top-level pieces of a file. */
export interface Place {
  readonly at: number
  /** What is put there is on its own lines: after something, or before something. */
  readonly side: 'after' | 'before'
}

/** After the definition, or after the EXPORT_SYMBOL that belongs to it. */
export function behind(text: string, definition: Definition): Place {
  const exported = new RegExp(`^\\s*EXPORT_SYMBOL\\w*\\(\\s*${definition.name}\\b[^)]*\\);`).exec(
    text.slice(definition.end),
  )
  return { at: definition.end + (exported?.[0].length ?? 0), side: 'after' }
}

/** Before the definition and the comment above it. */
export const ahead = (definition: Definition): Place => ({ at: definition.lead, side: 'before' })

/** Someone in a file who needs prototypes: everything in `needs` must be declared before `place`. */
export interface User {
  readonly place: Place
  /** It stands under #if: what is declared there may not be declared for others. */
  readonly conditional: boolean
  readonly needs: readonly string[]
}

interface Insertion {
  readonly place: Place
  readonly text: string
}

const rendered = ({ place, text }: Insertion): Edit => ({
  start: place.at,
  end: place.at,
  text: place.side === 'after' ? `\n\n${text}` : `${text}\n\n`,
})

/**
 * Insertions that declare what the users need, each prototype once, before its first user; a user under #if has it
 * declared for itself. Prototypes are in the .c files that need them and not in the originals' headers: a change of
 * the set then compiles these files again and not the third of the kernel that includes uio.h (measured: 76 s of 200
 * s). Where the original can be called, the types of its prototype are known.
 */
function prototypes(file: CFile, users: readonly User[], texts: ReadonlyMap<string, string>): Insertion[] {
  const declared = new Set(file.declarations.map(({ name }) => name))
  const insertions: Insertion[] = []
  for (const { place, conditional, needs } of users.toSorted((a, b) => a.place.at - b.place.at)) {
    const missing = [...new Set(needs)].filter((name) => !declared.has(name))
    if (!conditional) for (const name of missing) declared.add(name)
    const text = missing.flatMap((name) => texts.get(name) ?? []).join('\n')
    if (text !== '') insertions.push({ place, text })
  }
  return insertions
}

/** Includes that a file lacks, before its first one. */
function includes(file: CFile, headers: ReadonlySet<string>): Edit[] {
  const missing = [...headers].filter((header) => !new RegExp(`^#\\s*include\\s*<${header}>`, 'm').test(file.text))
  const first = /^#\s*include\b/m.exec(file.text)
  return missing.length > 0 && first
    ? [{ start: first.index, end: first.index, text: missing.map((header) => `#include <${header}>\n`).join('') }]
    : []
}

/** Everything that one file gets. */
export class Additions {
  readonly #users: User[] = []
  readonly #functions: Insertion[] = []
  readonly #replacements: Edit[] = []
  readonly #headers = new Set<string>()

  user(user: User): void {
    this.#users.push(user)
  }

  function(place: Place, text: string): void {
    this.#functions.push({ place, text })
  }

  replace(edit: Edit): void {
    this.#replacements.push(edit)
  }

  /** "linux/export.h" */
  include(header: string): void {
    this.#headers.add(header)
  }

  /** Edits in the order in which insertions at one place must stand: includes, prototypes, functions. */
  edits(file: CFile, texts: ReadonlyMap<string, string>): Edit[] {
    return [
      ...includes(file, this.#headers),
      ...prototypes(file, this.#users, texts).map(rendered),
      ...this.#functions.map(rendered),
      ...this.#replacements,
    ]
  }
}
