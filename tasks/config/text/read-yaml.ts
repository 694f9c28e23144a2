/**
 * The bytes of a lab file (or a recipe) -> a YAML document and its plain data, or what keeps the bytes from being one.
 */
import type { Document, LineCounter } from 'yaml'
import { messageOf } from '../../engine/error.ts'
import { later } from '../../engine/later.ts'
import type { Diagnostic, Finding } from './diagnostic.ts'
import { keepData, knownData } from './known-texts.ts'
import { changedNumbers, lintKeysAndAliases, openQuoteBefore } from './yaml-lint.ts'
import { type YamlText, diagnosticAt } from './yaml-location.ts'

const lib = later<typeof import('yaml')>('yaml')

/**
 * Larger than any lab file that a person writes; a limit, because what follows may take time that grows faster than the
 * text.
 */
const MAX_BYTES = 2 ** 20
/**
 * How often anchors may be used, counted through each other: the limit that keeps nine lines from standing for
 * gigabytes.
 */
const MAX_ALIASES = 100

/** The words for a kind of file. */
export interface Words {
  /** "lab file". */
  readonly name: string
  /** What its top should be. */
  readonly top: string
  /** A way out for one that is empty, or something else. */
  readonly start: string
}

const LAB_FILE: Words = {
  name: 'lab file',
  top: 'a lab (keys such as "lab:" and "kernels:")',
  start: 'lab init writes a lab file to start from',
}

export interface ReadResult {
  /** Undefined where the text is not YAML at all. */
  readonly yaml?: YamlText
  /** The document as plain data. Undefined after an error of syntax: what a parser guesses then would only mislead. */
  readonly data?: unknown
  readonly diagnostics: readonly Diagnostic[]
}

/** First bytes of files that are given by mistake. */
const MAGIC: readonly (readonly [bytes: readonly number[], what: string])[] = [
  [[0x7f, 0x45, 0x4c, 0x46], 'an ELF file (a program or an object)'],
  [[0x1f, 0x8b], 'a gzip file'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'an xz file'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'a zstd file'],
  [[0x51, 0x46, 0x49, 0xfb], 'a qcow2 disk image'],
  [[0xff, 0xfe], 'UTF-16 text'],
  [[0xfe, 0xff], 'UTF-16 text'],
]

/** What the parser reports, in words for people; the parser's own message where none is given. */
const YAML_ERRORS: Readonly<Record<string, { readonly message?: string; readonly wayOut: string }>> = {
  TAB_AS_INDENT: { message: 'a tab is used as indentation', wayOut: 'indent with spaces: YAML allows no tabs there' },
  MULTIPLE_DOCS: { message: 'a second document begins here', wayOut: 'a lab is one document: delete the "---" line' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a second "key:" in one line',
    wayOut: 'quote the value if the colon belongs to it, or put the inner key on a line of its own, indented',
  },
  BAD_SCALAR_START: { wayOut: 'quote the text' },
  MISSING_CHAR: { wayOut: 'add the missing quote, comma, colon or bracket' },
  BAD_INDENT: { wayOut: 'line it up with the entries it belongs to' },
  BAD_DQ_ESCAPE: { wayOut: 'write \\\\ for a backslash, or use single quotes' },
  MULTILINE_IMPLICIT_KEY: { wayOut: 'write "key:" and its value on one line, or quote the text' },
  RESOURCE_EXHAUSTION: {
    message: 'the values are nested too deeply',
    wayOut: 'no part of a lab needs more than ten levels',
  },
  TAG_RESOLVE_FAILED: { wayOut: 'remove the tag, or quote the text if it begins with "!"' },
}

const error = (message: string, wayOut: string): Finding => ({ severity: 'error', message, wayOut })

/** What these bytes are if they are no text, else undefined. */
function notText(bytes: Uint8Array): string | undefined {
  const known = MAGIC.find(([magic]) => magic.every((byte, index) => bytes[index] === byte))
  if (known !== undefined) return known[1]
  return bytes.includes(0) ? 'a binary file' : undefined
}

function decode(bytes: Uint8Array, { name }: Words): { text: string } | { problem: Finding } {
  if (bytes.length > MAX_BYTES) {
    return {
      problem: error(`the file has ${bytes.length} bytes, more than a ${name} may have (1M)`, `name a ${name}`),
    }
  }
  const what = notText(bytes)
  if (what !== undefined) return { problem: error(`not YAML but ${what}`, `name a ${name}, saved as UTF-8 text`) }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { problem: error('not UTF-8 text', 'save the file as UTF-8') }
  }
}

