/**
 * Which lines the compiler has where it has another one: what stands under conditions of the preprocessor of its own
 * may not be there.
 */

const DIRECTIVE = /^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b/

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

/** The text with these parts in spaces: the same length, the same lines. */
export function without(text: string, parts: readonly { readonly start: number; readonly end: number }[]): string {
  let rest = text
  for (const { start, end } of parts) rest = rest.slice(0, start) + blank(rest.slice(start, end)) + rest.slice(end)
  return rest
}

/**
 * For each line its beginning, and the branches that it is in, outermost first: a branch is the place of its #if,
 * #elif or #else.
 */
function branches(
  text: string,
): { readonly start: number; readonly line: string; readonly within: readonly number[] }[] {
  // A directive in a comment is none.
  const code = text.replaceAll(/\/\*[^]*?\*\//g, blank)
  const lines: { start: number; line: string; within: readonly number[] }[] = []
  let within: readonly number[] = []
  let start = 0
  for (const line of code.split('\n')) {
    const word = DIRECTIVE.exec(line)?.[1]
    if (word === 'endif' || word === 'else' || word?.startsWith('elif') === true) within = within.slice(0, -1)
    lines.push({ start, line, within })
    if (word !== undefined && word !== 'endif') within = [...within, start]
    start += line.length + 1
  }
  return lines
}

/** The code that is there whenever what is at `at` is; all other lines are empty. */
export function certainWith(text: string, at: number): string {
  const lines = branches(text)
  const own = lines.findLast(({ start }) => start <= at)?.within ?? []
  return lines.map(({ line, within }) => (within.every((one, index) => own[index] === one) ? line : '')).join('\n')
}
