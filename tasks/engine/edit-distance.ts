/** How far one word is from another. */

/** Rows of the table, kept: a name is compared with each of a hundred thousand, and most comparisons end early. */
let rows: readonly [Uint32Array, Uint32Array, Uint32Array] = newRows(64)

function newRows(length: number): typeof rows {
  return [new Uint32Array(length), new Uint32Array(length), new Uint32Array(length)]
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other (Damerau-Levenshtein
 * in its restricted form, "optimal string alignment"). The cost is quadratic without a limit; with one, only what is
 * near the diagonal is looked at, since anything else is too far already.
 * @returns `limit` + 1 when there are more than `limit`
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  if (b.length + 2 > rows[0].length) rows = newRows(2 * (b.length + 2))
  let [before, above, current] = rows
  const far = a.length + b.length + 1
  for (let column = 0; column <= b.length; column++) above[column] = column
  for (let row = 1; row <= a.length; row++) {
    const letter = a.charCodeAt(row - 1)
    const last = row > 1 ? a.charCodeAt(row - 2) : -1
    const from = Math.max(1, row - limit)
    const to = Math.min(b.length, row + limit)
    // Beyond both ends of the band nothing is near enough.
    current[from - 1] = from === 1 ? row : far
    if (to === row + limit) above[to] = far
    let least = from === 1 ? row : far
    for (let column = from; column <= to; column++) {
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
