/** A change of a tree as one unified diff, in the form that `git apply` and `patch -p1` take. */
import { later } from '../../engine/later.ts'

const diff = later<typeof import('diff')>('diff')

/** `original` gives the text before, undefined for a file that is new; `changed` maps paths to the text after. */
export function unifiedDiff(
  original: (path: string) => string | undefined,
  changed: ReadonlyMap<string, string>,
): string {
  return [...changed]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, text]) => {
      const before = original(path)
      const name = before === undefined ? '/dev/null' : `a/${path}`
      return diff()
        .createTwoFilesPatch(name, `b/${path}`, before ?? '', text, undefined, undefined, { context: 3 })
        .replace(/^=+\n/, '')
    })
    .join('')
}
