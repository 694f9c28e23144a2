/** How far one word is from another. */

/**
 * Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other (Damerau-Levenshtein
 * in its restricted form, "optimal string alignment"). The cost is quadratic.
 * @returns `limit` + 1 when there are more than `limit`
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  // Rows are used in turn: a name is compared with each of a hundred thousand.
  let before = new Uint32Array(b.length + 1)
  let above = Uint32Array.from({ length: b.length + 1 }, (_, column) => column)
  let current = new Uint32Array(b.length + 1)
  for (let row = 1; row <= a.length; row++) {
    const letter = a.charCodeAt(row - 1)
    const last = row > 1 ? a.charCodeAt(row - 2) : -1
    current[0] = row
    let least = row
    for (let column = 1; column <= b.length; column++) {
      const other = b.charCodeAt(column - 1)
      let edits = (above[column - 1] ?? 0) + (letter === other ? 0 : 1)
      edits = Math.min(edits, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1)
      if (column > 1 && last === other && letter === b.charCodeAt(column - 2))
        edits = Math.min(edits, (before[column - 2] ?? 0) + 1)
      current[column] = edits
      if (edits < least) least = edits
    }
    if (least > limit) return limit + 1
    ;[before, above, current] = [above, current, before]
  }
  return Math.min(above[b.length] ?? 0, limit + 1)
}
