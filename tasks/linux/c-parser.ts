/**
 * Kernel C as a syntax tree (tree-sitter), robust against what is not C: annotations such as __user and __must_check are blanked with
 * spaces of the same length before parsing, so that every offset is an offset of the original text.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { Language, Parser, type Node } from 'web-tree-sitter'

export type { Node } from 'web-tree-sitter'

/**
 * Words that the C grammar does not know and that mean nothing to the shape of the code (include/linux/compiler*.h, init.h, linkage.h).
 * What takes arguments is listed apart.
 */
const ANNOTATIONS =
  /\b(?:__user|__kernel|__iomem|__percpu|__rcu|__force|__must_check|__always_inline|__no_sanitize_address|__no_kasan_or_inline|__no_kcsan|noinline|noinline_for_stack|__noclone|noinstr|notrace|nokprobe_inline|asmlinkage|__visible|__init|__exit|__initdata|__init_or_module|__meminit|__ref|__sched|__lockfunc|__cpuidle|__kprobes|__cold|__hot|__pure|__weak|__maybe_unused|__always_unused|__used|__flatten|__bitwise|__nocast|__private|__read_mostly|__ro_after_init|__cacheline_aligned|____cacheline_aligned|__packed|__latent_entropy|__malloc|__deprecated|__noreturn|fastcall|FORCE_INLINE)\b/g
const ANNOTATIONS_WITH_ARGUMENTS =
  /\b(?:__printf|__scanf|__acquires|__releases|__must_hold|__attribute__|__aligned|__section|__alloc_size|__cond_lock|__copy|__assume_aligned)\s*(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))/g

const spaces = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

/** The text with annotations blanked; the same length, the same lines. */
export const blanked = (text: string): string =>
  text.replaceAll(ANNOTATIONS_WITH_ARGUMENTS, spaces).replaceAll(ANNOTATIONS, spaces)

let ready: Promise<Parser> | undefined

async function open(): Promise<Parser> {
  const require = createRequire(import.meta.url)
  await Parser.init({ wasmBinary: await readFile(require.resolve('web-tree-sitter/web-tree-sitter.wasm')) })
  const parser = new Parser()
  parser.setLanguage(await Language.load(await readFile(require.resolve('tree-sitter-c/tree-sitter-c.wasm'))))
  return parser
}

/** A function's definition in a file; offsets are into the file's text. */
export interface Definition {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly nameStart: number
  readonly bodyStart: number
  readonly body: Node
  /** The specifiers before the name: "static size_t". */
  readonly signature: string
  /** It stands inside #if, #ifdef or #else. */
  readonly conditional: boolean
}

/** A prototype; `end` is after its semicolon. */
export interface Declaration {
  readonly name: string
  readonly start: number
  readonly end: number
}

export interface CFile {
  readonly text: string
  readonly definitions: readonly Definition[]
  readonly declarations: readonly Declaration[]
}

/** The identifier that a declarator declares, through pointers and parentheses; undefined for anything that is not a function. */
function declaredName(declarator: Node | null): Node | undefined {
  for (let node = declarator; node;) {
    if (node.type === 'function_declarator') {
      let inner = node.childForFieldName('declarator')
      while (inner && inner.type !== 'identifier') inner = inner.childForFieldName('declarator') ?? inner.namedChild(0)
      return inner ?? undefined
    }
    if (!/^(pointer|parenthesized|attributed)_declarator$/.test(node.type)) return undefined
    node = node.childForFieldName('declarator') ?? node.namedChild(0)
  }
  return undefined
}

function insideConditional(node: Node): boolean {
  for (let parent = node.parent; parent; parent = parent.parent)
    if (/^preproc_(if|ifdef|else|elif)/.test(parent.type)) return true
  return false
}

/** Where a declaration really begins: annotations before its first token were blanked and belong to it. */
function trueStart(text: string, blank: string, start: number): number {
  let at = start
  while (at > 0 && /\s/.test(blank[at - 1] ?? '')) at--
  while (at < start && /\s/.test(text[at] ?? '')) at++
  return at
}

/** Parses a C file. Parts that cannot be parsed do not hide the functions around them. */
export async function parseC(text: string): Promise<CFile> {
  const parser = await (ready ??= open())
  const blank = blanked(text)
  const tree = parser.parse(blank)
  const definitions: Definition[] = []
  const declarations: Declaration[] = []
  if (!tree) return { text, definitions, declarations }
  for (const node of tree.rootNode.descendantsOfType(['function_definition', 'declaration'])) {
    if (!node) continue
    const name = declaredName(node.childForFieldName('declarator'))
    if (!name) continue
    const body = node.childForFieldName('body')
    const start = trueStart(text, blank, node.startIndex)
    if (node.type === 'declaration') declarations.push({ name: name.text, start, end: node.endIndex })
    else if (body)
      definitions.push({
        name: name.text,
        start,
        end: node.endIndex,
        nameStart: name.startIndex,
        bodyStart: body.startIndex,
        body,
        signature: text.slice(start, name.startIndex),
        conditional: insideConditional(node),
      })
  }
  return { text, definitions, declarations }
}

/** Every place in a function's body that names `name` as a function or a value: not as a field, not as a label. */
export function references(body: Node, names: ReadonlySet<string>): { name: string; start: number; end: number }[] {
  const found: { name: string; start: number; end: number }[] = []
  for (const node of body.descendantsOfType(['identifier', 'type_identifier'])) {
    if (!node || !names.has(node.text)) continue
    found.push({ name: node.text, start: node.startIndex, end: node.endIndex })
  }
  return found
}

/** How often a word stands in code (not in comments or strings); what a syntax tree must account for. */
export function countWord(text: string, word: string): number {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g, ' ')
  return [...code.matchAll(new RegExp(`(?<![\\w.]|->)${word}(?!\\w)`, 'g'))].length
}
