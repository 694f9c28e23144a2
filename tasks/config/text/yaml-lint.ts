/**
 * What only the YAML document can tell: once it is plain data, duplicate keys are gone and numbers have become text.
 */
import type { Node } from 'yaml'
import { later } from '../../engine/later.ts'
import { describe, quoted } from '../describe.ts'
import type { Diagnostic, Finding, Path, Problem } from './diagnostic.ts'
import { suggest } from './suggest.ts'
import { type Range, type YamlText, diagnosticAt } from './yaml-location.ts'

const lib = later<typeof import('yaml')>('yaml')

/** More problems of one kind than anybody reads: looking further costs more than it tells. */
export const ENOUGH = 200

const error = (message: string, wayOut: string): Finding => ({ severity: 'error', message, wayOut })

/** All values in the order of the text, each with its path. Aliases are not followed, so this ends for any document. */
function* valuesOf(yaml: YamlText): Generator<{ readonly node: Node; readonly path: Path }> {
  const todo: { node: unknown; path: Path }[] = [{ node: yaml.document.contents, path: [] }]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { node, path } = next
    if (!lib().isNode(node)) continue
    yield { node, path }
    // One by one: a call takes some hundred thousand arguments at most.
    if (lib().isSeq(node)) {
      for (const [index, item] of [...node.items.entries()].toReversed())
        todo.push({ node: item, path: [...path, index] })
    } else if (lib().isMap(node)) {
      for (const { key, value } of node.items.toReversed())
        todo.push({ node: value, path: lib().isScalar(key) ? [...path, String(key.value)] : path })
    }
  }
}

const rangeOf = (node: unknown): Range => (lib().isNode(node) && node.range ? [node.range[0], node.range[1]] : [0, 0])

/** The quote of the quoted text that runs up to an offset, as a range of one character. */
export function openQuoteBefore(yaml: YamlText, offset: number): [number, number] | undefined {
  for (const { node } of valuesOf(yaml)) {
    const [start, end] = rangeOf(node)
    const quoted = lib().isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE')
    if (quoted && start < offset && end >= offset - 1) return [start, start + 1]
  }
  return undefined
}

/** Keys of a BPF map's entries are numbers as a rule: `experiments.X.maps.MAP: { 0: 16 }`. */
const isEntryNumber = ([section, , part, map]: Path, value: number, source: string): boolean =>
  section === 'experiments' &&
  part === 'maps' &&
  map !== undefined &&
  Number.isInteger(value) &&
  source === String(value)

/** The problem of one key of a mapping, if any. `seen` has the keys before it, as text, with their offsets. */
function keyProblem(yaml: YamlText, key: unknown, path: Path, seen: ReadonlyMap<string, number>): Finding | undefined {
  if (!lib().isScalar(key)) return error(`a key of ${describe(path)} is not a plain name`, 'write a name as the key')
  const source = yaml.text.slice(...rangeOf(key))
  if (key.value === null && source === '')
    return error(`a key of ${describe(path)} is empty`, 'write a name before the colon')
  const number = typeof key.value === 'number' ? key.value : undefined
  if (number !== undefined && !isEntryNumber(path, number, source)) return numberFinding(source, number, ':')
  if (number === undefined && typeof key.value !== 'string')
    return error(`the key ${source} without quotes is not text`, `quote it: "${source}":`)
  // JavaScript gives this one name of all a meaning, and zod 4 passes over it in silence.
  if (key.value === '__proto__') return error('the key "__proto__" cannot be used', 'choose another name')
  const first = seen.get(String(key.value))
  if (first === undefined) return undefined
  const { line } = yaml.lines.linePos(first)
  return error(
    `duplicate key ${quoted(String(key.value))} in ${describe(path)}; the first is in line ${line}`,
    'keep one of the two',
  )
}

function* keyProblems(yaml: YamlText, node: Node, path: Path): Iterable<Diagnostic> {
  if (!lib().isMap(node)) return
  const seen = new Map<string, number>()
  for (const { key } of node.items) {
    const finding = keyProblem(yaml, key, path, seen)
    const keyPath = lib().isScalar(key) ? [...path, String(key.value)] : path
    if (finding !== undefined) yield diagnosticAt(yaml, rangeOf(key), finding, keyPath)
    if (lib().isScalar(key) && !seen.has(String(key.value))) seen.set(String(key.value), rangeOf(key)[0])
  }
}

/**
 * Problems of keys (duplicate, no text, none) and of aliases without an anchor.
 * @returns not `whole`: there are such aliases, or more problems than were looked for, and the document cannot be made
 * plain data
 */
export function lintKeysAndAliases(yaml: YamlText): { diagnostics: Diagnostic[]; whole: boolean } {
  const diagnostics: Diagnostic[] = []
  const anchors = new Set<string>()
  let whole = true
  for (const { node, path } of valuesOf(yaml)) {
    if (!lib().isAlias(node) && node.anchor !== undefined) anchors.add(node.anchor)
    if (lib().isMap(node))
      for (const { key } of node.items) if (lib().isScalar(key) && key.anchor) anchors.add(key.anchor)
    for (const problem of keyProblems(yaml, node, path)) {
      diagnostics.push(problem)
      if (diagnostics.length >= ENOUGH) return { diagnostics, whole: false }
    }
    if (!lib().isAlias(node) || anchors.has(node.source)) continue
    whole = false
    const near = suggest(node.source, anchors)
    const wayOut = near === undefined ? `quote it if it is text: "*${node.source}"` : `did you mean "*${near}"?`
    const finding = error(`*${node.source} is used, and no &${node.source} stands above it`, wayOut)
    diagnostics.push(diagnosticAt(yaml, rangeOf(node), finding, path))
    if (diagnostics.length >= ENOUGH) break
  }
  return { diagnostics, whole }
}

/**
 * What to say of a number where its text counts: `5.10` is the number 5.1 for YAML.
 * @param after what follows the quotes in the way out
 */
export function numberFinding(source: string, value: number, after = ''): Finding {
  const is = source === String(value) ? 'a number' : `the number ${value}`
  return error(`${source} without quotes is ${is}`, `quote it: "${source}"${after}`)
}

/** All numbers that the file writes in another form than the value has: 5.10, 0755, 1e3, 0x10, 12345678901234567890. */
export function changedNumbers(yaml: YamlText): Problem[] {
  const problems: Problem[] = []
  for (const { node, path } of valuesOf(yaml)) {
    if (!lib().isScalar(node) || typeof node.value !== 'number') continue
    const source = yaml.text.slice(...rangeOf(node))
    if (problems.length >= ENOUGH) break
    if (source !== String(node.value)) problems.push({ ...numberFinding(source, node.value), path, at: 'value' })
  }
  return problems
}
