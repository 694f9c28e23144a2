/**
 * Exposes functions where they stand: out of line, exported, open to error injection. The minimal change of the source,
 * so that the compiler keeps the symbol and a probe finds it.
 */
import { userError } from '../../engine/error.ts'
import type { CFile, Definition } from './c-parser.ts'
import { KEPT, prototypeText } from './clone-text.ts'
import { applyEdits } from './edits.ts'
import { isHeader, locateOne } from './locate.ts'
import { Additions, ahead } from './placement.ts'
import { Files, layered, type Located, type SourceTree } from './source-tree.ts'
import { checkInPlace, errorType } from './suitable.ts'

export interface ExposeDeclaration {
  readonly function: string
  /** Tells which, where several files define a function of this name. */
  readonly file?: string | undefined
  readonly as: readonly ('noinline' | 'exported' | 'error-injectable')[]
}

/** A function as it was exposed; what the binary must show. */
export interface Exposed {
  readonly name: string
  readonly file: string
  readonly as: ExposeDeclaration['as']
}

export interface ExposeResult {
  readonly changed: ReadonlyMap<string, string>
  readonly functions: readonly Exposed[]
}

const INLINE =
  /\b(?:inline|__inline|__inline__|__always_inline|noinline|noinline_for_stack|nokprobe_inline|__no_kasan_or_inline|__noclone|FORCE_INLINE|__attribute__\s*\(\(\s*_*always_inline_*\s*\)\))(?!\w)[ \t]*/g
const STATIC = /\bstatic\b[ \t]*/g

async function locate(files: Files, one: ExposeDeclaration): Promise<Located> {
  const place = `expose ${one.function}`
  const wayOut = 'say which with `file:`'
  const found = await locateOne(files, { name: one.function, file: one.file, place, wayOut })
  if (isHeader(found))
    throw userError({
      place,
      fact: `${one.function} is an inline function of a header (${found.file}): every file has its own copy`,
      wayOut: 'clone it with `parallelPath:`, which makes one out-of-line function of it',
    })
  return found
}

/** A head without what keeps the function from being what it is exposed as. */
function specifiers(before: string, as: ExposeDeclaration['as']): string {
  const open = as.includes('exported') ? before.replaceAll(STATIC, '') : before
  if (!as.includes('noinline')) return open
  const plain = open.replaceAll(`${KEPT} `, '').replaceAll(INLINE, '')
  const storage = /^\s*(?:static|extern)\b\s*/.exec(plain)?.[0] ?? ''
  return `${storage === '' ? '' : `${storage.trim()} `}${KEPT} ${plain.slice(storage.length)}`
}

/** Forward declarations in the file must not say `inline` or `static` any more. */
function changeDeclarations({ text, declarations }: CFile, one: ExposeDeclaration, additions: Additions): void {
  for (const { name, start, nameStart } of declarations) {
    if (name !== one.function) continue
    const before = text.slice(start, nameStart)
    const open = one.as.includes('exported') ? before.replaceAll(STATIC, '') : before
    const after = one.as.includes('noinline') ? open.replaceAll(INLINE, '') : open
    if (after !== before) additions.replace({ start, end: nameStart, text: after })
  }
}

/**
 * The macro line that makes the function error-injectable. @throws a user's error when its type cannot be an error
 * number
 */
function injectionLine(tree: SourceTree, { name, signature }: Definition, type: ReturnType<typeof errorType>): string {
  const place = `expose ${name}`
  if (tree.read('include/linux/error-injection.h') === undefined)
    throw userError({
      place,
      fact: 'this kernel has no ALLOW_ERROR_INJECTION; it came with 4.16',
      wayOut: 'leave error-injectable out for this kernel',
    })
  if (type === undefined)
    throw userError({
      place,
      fact: `it returns "${signature.replaceAll(/\s+/g, ' ').trim()}", and no error number fits`,
      wayOut: 'take a function that returns int, long, ssize_t or a pointer',
    })
  return `ALLOW_ERROR_INJECTION(${name}, ${type});`
}

function change(tree: SourceTree, file: CFile, found: Located, one: ExposeDeclaration, additions: Additions): void {
  const { text } = file
  const { function: name, as } = one
  changeDeclarations(file, one, additions)
  for (const definition of found.definitions) {
    checkInPlace(found.file, text, definition, `expose ${name}`)
    const before = text.slice(definition.start, definition.nameStart)
    const wanted = specifiers(before, as)
    if (wanted !== before) additions.replace({ start: definition.start, end: definition.nameStart, text: wanted })
    // Where it was static there is no prototype of it, and newer kernels warn of that.
    if (as.includes('exported') && /\bstatic\b/.test(before))
      additions.user({ place: ahead(definition), conditional: definition.condition !== undefined, needs: [name] })
    const lines: string[] = []
    if (as.includes('exported') && !new RegExp(`EXPORT_SYMBOL\\w*\\(\\s*${name}\\b`).test(text)) {
      additions.include('linux/export.h')
      lines.push(`EXPORT_SYMBOL(${name});`)
    }
    if (as.includes('error-injectable') && !new RegExp(`ALLOW_ERROR_INJECTION\\(\\s*${name}\\b`).test(text)) {
      additions.include('linux/error-injection.h')
      lines.push(injectionLine(tree, definition, errorType(definition)))
    }
    if (lines.length > 0)
      additions.replace({ start: definition.end, end: definition.end, text: `\n${lines.join('\n')}` })
  }
}

/** A static function that becomes global must not meet another global of its name. */
async function checkCollision(files: Files, found: Located): Promise<void> {
  if (!found.definitions.some(({ signature }) => /\bstatic\b/.test(signature))) return
  for (const other of await files.definitions(found.name)) {
    if (other.file === found.file || other.definitions.every(({ signature }) => /\bstatic\b/.test(signature))) continue
    throw userError({
      place: `expose ${found.name}`,
      fact: `it is static in ${found.file}, and ${other.file} has a global function of the same name`,
      wayOut: 'leave `exported` out: noinline is enough for a probe',
    })
  }
}

async function exposeOne(tree: SourceTree, one: ExposeDeclaration): Promise<ExposeResult> {
  const files = new Files(tree)
  const found = await locate(files, one)
  if (one.as.includes('exported')) await checkCollision(files, found)
  const file = await files.parsed(found.file)
  const additions = new Additions()
  change(tree, file, found, one, additions)
  const prototype = found.definitions.map((definition) => prototypeText(file.text, definition, found.name))[0] ?? ''
  const text = applyEdits(file.text, additions.edits(file, new Map([[found.name, prototype]])))
  return {
    changed: text === file.text ? new Map() : new Map([[found.file, text]]),
    functions: [{ name: found.name, file: found.file, as: one.as }],
  }
}

/**
 * Applies every declaration to the tree, one after the other; nothing is written. Applied to its own result it changes
 * nothing.
 */
export async function applyExpose(tree: SourceTree, declarations: readonly ExposeDeclaration[]): Promise<ExposeResult> {
  const changed = new Map<string, string>()
  const functions: Exposed[] = []
  for (const one of declarations) {
    const result = await exposeOne(layered(tree, changed), one)
    for (const exposed of result.functions) {
      if (functions.some(({ name, file }) => name === exposed.name && file === exposed.file))
        throw userError({
          place: `expose ${exposed.name}`,
          fact: `the function of ${exposed.file} is in the list twice`,
          wayOut: 'write one entry with everything in `as:`',
        })
      functions.push(exposed)
    }
    for (const [file, text] of result.changed) changed.set(file, text)
  }
  return { changed, functions }
}
