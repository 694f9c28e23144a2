/**
 * Lines that are several lines in one: a whole log in a string with escaped line ends, or a verifier log whose line
 * ends became blanks.
 */

/** Characters of one line that are looked at: the rest of a longer one is no text that anybody wrote. */
const LONGEST = 8192
/** Fewer escaped line ends are those of a logger ("...\n"). */
const FEWEST = 2
const ESCAPED_END = /\\r?\\n|\\n/g
/** Before each instruction, and before what can follow the last one. */
const INSTRUCTION = /[ \t]+(?=\d{1,6}: \([0-9a-f]{2}\) [a-z(*])/g
const AFTER =
  /(?<!\bR\d{1,2})[ \t]+(?=processed \d+ insns|from \d+ to \d+:|R\d+ (?:invalid|type=|!read_ok|unbounded|min value|max value|pointer|leaks|offset)|invalid (?:access|indirect|stack|mem)|; )/

const clip = (line: string): string => line.slice(0, LONGEST)

/** @param line of any length */
export function linesOf(line: string): readonly string[] {
  if (line.includes('\\n')) {
    const parts = line.split(ESCAPED_END)
    if (parts.length > FEWEST)
      return parts.map((part) => clip(part.replaceAll(String.raw`\"`, '"').replaceAll(String.raw`\t`, '\t')))
  }
  if (line.includes(': (')) {
    const parts = line.split(INSTRUCTION)
    if (parts.length > FEWEST) return parts.flatMap((part) => part.split(AFTER)).map(clip)
  }
  return [clip(line)]
}
