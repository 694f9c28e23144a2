/**
 * docs/lab-file.md: every key of lab.yaml with its description, from the schema, and an example, from lab files that
 * are checked. Written with `node tasks/test/lab-file.ts --write` after a change of the schema; a test compares.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { labJsonSchema } from '../config/schema/json-schema.ts'

const ROOT = join(import.meta.dirname, '../..')
export const PAGE = join(ROOT, 'docs/lab-file.md')
/**
 * Where examples come from: the shipped lab, then a file with what that one does not use. The first that has a key
 * gives its example.
 */
export const EXAMPLE_FILES = [join(ROOT, 'lab.yaml'), join(import.meta.dirname, 'lab-file-examples.yaml')]

interface Node {
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Node | boolean
  readonly items?: Node | boolean
  readonly anyOf?: readonly Node[]
  readonly oneOf?: readonly Node[]
}

export interface KeyRow {
  /** From the top: `kernels.*.source.url`; `*` is a name of the reader's choice, `[]` an entry of a list. */
  readonly path: string
  readonly description: string
  readonly values: readonly unknown[]
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/**
 * Every key of the schema, in its order. Where a value may be one thing or a list of them, the keys of the one are
 * enough.
 */
export function keysOf(schema: Node): KeyRow[] {
  const rows = keysBelow(schema, '')
  const paths = new Set(rows.map(({ path }) => path))
  const single = (path: string) =>
    Array.from(path.matchAll(/\[\]/g), ({ index }) => path.slice(0, index) + path.slice(index + 2))
  return rows.filter(({ path }) => !single(path).some((shorter) => paths.has(shorter)))
}

/** Keys of the same path in several forms of one value are one row. */
function keysBelow(node: Node, path: string): KeyRow[] {
  const rows: KeyRow[] = []
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const own = path === '' ? name : `${path}.${name}`
    rows.push({ path: own, description: child.description ?? '', values: child.enum ?? [] }, ...keysBelow(child, own))
  }
  if (isNode(node.additionalProperties)) rows.push(...keysBelow(node.additionalProperties, `${path}.*`))
  if (isNode(node.items)) rows.push(...keysBelow(node.items, `${path}[]`))
  for (const form of [...(node.anyOf ?? []), ...(node.oneOf ?? [])]) rows.push(...keysBelow(form, path))
  return [...new Map(rows.toReversed().map((row) => [row.path, row])).values()].toReversed()
}

/** All values that are at a path of a document. */
export function valuesAt(document: unknown, path: string): unknown[] {
  const steps = path.replaceAll('[]', '.[]').split('.')
  return steps.reduce<unknown[]>(
    (values, step) =>
      values.flatMap((value) => {
        if (step === '[]') return Array.isArray(value) ? (value as unknown[]) : []
        if (!isNode(value) || Array.isArray(value)) return []
        if (step === '*') return Object.values(value)
        return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : []
      }),
    [document],
  )
}

/** Longest example in a table. Characters. */
const LONGEST = 110

/** `repeat: 20` as it may be written in one line; the shortest that says something. Undefined where nothing fits. */
export function exampleOf(documents: readonly unknown[], path: string): string | undefined {
  const name = path.split('.').at(-1) ?? ''
  for (const document of documents) {
    const lines = valuesAt(document, path)
      .map((value) => stringify({ [name]: value }, { collectionStyle: 'flow', lineWidth: 0 }).trim())
      .map((line) => line.replace(/^\{ ?([^]*?) ?\}$/, '$1'))
      .filter((line) => line.length <= LONGEST && !line.includes('\n'))
    if (lines[0] !== undefined) return lines[0]
  }
  return undefined
}

const cell = (text: string): string =>
  text
    .replaceAll('|', String.raw`\|`)
    .replaceAll(/<(?=\w)/g, String.raw`\<`)
    .replaceAll('\n', ' ')
const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)

/** Siblings with the same description are one row: the kinds of a kernel's reports. */
function merged(rows: readonly KeyRow[]): (KeyRow & { readonly names: readonly string[] })[] {
  const parentOf = (path: string) => path.slice(0, path.lastIndexOf('.'))
  const groups = Map.groupBy(rows, ({ path, description }) => `${parentOf(path)}\n${description}`)
  return [...groups.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, names: [first, ...others].map(({ path }) => path) }],
  )
}

/** Lines of a table about the keys below one of the top. */
function table(rows: readonly KeyRow[], top: string, documents: readonly unknown[]): string[] {
  const shown = (path: string) => path.replace(`${top}.*`, '').replace(/^\[\]/, '').replace(/^\./, '')
  return merged(rows.filter(({ path }) => path.startsWith(`${top}.`))).map(({ path, names, description, values }) => {
    const example = names.map((name) => exampleOf(documents, name)).find((line) => line !== undefined)
    const words = values.length > 0 ? `${description} (${values.join(', ')})` : description
    const last = (name: string) => name.split('.').at(-1) ?? ''
    const key = [code(shown(path)), ...names.slice(1).map((name) => code(last(name)))].join(', ')
    return `| ${key} | ${cell(words)} | ${example === undefined ? '' : cell(code(example))} |`
  })
}

const documents = (): unknown[] => EXAMPLE_FILES.map((file): unknown => parse(readFileSync(file, 'utf8')))

/** The page as it has to be. */
export function labFilePage(): string {
  const schema = labJsonSchema() as Node
  const rows = keysOf(schema)
  const examples = documents()
  const sections = Object.entries(schema.properties ?? {}).flatMap(([top, { description = '' }]) => {
    const keys = table(rows, top, examples)
    const example = exampleOf(examples, top)
    const head = [`## ${top}`, '', `${description.charAt(0).toUpperCase()}${description.slice(1)}.`, '']
    if (keys.length === 0) return [...head, `Example: ${code(example ?? '')}`, '']
    return [...head, '| Key | What it is | Example |', '|---|---|---|', ...keys, '']
  })
  return [
    '# The lab file',
    '',
    'Every key of `lab.yaml`. `lab check` says where a file is wrong and what to write instead; `lab schema` prints the same as JSON Schema, for',
    'the completion of an editor. In a key, `*` is a name of your choice, and `[]` an entry of a list.',
    '',
    'This page is written from the schema (`node tasks/test/lab-file.ts --write`); its examples are taken from lab files that the tests check.',
    '',
    ...sections,
  ].join('\n')
}

if (process.argv[1] === import.meta.filename && process.argv.includes('--write')) writeFileSync(PAGE, labFilePage())
