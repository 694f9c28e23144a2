/**
 * Exposes functions where they stand: out of line, exported, open to error injection. The minimal change of the source, so that the
 * compiler keeps the symbol and a probe finds it.
 */
import { userError } from '../engine/error.ts'
import { applyEdits, type Edit } from './edits.ts'
import type { Definition } from './c-parser.ts'
import { Files, type Located, type SourceTree } from './source-tree.ts'

export interface ExposeDeclaration {
  readonly function: string
  /** Tells which, where several files define a function of this name. */
  readonly file?: string | undefined
  readonly as: readonly ('noinline' | 'exported' | 'error-injectable')[]
}

export interface ExposeResult {
  readonly changed: ReadonlyMap<string, string>
  readonly functions: readonly { readonly name: string; readonly file: string }[]
}

const INLINE = /\b(?:inline|__inline|__inline__|__always_inline|noinline|__noclone)\b[ \t]*/g

async function locate(files: Files, one: ExposeDeclaration): Promise<Located> {
  const place = `expose ${one.function}`
  const found = await files.definitions(one.function, one.file)
  const sources = found.filter(({ file }) => file.endsWith('.c'))
  const only = sources[0]
  if (only && sources.length === 1) return only
  if (sources.length > 1)
    throw userError({
      place,
      fact: `it is defined in ${sources.map(({ file }) => file).join(' and ')}`,
      wayOut: 'say which with `file:`',
    })
  if (found[0])
    throw userError({
      place,
      fact: `it is an inline function of a header (${found[0].file}): every file has its own copy`,
      wayOut: 'clone it with `parallelPath:`, which makes one out-of-line function of it',
    })
  const macro = await files.macro(one.function)
  throw userError({
    place,
    fact: macro === undefined ? 'this kernel source has no such function' : `it is a macro (${macro}), not a function`,
    wayOut: macro === undefined ? 'names differ between kernel versions' : 'name the function that the macro calls',
  })
}

/** Edits that one definition needs; none where the source is like this already. */
function editsFor(text: string, definition: Definition, { as, function: name }: ExposeDeclaration): Edit[] {
  const edits: Edit[] = []
  const after = text.slice(definition.end)
  if (as.includes('noinline')) {
    const before = text.slice(definition.start, definition.nameStart)
    const specifiers = before.replaceAll(INLINE, '')
    const storage = /^\s*(?:static|extern)\b[ \t]*/.exec(specifiers)?.[0] ?? ''
    const wanted = `${storage}noinline __noclone ${specifiers.slice(storage.length)}`
    if (wanted !== before) edits.push({ start: definition.start, end: definition.nameStart, text: wanted })
  }
  const lines = [
    ...(as.includes('exported') && !new RegExp(`EXPORT_SYMBOL\\w*\\(\\s*${name}\\b`).test(text)
      ? [`EXPORT_SYMBOL(${name});`]
      : []),
    ...(as.includes('error-injectable') && !new RegExp(`ALLOW_ERROR_INJECTION\\(\\s*${name}\\b`).test(after)
      ? [`ALLOW_ERROR_INJECTION(${name}, ERRNO);`]
      : []),
  ]
  if (lines.length > 0) edits.push({ start: definition.end, end: definition.end, text: `\n${lines.join('\n')}` })
  return edits
}

/** ALLOW_ERROR_INJECTION and EXPORT_SYMBOL come from headers that the file may not include yet; they go before its first include. */
function includesFor(text: string, { as }: ExposeDeclaration): Edit[] {
  const headers = [
    ...(as.includes('exported') ? ['linux/export.h'] : []),
    ...(as.includes('error-injectable') ? ['linux/error-injection.h'] : []),
  ]
  const missing = headers.filter((header) => !text.includes(`#include <${header}>`))
  const first = /^#include /m.exec(text)
  return missing.length > 0 && first
    ? [{ start: first.index, end: first.index, text: missing.map((header) => `#include <${header}>\n`).join('') }]
    : []
}

/** Applies every declaration to the tree; nothing is written. Applied to its own result it changes nothing. */
export async function applyExpose(tree: SourceTree, declarations: readonly ExposeDeclaration[]): Promise<ExposeResult> {
  const files = new Files(tree)
  const edits = new Map<string, Edit[]>()
  const functions: { name: string; file: string }[] = []
  for (const one of declarations) {
    const { file, definitions, name } = await locate(files, one)
    const { text } = await files.parsed(file)
    const known = edits.get(file) ?? []
    const wanted = definitions.flatMap((definition) => editsFor(text, definition, one))
    const includes =
      wanted.length > 0 ? includesFor(text, one).filter((edit) => !known.some((other) => other.text === edit.text)) : []
    edits.set(file, [...known, ...includes, ...wanted])
    functions.push({ name, file })
  }
  const changed = new Map<string, string>()
  for (const [file, list] of edits) {
    const { text } = await files.parsed(file)
    if (list.length > 0) changed.set(file, applyEdits(text, list))
  }
  return { changed, functions }
}
