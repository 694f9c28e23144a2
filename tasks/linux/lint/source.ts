/**
 * A probe's C as its lint needs it: programs with their sections, maps, and the width of expressions. From the syntax
 * tree.
 */
import { syntaxTree, type Node } from '../c/c-parser.ts'

/** A function with a section. */
export interface Program {
  readonly section: string
  /** The section's name is a literal to its end. */
  readonly whole: boolean
  readonly sectionStart: number
  readonly start: number
  readonly end: number
}

export interface DeclaredMap {
  /** BPF_MAP_TYPE_ARRAY, ... */
  readonly type: string
  readonly entries: number | undefined
  readonly valueType: string | undefined
  /** Bytes, where the map says a number instead of a type. */
  readonly valueSize?: number | undefined
}

export interface CType {
  /** Without qualifiers: "__u64", "struct packet". */
  readonly name: string
  /** Stars and array brackets. */
  readonly depth: number
}

export interface ProbeSource {
  readonly root: Node
  readonly programs: readonly Program[]
  readonly maps: ReadonlyMap<string, DeclaredMap>
  readonly structs: ReadonlyMap<string, ReadonlyMap<string, CType>>
}

export const nodes = (root: Node, ...types: readonly string[]): Node[] =>
  root.descendantsOfType([...types]).filter((node) => node !== null)

/** Arguments of a call, as nodes. */
export const argumentsOf = (call: Node): Node[] =>
  (call.childForFieldName('arguments')?.namedChildren ?? []).filter(
    (node): node is Node => node !== null && node.type !== 'comment',
  )