/** The parser's errors and warnings, one per line of text: after the first, a line's others are echoes. */
function syntaxDiagnostics(yaml: YamlText): Diagnostic[] {
  const perLine = new Map<number, Diagnostic>()
  for (const { code, message, pos: reported } of [...yaml.document.errors, ...yaml.document.warnings]) {
    // What is never closed is noticed at the end of the file; the place to look at is where it opens.
    const open = message.includes('closing') ? openQuoteBefore(yaml, reported[0]) : undefined
    const known =
      open === undefined
        ? YAML_ERRORS[code]
        : { message: 'this quote is never closed', wayOut: 'add the closing quote' }
    const own = message.charAt(0).toLowerCase() + message.slice(1)
    const finding = error(known?.message ?? own, known?.wayOut ?? 'look at quotes, brackets and indentation')
    const found = diagnosticAt(yaml, open ?? reported, finding, [])
    // The braces of ${name} are YAML's own inside a { } mapping: the commonest cause in this file, and the message
    // never says so.
    const hint = found.sourceLine.includes('${')
      ? { wayOut: 'quote the text that holds ${…}: its braces are YAML too' }
      : {}
    if (!perLine.has(found.line)) perLine.set(found.line, { ...found, ...hint })
  }
  return [...perLine.values()]
}

function topLevel(data: unknown, { top, start }: Words): Finding | undefined {
  if (data === null || data === undefined) return error('the file is empty', start)
  if (typeof data === 'object' && !Array.isArray(data)) return undefined
  return error(`expected ${top}, found ${Array.isArray(data) ? 'a list' : 'one piece of text'}`, start)
}

/** The plain data, or why there is none. Errors of the library are about size here: the aliases were checked before. */
function plain(document: Document.Parsed): { data: unknown } | { problem: Finding } {
  try {
    return { data: document.toJS({ maxAliasCount: MAX_ALIASES }) }
  } catch (thrown) {
    // yaml throws it for no other reason here: an alias without an anchor was reported before.
    const many = thrown instanceof ReferenceError
    if (many)
      return {
        problem: error(`aliases (*name) stand for too much: more than ${MAX_ALIASES} uses`, 'write the values out'),
      }
    return { problem: error(`the document cannot be read: ${messageOf(thrown)}`, 'nest it less deeply') }
  }
}

interface Parsed {
  readonly document: Document.Parsed
  readonly lines: LineCounter
}

/** @throws RangeError (seen): the parser calls itself for each level of nesting */
function parsed(text: string): Parsed {
  const lines = new (lib().LineCounter)()
  // logLevel "silent" would also hide the error about a second document (yaml 2.9). Our own check of duplicates knows
  // both places, and sees that `5.4:` and `"5.4":` are the same key.
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: 'error' } as const
  return { document: lib().parseDocument(text, options), lines }
}

/** A text that was read before. */
function known(file: string, text: string): YamlText {
  let read: Parsed | undefined
  const once = () => (read ??= parsed(text))
  return {
    file,
    text,
    isKnown: true,
    get document() {
      return once().document
    },
    get lines() {
      return once().lines
    },
  }
}

/**
 * Reads a file's bytes as YAML 1.2. All problems of the text are in the result; it never throws for what a file
 * can hold.
 * @param file the file as the person would name it
 */
export function readYaml(file: string, bytes: Uint8Array, words = LAB_FILE): ReadResult {
  const decoded = decode(bytes, words)
  const text = 'text' in decoded ? decoded.text : ''
  const before = knownData(text)
  if ('text' in decoded && before !== undefined) return { yaml: known(file, text), data: before, diagnostics: [] }

  let lines = new (lib().LineCounter)()
  const here = (finding: Finding) => diagnosticAt({ file, text, lines }, [0, 0], finding, [])
  if ('problem' in decoded) return { diagnostics: [here(decoded.problem)] }
  let document: Document.Parsed
  try {
    ;({ document, lines } = parsed(text))
  } catch (thrown) {
    return { diagnostics: [here(error(`the document cannot be read: ${messageOf(thrown)}`, 'nest it less deeply'))] }
  }
  const yaml: YamlText = { file, text, document, lines }
  const syntax = syntaxDiagnostics(yaml)
  if (syntax.length > 0) return { yaml, diagnostics: syntax }

  const { diagnostics, whole } = lintKeysAndAliases(yaml)
  if (!whole) return { yaml, diagnostics }
  const result = plain(document)
  const problem = 'problem' in result ? result.problem : topLevel(result.data, words)
  if (problem !== undefined) return { yaml, diagnostics: [...diagnostics, here(problem)] }
  const data = 'data' in result ? result.data : undefined
  if (diagnostics.length === 0 && changedNumbers(yaml).length === 0) keepData(text, data)
  return { yaml, data, diagnostics }
}
