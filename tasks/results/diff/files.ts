/** Two directories of kept files, file by file, each kind of file in the form that says most. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { changedInputs, type Inputs, type InputValue } from '../../engine/fingerprint.ts'
import { later } from '../../engine/later.ts'
import { HASHES } from '../kept-inputs.ts'
import type { Difference } from './facts.ts'

const diff = later<typeof import('diff')>('diff')

/** Texts that are larger, or differ in more lines, are only said to differ. */
const MOST_BYTES = 4 << 20
const MOST_EDITS = 4000

const filesIn = (dir: string): string[] =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    : []

/** A unified diff without its two first lines, which name the files; undefined where it would be too long. */
function unified(name: string, a: string, b: string): string[] | undefined {
  if (a.length + b.length > MOST_BYTES) return undefined
  const patch = diff().createTwoFilesPatch(name, name, a, b, undefined, undefined, {
    context: 2,
    maxEditLength: MOST_EDITS,
  })
  return patch?.split('\n').filter((line) => !/^(Index: |=+$|--- |\+\+\+ |\\ No newline)/.test(line) && line !== '')
}

const options = (text: string): Map<string, string> =>
  new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const [, off] = /^# (CONFIG_\w+) is not set$/.exec(line) ?? []
      const [, name, value = ''] = /^(CONFIG_\w+)=(.*)$/.exec(line) ?? []
      return off !== undefined ? [[off, 'n']] : name === undefined ? [] : [[name, value]]
    }),
  )

/** `CONFIG_X: y -> n`, then options that only one kernel knows; those of them that are off are only counted. */
function configLines(a: string, b: string): string[] {
  const [before, after] = [options(a), options(b)]
  const names = [...new Set([...before.keys(), ...after.keys()])]
    .toSorted()
    .filter((name) => before.get(name) !== after.get(name))
  const {
    both = [],
    one = [],
    off = [],
  } = Object.groupBy(names, (name) => {
    const values = [before.get(name), after.get(name)]
    return !values.includes(undefined) ? 'both' : values.includes('n') ? 'off' : 'one'
  })
  return [
    ...[...both, ...one].map((name) => `${name}: ${before.get(name) ?? '-'} -> ${after.get(name) ?? '-'}`),
    ...(off.length > 0 ? [`and ${off.length} options that only one of them knows, off there`] : []),
  ]
}

/** Rows of the compat table that were applied, by name. */
function compatLines(a: string, b: string): string[] {
  const names = (text: string) => (JSON.parse(text) as { applied: { name: string }[] }).applied.map(({ name }) => name)
  return listLines(names(a).join('\n'), names(b).join('\n'))
}

/** Lines of one list that the other has not. */
function listLines(a: string, b: string): string[] {
  const [before, after] = [a.split('\n').filter(Boolean), b.split('\n').filter(Boolean)]
  const [inA, inB] = [new Set(before), new Set(after)]
  return [
    ...before.filter((line) => !inB.has(line)).map((line) => `-${line}`),
    ...after.filter((line) => !inA.has(line)).map((line) => `+${line}`),
  ]
}

/** Names of binaries whose hashes differ: `bzImage: 3aa1... -> 77f0...`. */
function hashLines(a: string, b: string): string[] {
  const read = (text: string) =>
    new Map(text.split('\n').map((line): [string, string] => [line.slice(66), line.slice(0, 64)]))
  const [before, after] = [read(a), read(b)]
  const hash = (of: Map<string, string>, name: string) => of.get(name)?.slice(0, 12) ?? '-'
  return [...new Set([...before.keys(), ...after.keys()])]
    .toSorted()
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name}: ${hash(before, name)} -> ${hash(after, name)}`)
}

/**
 * The input that `changedInputs` calls so. Names can hold dots themselves ("0 base.config"), so they are put together
 * piece by piece.
 */
function at(inputs: Inputs, path: string): InputValue | undefined {
  let [value, name]: [InputValue | undefined, string] = [inputs, '']
  for (const part of path.split('.')) {
    name = name === '' ? part : `${name}.${part}`
    const inner: InputValue | undefined =
      typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Inputs)[name] : undefined
    if (inner !== undefined) [value, name] = [inner, '']
  }
  return name === '' ? value : undefined
}

const shown = (value: InputValue | undefined): string => {
  const text = value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value)
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text.length > 100 ? `${text.slice(0, 99)}…` : text
}

/** Inputs of a build that differ, by name: `gcc: 12.2 -> 13.1`. @throws for what is no JSON */
export function inputLines(a: string, b: string): string[] {
  const [before, after] = [JSON.parse(a) as Inputs, JSON.parse(b) as Inputs]
  // `lab` is the digest of our own code: the tool, not the user's lab.
  const nameOf = (path: string) => (path === 'lab' ? 'lab itself was updated' : path)
  return changedInputs(before, after).map(
    (path) => `${nameOf(path)}: ${shown(at(before, path))} -> ${shown(at(after, path))}`,
  )
}

/** How to show a file of this name; the rest are texts. */
const FORMS: readonly (readonly [name: RegExp, lines: (a: string, b: string) => string[]])[] = [
  [/^config$/, configLines],
  [/^compat\.json$/, compatLines],
  [/^packages\.txt$/, listLines],
  [new RegExp(`^${HASHES}$`), hashLines],
  [/^inputs\.json$/, inputLines],
]

function linesOf(name: string, a: string, b: string): string[] | undefined {
  const form = FORMS.find(([pattern]) => pattern.test(name))?.[1]
  try {
    const lines = form?.(a, b) ?? []
    // What differs may be something that the form does not show: a comment, the order.
    if (lines.length > 0) return lines
  } catch {
    // Somebody edited it: its lines are still lines.
  }
  return unified(name, a, b)
}

const isText = (bytes: Buffer): boolean => !bytes.subarray(0, 8192).includes(0)

/** Files that are not the same in both. @param only these; all where left out */
export function filesThatDiffer(a: string, b: string, only?: readonly string[]): Difference[] {
  const names = new Set(only ?? [...filesIn(a), ...filesIn(b)])
  return [...names].toSorted().flatMap((name): Difference[] => {
    const [before, after] = [a, b].map((dir) =>
      existsSync(join(dir, name)) ? readFileSync(join(dir, name)) : undefined,
    )
    if (before === undefined && after === undefined) return []
    if (before === undefined || after === undefined)
      return [{ what: name, a: before ? 'there' : '-', b: after ? 'there' : '-' }]
    if (before.equals(after)) return []
    const lines = isText(before) && isText(after) ? linesOf(name, before.toString(), after.toString()) : undefined
    return [{ what: name, a: `${before.length} bytes`, b: `${after.length} bytes`, ...(lines ? { lines } : {}) }]
  })
}

/**
 * Inputs of two entries of the cache that differ; undefined where one of them is gone. @param store the store's
 * directory
 */
export function storedInputLines(store: string, a: string, b: string): string[] | undefined {
  if (!existsSync(store)) return undefined
  for (const kind of readdirSync(store)) {
    const [before, after] = [a, b].map((fingerprint) => join(store, kind, fingerprint.slice(0, 32), 'inputs.json'))
    if (before === undefined || after === undefined || !existsSync(before) || !existsSync(after)) continue
    try {
      return inputLines(readFileSync(before, 'utf8'), readFileSync(after, 'utf8'))
    } catch {
      return undefined
    }
  }
  return undefined
}
