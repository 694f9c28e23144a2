/** From the path of a value to its place in the text of a YAML document. */
import type { Document, LineCounter, Node, Pair, YAMLMap } from 'yaml'
import { later } from '../../engine/later.ts'
import type { Diagnostic, Finding, Path, Problem } from './diagnostic.ts'

const lib = later<typeof import('yaml')>('yaml')

/** A parsed file with what is needed to point into it. */
export interface YamlText {
  /** The file as the person would name it. */
  readonly file: string
  readonly text: string
  readonly document: Document.Parsed
  /** Filled by the parser with the offset of each line. */
  readonly lines: LineCounter
  /** Nothing was found wrong with the text when it was read before; the document is parsed when somebody asks. */
  readonly isKnown?: boolean
}

export type Range = readonly [number, number]

interface Step {
  readonly key: Node | undefined
  readonly value: Node | undefined
}

const asNode = (value: unknown): Node | undefined => (lib().isNode(value) ? value : undefined)

/** The first pair of each key, by the key as text. Documents are not changed once they are read. */
const PAIRS = new WeakMap<YAMLMap, Map<string, Pair>>()

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  let pairs = PAIRS.get(map)
  if (pairs === undefined) {
    pairs = new Map()
    for (const pair of map.items) {
      const text = lib().isScalar(pair.key) ? String(pair.key.value) : undefined
      if (text !== undefined && !pairs.has(text)) pairs.set(text, pair)
    }
    PAIRS.set(map, pairs)
  }
  return pairs.get(key)
}

/**
 * The children that a path leads through. Inside an alias the walk goes on in what the alias stands for, so a place in
 * it is the place of the anchor: that is the text to change. Keys are compared as text because the document may hold a
 * number (`5.4:`).
 */
function walk(document: Document.Parsed, path: Path): Step[] {
  const steps: Step[] = []
  let node = asNode(document.contents)
  for (const segment of path) {
    if (lib().isAlias(node)) node = node.resolve(document)
    let step: Step | undefined
    if (lib().isMap(node)) {
      const pair = pairOf(node, String(segment))
      if (pair !== undefined) step = { key: asNode(pair.key), value: asNode(pair.value) }
    } else if (lib().isSeq(node) && typeof segment === 'number') {
      const value = asNode(node.items[segment])
      if (value !== undefined) step = { key: undefined, value }
    }
    if (step === undefined) break
    steps.push(step)
    node = step.value
  }
  return steps
}

/** A node's own text; a collection in block style runs over lines and is underlined in its first one only. */
function rangeOfNode(node: Node | undefined): Range | undefined {
  const range = node?.range
  return range && range[1] > range[0] ? [range[0], range[1]] : undefined
}

/** The first key of the document: the best place for something that the whole file lacks. */
function top(document: Document.Parsed): Range {
  const contents = document.contents
  const first = lib().isMap(contents) ? asNode(contents.items[0]?.key) : undefined
  return rangeOfNode(first) ?? rangeOfNode(asNode(contents)) ?? [0, 0]
}

/**
 * Offsets of a part of a text value. Where the source writes the value in another way (escapes, folded lines) the part
 * itself is looked for; undefined if it is not there, or more than once.
 */
function rangeOfSpan(yaml: YamlText, path: Path, span: Range): Range | undefined {
  const value = walk(yaml.document, path)[path.length - 1]?.value
  const range = rangeOfNode(value)
  if (!lib().isScalar(value) || typeof value.value !== 'string' || range === undefined) return undefined
  const source = yaml.text.slice(range[0], range[1])
  const whole = source.indexOf(value.value)
  if (whole >= 0) return [range[0] + whole + span[0], range[0] + whole + span[1]]
  const part = value.value.slice(...span)
  const at = source.indexOf(part)
  return part === '' || at < 0 || source.includes(part, at + 1)
    ? undefined
    : [range[0] + at, range[0] + at + part.length]
}

/** Start and end offset of what a problem is about. Falls back to the nearest thing around it that has a place. */
export function rangeOf(yaml: YamlText, { path, at, span }: Pick<Problem, 'path' | 'at' | 'span'>): Range {
  const exact = span === undefined ? undefined : rangeOfSpan(yaml, path, span)
  if (exact !== undefined) return exact
  const steps = walk(yaml.document, path)
  const last = steps.at(-1)
  const reached = steps.length === path.length
  const ofKey = rangeOfNode(last?.key)
  const ofValue = rangeOfNode(last?.value)
  // A key without a value has an empty range after the colon: point at the key. What was not reached is missing from
  // what was.
  const found = at === 'value' && reached ? (ofValue ?? ofKey) : (ofKey ?? ofValue)
  if (found !== undefined) return found
  for (const step of steps.toReversed()) {
    const around = rangeOfNode(step.key)
    if (around !== undefined) return around
  }
  return top(yaml.document)
}

/**
 * The text of a scalar as the file writes it (`5.10` where the value is 5.1), or undefined where there is no scalar.
 */
export function sourceOf(yaml: YamlText, path: Path): string | undefined {
  const value = walk(yaml.document, path)[path.length - 1]?.value
  const node = lib().isAlias(value) ? value.resolve(yaml.document) : value
  const range = lib().isScalar(node) ? rangeOfNode(node) : undefined
  return range === undefined ? undefined : yaml.text.slice(range[0], range[1])
}

/** A path for programs and logs: `kernels.v5.4.config[0]`. */
export function pathText(path: Path): string {
  let text = ''
  for (const segment of path)
    text += typeof segment === 'number' ? `[${segment}]` : text === '' ? segment : `.${segment}`
  return text
}

/** A finding at a place of a text. Needs the line starts only, so it works for a text that is not YAML. */
export function diagnosticAt(
  place: { readonly file: string; readonly text: string; readonly lines: LineCounter },
  range: Range,
  finding: Finding,
  path: Path,
): Diagnostic {
  const { line, col } = place.lines.linePos(range[0])
  const start = place.lines.lineStarts[line - 1] ?? 0
  const end = place.lines.lineStarts[line] ?? place.text.length + 1
  const sourceLine = place.text.slice(start, end - 1).replace(/\r$/, '')
  const { severity, message, wayOut } = finding
  const common = { severity, message, wayOut, range, path: pathText(path), file: place.file }
  return { ...common, line: Math.max(1, line), col: Math.max(1, col), sourceLine }
}

/** The problem as a diagnostic. */
export function locate(yaml: YamlText, problem: Problem): Diagnostic {
  return diagnosticAt(yaml, rangeOf(yaml, problem), problem, problem.path)
}