export const calleeOf = (call: Node): string | undefined => {
  const callee = call.childForFieldName('function')
  return callee?.type === 'identifier' ? callee.text : undefined
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" }

const unescaped = (text: string): string =>
  text.replaceAll(/\\(x[0-9a-fA-F]+|[0-7]{1,3}|.)/g, (_, code: string) =>
    /^[0-7]/.test(code)
      ? String.fromCharCode(Number.parseInt(code, 8))
      : code.length > 1
        ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
        : (ESCAPES[code] ?? code),
  )

/** The text of a string literal or of several in a row; undefined when a macro is among them. */
export function literalOf(node: Node | null | undefined): string | undefined {
  if (node?.type === 'string_literal') return unescaped(node.text.replaceAll(/^\w*"|"$/g, ''))
  if (node?.type === 'parenthesized_expression') return literalOf(node.namedChild(0))
  if (node?.type !== 'concatenated_string') return undefined
  const parts = node.namedChildren.filter((child) => child !== null && child.type !== 'comment').map(literalOf)
  return parts.every((part) => part !== undefined) ? parts.join('') : undefined
}

interface Section {
  readonly name: string
  readonly whole: boolean
  readonly start: number
  readonly end: number
}

/** Literals in a row, of which a macro may follow. */
const LITERALS = /^\s*(?:"(?:\\.|[^"\\\n])*"\s*)+/
const PARENTHESES = /^\s*\((?:[^()"]|"(?:\\.|[^"\\\n])*"|\((?:[^()"]|"(?:\\.|[^"\\\n])*")*\))*\)/

/**
 * SEC is a macro of no fixed place in the grammar: the tree says where the word is in code, the text what follows
 * it.
 */
function sectionsIn(root: Node, text: string): Section[] {
  return nodes(root, 'identifier', 'type_identifier', 'field_identifier')
    .filter((node) => node.text === 'SEC')
    .flatMap((node) => {
      const call = PARENTHESES.exec(text.slice(node.endIndex, node.endIndex + 400))?.[0]
      const inner = call?.trimStart().slice(1, -1) ?? ''
      const literals = LITERALS.exec(inner)?.[0]
      if (call === undefined || literals === undefined) return []
      const name = Array.from(literals.matchAll(/"((?:\\.|[^"\\\n])*)"/g), ([, part = '']) => unescaped(part)).join('')
      const whole = literals.length === inner.length
      return [{ name, whole, start: node.startIndex, end: node.endIndex + call.length }]
    })
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

function withoutSections(text: string, sections: readonly Section[]): string {
  let result = text
  for (const { start, end } of sections)
    result = result.slice(0, start) + blank(result.slice(start, end)) + result.slice(end)
  return result
}

/** Maps by the macros of lab.bpf.h, BTF-defined ones, and `struct bpf_map_def`. */
function mapsIn(root: Node): Map<string, DeclaredMap> {
  const maps = new Map<string, DeclaredMap>()
  const number = (text: string | undefined) =>
    text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : undefined
  for (const call of nodes(root, 'call_expression')) {
    const callee = calleeOf(call)
    const parts = argumentsOf(call).map((argument) => argument.text)
    if (callee === 'ARRAY' && parts.length === 3)
      maps.set(parts[0] ?? '', { type: 'BPF_MAP_TYPE_ARRAY', entries: number(parts[2]), valueType: parts[1] })
    if (callee === 'HASH' && parts.length === 4)
      maps.set(parts[0] ?? '', { type: 'BPF_MAP_TYPE_HASH', entries: number(parts[3]), valueType: parts[2] })
  }
  for (const declaration of nodes(root, 'declaration')) {
    const type = declaration.childForFieldName('type')
    const declarator = declaration.childForFieldName('declarator')
    const name = nodes(declaration, 'identifier').find(
      (node) => node.parent?.id === declaration.id || node.parent?.id === declarator?.id,
    )
    if (type?.type !== 'struct_specifier' || name === undefined) continue
    // The body of a BTF-defined map is made of macros, which are no C: the words in it are what there is.
    const body = type.childForFieldName('body')?.text ?? declarator?.text ?? ''
    const modern = (key: string) =>
      new RegExp(`__(?:uint|type)\\s*\\(\\s*${key}\\s*,\\s*([^()]+?)\\s*\\)`).exec(body)?.[1]
    const size = /\bvalue_size\s*[,=]\s*(?:sizeof\s*\(([^()]+)\)|(\d+))/.exec(body)
    const old = (key: string) => new RegExp(`\\.${key}\\s*=\\s*([\\w]+)`).exec(body)?.[1]
    const kind = modern('type') ?? (type.text.includes('bpf_map_def') ? old('type') : undefined)
    if (kind !== undefined)
      maps.set(name.text, {
        type: kind,
        entries: number(modern('max_entries') ?? old('max_entries')),
        valueType: modern('value') ?? size?.[1]?.trim(),
        valueSize: number(size?.[2]),
      })
  }
  return maps
}

/** Stars and brackets around a declared name, and the name. */
export function declared(declarator: Node): { readonly name: string; readonly depth: number } | undefined {
  let depth = 0
  let node: Node | null = declarator
  while (node) {
    if (node.type === 'identifier' || node.type === 'field_identifier') return { name: node.text, depth }
    if (node.type === 'pointer_declarator' || node.type === 'array_declarator') depth++
    else if (node.type !== 'init_declarator' && node.type !== 'parenthesized_declarator') return undefined
    node = node.childForFieldName('declarator') ?? node.namedChild(0)
  }
  return undefined
}

/** The type of a declaration, parameter or field, by the words of its specifier. */
export const baseName = (node: Node): string =>
  (node.childForFieldName('type')?.text ?? '').replaceAll(/\s+/g, ' ').replace(/^(struct \w+) ?\{.*$/s, '$1')

function structsIn(root: Node): Map<string, Map<string, CType>> {
  const structs = new Map<string, Map<string, CType>>()
  for (const struct of nodes(root, 'struct_specifier')) {
    const name = struct.childForFieldName('name')?.text
    const body = struct.childForFieldName('body')
    if (name === undefined || !body) continue
    const fields = new Map<string, CType>()
    for (const field of nodes(body, 'field_declaration'))
      for (const declarator of field.childrenForFieldName('declarator')) {
        const found = declarator && declared(declarator)
        if (found) fields.set(found.name, { name: baseName(field), depth: found.depth })
      }
    structs.set(`struct ${name}`, fields)
  }
  return structs
}

/** `headers`: texts whose structs the probe uses. */
export async function readProbe(text: string, headers: readonly string[] = []): Promise<ProbeSource | undefined> {
  const first = await syntaxTree(text)
  if (!first) return undefined
  const sections = sectionsIn(first, text)
  const plain = withoutSections(text, sections)
  const root = await syntaxTree(plain)
  if (!root) return undefined
  const programs = nodes(root, 'function_definition').flatMap((definition) => {
    const section = sections.find(
      ({ end }) => end <= definition.startIndex && /^\s*$/.test(plain.slice(end, definition.startIndex)),
    )
    return section === undefined
      ? []
      : [
          {
            section: section.name,
            whole: section.whole,
            sectionStart: section.start,
            start: definition.startIndex,
            end: definition.endIndex,
          },
        ]
  })
  const structs = structsIn(root)
  for (const header of headers) {
    const tree = await syntaxTree(header)
    if (tree) for (const [name, fields] of structsIn(tree)) if (!structs.has(name)) structs.set(name, fields)
  }
  return { root, programs, maps: mapsIn(root), structs }
}
