/** A change of a tree as one unified diff, in the form that `git apply` and `patch -p1` take. */
import { createTwoFilesPatch } from 'diff'

/** `original` gives the text before; `changed` maps paths to the text after. */
export function unifiedDiff(original: (path: string) => string, changed: ReadonlyMap<string, string>): string {
  return [...changed]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, text]) =>
      createTwoFilesPatch(`a/${path}`, `b/${path}`, original(path), text, undefined, undefined, { context: 3 }).replace(
        /^=+\n/,
        '',
      ),
    )
    .join('')
}
