/**
 * Which file each #include resolved to, as the preprocessor itself says it: `-E -dI` (clang and gcc) leaves the
 * directives in its output, among the line markers that say which file was entered (cpp(1), "Preprocessor Output").
 */

export interface Include {
  /** The file with the directive; `<command line>` for -include. */
  readonly from: string
  /** As it is written: `<linux/bpf.h>`. */
  readonly spelled: string
  /** The file that was read. A later directive of the same spelling that the guards kept out is the same file. */
  readonly file: string
}

const MARKER = /^# \d+ "((?:[^"\\]|\\.)*)"((?: \d)*)\s*$/
const DIRECTIVE = /^\s*#\s*(?:include|include_next|import)\s+(<[^>]+>|"[^"]+"|[A-Za-z_]\w*)/
/** What may open a file, or ask whether it is there: the name is on the same line. */
const NAMES =
  /^[ \t]*#[ \t]*(?:include|include_next|import|embed)[ \t]*([<"])([^>"\n]+)[>"]|__has_(?:include|include_next|embed)[ \t]*\([ \t]*([<"])([^>"\n]+)[>"]/gm
/** A marker's flag: a file begins. */
const ENTERS = ' 1'

export const COMMAND_LINE = '<command line>'

const isPseudo = (file: string): boolean => /^<.*>$/.test(file)

/**
 * The files that a C source names, whatever stands around the line: more than are read, never fewer, unless a macro has
 * the name.
 */
export const includedNames = (text: string): { readonly name: string; readonly quoted: boolean }[] =>
  Array.from(text.matchAll(NAMES), ([, mark, name = '', asked, other = '']) => ({
    name: name || other,
    quoted: (mark ?? asked) === '"',
  }))

/** Every include that opened a file, in the order of reading, each once per file that has it. */
export function includesOf(output: string): Include[] {
  const found = new Map<string, Include>()
  let current = ''
  let directive: { from: string; spelled: string } | undefined
  for (const line of output.split('\n')) {
    const [, name, flags = ''] = MARKER.exec(line) ?? []
    if (name !== undefined) {
      const file = name.replaceAll(/\\(.)/g, '$1')
      const forced = directive === undefined && isPseudo(current) && !isPseudo(file)
      if (flags.startsWith(ENTERS) && !isPseudo(file) && (directive ?? forced)) {
        const { from, spelled } = directive ?? { from: COMMAND_LINE, spelled: `"${file}"` }
        found.set(`${from} ${spelled}`, { from, spelled, file })
      }
      // A marker without a flag only counts lines (clang writes one between the directive and its file).
      if (flags !== '') directive = undefined
      current = file
      continue
    }
    const spelled = DIRECTIVE.exec(line)?.[1]
    if (spelled !== undefined) directive = { from: isPseudo(current) ? COMMAND_LINE : current, spelled }
  }
  return [...found.values()]
}

/**
 * Names of options that take the next word and say where a compiler writes: they have no place in a command that only
 * reads.
 */
const WRITES = new Set(['-o', '-MF', '-MT', '-MQ'])
const WRITES_ALONE = /^(-c|-S|-M[DMGP]+|-Wp,-M.*)$/

/** A compiling command without everything that says what it writes. */
export function reading(argv: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ''
    if (WRITES.has(word)) index++
    else if (!WRITES_ALONE.test(word)) kept.push(word)
  }
  return kept
}

/** The command that compiles, turned into one that prints the preprocessed text with its directives. */
export const preprocessing = (argv: readonly string[]): string[] => [...reading(argv), '-E', '-dI']

/** The prerequisites in a dependency file (-MD): `target: a.c b.h \`. A space in a name is written "\ ". */
export function dependenciesOf(text: string): string[] {
  const [, list = ''] = /^(?:[^:\\]|\\.)*:(.*)/s.exec(text.replaceAll(/\\\r?\n/g, ' ')) ?? []
  return list
    .split(/(?<!\\)\s+/)
    .filter((word) => word !== '')
    .map((word) => word.replaceAll(/\\(.)/g, '$1'))
}
