/** A kernel that does not build, with the change that broke it: under each error the hunk that its line belongs to. */
import { Failure } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { blame, blameSymbol, compilerError, missingSymbol, type Blame, type Layer } from '../../linux/c/blame.ts'

/** Before the file name of a user's patch in the name of its layer. */
export const PATCH = 'patch '

/** Errors that are traced back; later ones are often consequences. */
const MOST_ERRORS = 3
const MOST_LINES = 16

const shown = (line: string): string => printable(line.replaceAll('\t', '        '), 160)

function blameText({ layer, file, hunk, hunks, lines, exact }: Blame): string[] {
  const which = hunks > 1 ? `hunk ${hunk} of ${hunks}` : 'the only hunk'
  return [
    `  ${exact ? 'written by' : 'nearest change of this file:'} ${layer}, ${which} in ${file}`,
    ...lines.slice(0, MOST_LINES).map((line) => `    ${shown(line)}`),
    ...(lines.length > MOST_LINES ? [`    ... ${lines.length - MOST_LINES} more lines`] : []),
  ]
}

/** The change behind one line of the build's output. */
function behind(line: string, layers: readonly Layer[], read: (path: string) => string | undefined): Blame | undefined {
  const place = compilerError(line)
  if (place) return blame(place, layers, read)
  const symbol = missingSymbol(line)
  return symbol === undefined ? undefined : blameSymbol(symbol, layers, read)
}

/**
 * The failure of a build with the hunk that caused each of its first errors. One in a user's patch is the user's input.
 * @param output the build's lines @param layers what was changed, in order @param read a file before all changes
 */
export function blamed(
  failure: unknown,
  output: readonly string[],
  layers: readonly Layer[],
  read: (path: string) => string | undefined,
): unknown {
  if (!(failure instanceof Failure)) return failure
  const told = new Set<string>()
  const found: { line: string; blame: Blame }[] = []
  for (const line of output) {
    const place = behind(line, layers, read)
    if (!place || found.length >= MOST_ERRORS || told.has(`${place.layer} ${place.file} ${place.hunk}`)) continue
    told.add(`${place.layer} ${place.file} ${place.hunk}`)
    found.push({ line, blame: place })
  }
  const [first] = found.toSorted((a, b) => Number(b.blame.exact) - Number(a.blame.exact))
  if (!first) return failure
  const patch = first.blame.layer.startsWith(PATCH) && first.blame.exact
  const lines = found.flatMap((hit) => [printable(hit.line, 240), ...blameText(hit.blame)])
  return new Failure(
    patch ? 'user' : failure.kind,
    {
      ...failure.parts,
      fact: `the kernel does not build: ${first.blame.exact ? '' : 'perhaps '}because of ${first.blame.layer}`,
      lines,
      wayOut: patch
        ? `correct ${first.blame.layer}, or take it out of \`patches:\``
        : `take the function out of ${first.blame.layer}, or change the source with a patch of your own; \`--show-patch\` shows the whole change`,
    },
    { cause: failure },
  )
}
