/**
 * Which change of a source an error of the compiler belongs to: its file and line are followed back through the
 * changes, one after the other.
 */
import type { StructuredPatchHunk } from 'diff'
import { later } from '../../engine/later.ts'

const diff = later<typeof import('diff')>('diff')

/** One change of the source, on top of those before it. */
export interface Layer {
  /** As the user knows it: "patch fix.diff", "expose", "parallelPath". */
  readonly name: string
  /** Tree-relative path -> text after it, of the files that it changes. */
  readonly files: ReadonlyMap<string, string>
}

export interface CompilerError {
  /** As the compiler says it: tree-relative. */
  readonly file: string
  readonly line: number
}

export interface Blame {
  /** Name of the layer. */
  readonly layer: string
  readonly file: string
  /** From 1, and of how many in this file. */
  readonly hunk: number
  readonly hunks: number
  /** The hunk, head first. */
  readonly lines: readonly string[]
  /** The line itself was written by it; otherwise it is the nearest change of the file. */
  readonly exact: boolean
}

/** "lib/iov_iter.c:150:5: error: ..." of gcc, "./include/x.h:3: ..." of what it includes. */
export function compilerError(line: string): CompilerError | undefined {
  const [, file, at] = /^(?:\.\/)?([\w+./-]+\.[chS]):(\d+)(?::\d+)?: (?:fatal )?error:/.exec(line) ?? []
  return file === undefined ? undefined : { file, line: Number(at) }
}

/** The symbol that a linker or modpost misses. */
export const missingSymbol = (line: string): string | undefined =>
  /undefined reference to [`'‘](\w+)['’]/.exec(line)?.[1] ??
  /^ERROR: (?:modpost: )?"(\w+)" \[[^\]]*\] undefined!/.exec(line)?.[1]

const hunksOf = (before: string, after: string, context: number): readonly StructuredPatchHunk[] =>
  diff().structuredPatch('a', 'b', before, after, '', '', { context }).hunks

const covers = ({ newStart, newLines }: StructuredPatchHunk, line: number): boolean =>
  newStart <= line && line < newStart + Math.max(newLines, 1)

const shown = ({ oldStart, oldLines, newStart, newLines, lines }: StructuredPatchHunk): string[] => [
  `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
  ...lines,
]

/** How many lines a hunk is away from a line of the text after it; 0 for one that holds it. */
const away = ({ newStart, newLines }: StructuredPatchHunk, line: number): number =>
  line < newStart ? newStart - line : Math.max(0, line - newStart - newLines + 1)

/** The hunk that is nearest to a line, and how far away. */
function nearestHunk(
  layer: string,
  file: string,
  before: string,
  after: string,
  line: number,
): { readonly found: Blame; readonly distance: number } | undefined {
  const hunks = hunksOf(before, after, 3)
  const [near] = hunks
    .map((hunk, index) => ({ hunk, index, distance: away(hunk, line) }))
    .toSorted((one, other) => one.distance - other.distance)
  if (!near) return undefined
  const { hunk, index, distance } = near
  return { found: { layer, file, hunk: index + 1, hunks: hunks.length, lines: shown(hunk), exact: false }, distance }
}

/**
 * The change that wrote a line, or the nearest change of its file; undefined where nobody changes it.
 * @param original text of a file before all layers; undefined for one that a layer adds
 */
export function blame(
  { file, line }: CompilerError,
  layers: readonly Layer[],
  original: (path: string) => string | undefined,
): Blame | undefined {
  const changing = layers.filter(({ files }) => files.has(file))
  let at = line
  let nearest: ReturnType<typeof nearestHunk>
  for (const [index, layer] of [...changing.entries()].toReversed()) {
    const after = layer.files.get(file) ?? ''
    const before = changing[index - 1]?.files.get(file) ?? original(file) ?? ''
    const hunks = hunksOf(before, after, 0)
    const near = nearestHunk(layer.name, file, before, after, at)
    if (near && hunks.some((hunk) => hunk.newLines > 0 && covers(hunk, at))) return { ...near.found, exact: true }
    if (near && near.distance < (nearest?.distance ?? Infinity)) nearest = near
    const above = hunks.filter((hunk) => hunk.newStart + hunk.newLines <= at)
    at -= above.reduce((sum, { oldLines, newLines }) => sum + newLines - oldLines, 0)
  }
  return nearest?.found
}

/** The change whose new lines name a symbol that nobody defines. */
export function blameSymbol(
  symbol: string,
  layers: readonly Layer[],
  original: (path: string) => string | undefined,
): Blame | undefined {
  const word = new RegExp(`^\\+.*\\b${symbol}\\b`)
  for (const [index, layer] of [...layers.entries()].toReversed())
    for (const [file, after] of layer.files) {
      const before =
        layers
          .slice(0, index)
          .findLast(({ files }) => files.has(file))
          ?.files.get(file) ??
        original(file) ??
        ''
      const hunks = hunksOf(before, after, 3)
      const found = hunks.findIndex(({ lines }) => lines.some((line) => word.test(line)))
      const hunk = hunks[found]
      if (hunk)
        return { layer: layer.name, file, hunk: found + 1, hunks: hunks.length, lines: shown(hunk), exact: true }
    }
  return undefined
}
