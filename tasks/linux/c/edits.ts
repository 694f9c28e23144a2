/** Changes to a text by offset, applied from the end so that none moves another. */
export interface Edit {
  readonly start: number
  /** Equal to `start` for an insertion. */
  readonly end: number
  readonly text: string
}

/** The text with all edits applied. Insertions at one place stay in the order given. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = edits
    .map((edit, order) => ({ edit, order }))
    .toSorted((a, b) => b.edit.start - a.edit.start || b.order - a.order)
  return sorted.reduce((result, { edit }) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), text)
}
