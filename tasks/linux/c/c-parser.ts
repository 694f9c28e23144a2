/**
 * Kernel C as a syntax tree (tree-sitter), robust against what is not C: annotations such as __user and __must_check
 * are blanked with spaces of the same length before parsing, so that every offset is an offset of the original text.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Node, Parser } from 'web-tree-sitter'

export type { Node } from 'web-tree-sitter'

/**
 * Words that the C grammar does not know and that mean nothing to the shape of the code (include/linux/compiler*.h,
 * init.h, linkage.h). What takes arguments is listed apart.
 */
const ANNOTATIONS =
  /\b(?:__user|__kernel|__iomem|__percpu|__rcu|__force|__must_check|__always_inline|__no_sanitize_address|__no_sanitize_memory|__no_sanitize_undefined|__no_sanitize_coverage|__no_kasan_or_inline|__no_kcsan|__no_kmsan_checks|noinline|noinline_for_stack|__noclone|noinstr|notrace|nokprobe_inline|asmlinkage|__visible|__init|__exit|__initdata|__init_or_module|__meminit|__ref|__sched|__lockfunc|__cpuidle|__kprobes|__cold|__hot|__pure|__weak|__maybe_unused|__always_unused|__used|__flatten|__bitwise|__nocast|__private|__read_mostly|__ro_after_init|__cacheline_aligned|____cacheline_aligned|__packed|__latent_entropy|__net_init|__net_exit|__bpf_kfunc|__nocfi|__naked|__irq_entry|__softirq_entry|__init_memblock|__no_stack_protector|__no_profile|__head|__randomize_layout|__designated_init|__nonstring|__malloc|__deprecated|__noreturn|fastcall|FORCE_INLINE)\b/g
const ANNOTATIONS_WITH_ARGUMENTS =
  /\b(?:__printf|__scanf|__acquires|__releases|__must_hold|__attribute__|__aligned|__section|__alloc_size|__cond_lock|__copy|__assume_aligned)\s*(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))/g

const blanks = (match: string) => match.replaceAll(/[^\n]/g, ' ')

/**
 * The same text in spaces. Not on a line of the preprocessor: a #define without its value is not what the parser
 * expects.
 */
const spaces = (match: string, ...rest: readonly unknown[]): string => {
  const [offset, text] = rest.slice(-2) as [number, string]
  const before = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)
  return /^\s*#/.test(before) ? match : blanks(match)
}

/**
 * A loop by a macro at the beginning of a line: `for_each_zone(zone) {`, `list_for_each_entry(a, &b, c)` and a
 * statement; a call ends with ";".
 */
const LOOPS = /^([ \t]+)(\w*for_each\w*)(?=\s*\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)\s*[^\s;,)])/gm

/** A macro of several lines: the parser takes a comment in it for its end. */
const MACRO_LINES = /^[ \t]*#[ \t]*define\b(?:.*\\\n)+.*/gm

/** The end of a loop by a macro: `} while_each_thread(g, t);`. */
const LOOP_ENDS = /(\}\s*)(while_each\w*)(?=\s*\()/g

const asWhile = (_: string, ahead: string, name: string) => ahead + 'while'.padEnd(name.length)

/**
 * The text with annotations blanked and loops by macros as `while`, which the parser knows (it takes
 * `for_each_zone(zone) {` for a function, and may then miss the end of the one around it); the same length, the same
 * lines.
 */
export const blanked = (text: string): string =>
  text
    .replaceAll(ANNOTATIONS_WITH_ARGUMENTS, spaces)
    .replaceAll(ANNOTATIONS, spaces)
    .replaceAll(MACRO_LINES, (macro) =>
      macro.replaceAll(/\/\*[^]*?\*\//g, (comment) => comment.replaceAll(/[^\\\n]/g, ' ')),
    )
    .replaceAll(LOOPS, asWhile)
    .replaceAll(LOOP_ENDS, asWhile)

let ready: Promise<Parser> | undefined

async function open(): Promise<Parser> {
  const { Language, Parser } = await import('web-tree-sitter')
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
  /** Where the comment begins that belongs to it, or `start`: nothing may come between the two. */
  readonly lead: number
  /**
   * The preprocessor's condition that it stands under, include guards left out: "defined(CONFIG_X) && !(A > 1)";
   * undefined for none.
   */
  readonly condition: string | undefined
}

/** A prototype; `end` is after its semicolon. */
export interface Declaration {
  readonly name: string
  readonly start: number
  readonly nameStart: number
  readonly end: number
}

export interface CFile {
  readonly text: string
  readonly definitions: readonly Definition[]
  readonly declarations: readonly Declaration[]
}

/**
 * The identifier that a declarator declares, through pointers and parentheses; undefined for anything that is not a
 * function.
 */
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

/** `#ifndef X` whose first line is `#define X`: it is there once, not now and then. */
const isGuard = (node: Node, name: string): boolean =>
  /^#\s*ifndef/.test(node.text) &&
  new RegExp(`^.*\\n\\s*(?:/\\*[^]*?\\*/\\s*)?#\\s*define\\s+${name}\\b`).test(node.text)

/** The condition of one #if, #ifdef, #ifndef or #elif line. */
function ownCondition(node: Node): string | undefined {
  const name = node.childForFieldName('name')?.text
  if (name !== undefined) {
    if (isGuard(node, name)) return undefined
    return /^#\s*(?:el)?ifndef/.test(node.text) ? `!defined(${name})` : `defined(${name})`
  }
  const condition = node.childForFieldName('condition')?.text.replaceAll(/\s*\\\n\s*/g, ' ')
  return condition === undefined ? undefined : `(${condition})`
}

/** What must hold for the preprocessor to keep a node. */
function conditionOf(start: Node): string | undefined {
  const terms: string[] = []
  for (let node = start; node.parent; node = node.parent) {
    const { parent } = node
    if (!/^preproc_(?:if|ifdef|elif|elifdef|else)$/.test(parent.type)) continue
    // #elif and #else hang below the #if that they belong to, and hold when it does not.
    const alternative = /^preproc_(?:else|elif|elifdef)$/.test(node.type)
    const own = ownCondition(parent)
    if (own !== undefined) terms.unshift(alternative ? `!${own}` : own)
  }
  return terms.length > 0 ? terms.join(' && ') : undefined
}

/** Where the comment right above a definition begins. */
function leadOf(text: string, node: Node, start: number): number {
  let lead = start
  for (let before = node.previousSibling; before?.type === 'comment'; before = before.previousSibling) {
    if (/\n[ \t]*\n/.test(text.slice(before.endIndex, lead))) break
    // A comment that ends a line of code belongs to that line.
    if (/\S/.test(text.slice(text.lastIndexOf('\n', before.startIndex - 1) + 1, before.startIndex))) break
    lead = before.startIndex
  }
  return lead
}

/** Where a declaration really begins: annotations before its first token were blanked and belong to it. */
function trueStart(text: string, blank: string, start: number): number {
  let at = start
  while (at > 0 && /\s/.test(blank[at - 1] ?? '')) at--
  // An annotation at the end of a #define is that line's own.
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at)
  if (/^\s*#/.test(line)) at = Math.min(start, text.indexOf('\n', at) + 1)
  while (at < start && /\s/.test(text[at] ?? '')) at++
  return at
}

const isInBody = (node: Node): boolean => {
  for (let { parent } = node; parent; { parent } = parent) if (parent.type === 'compound_statement') return true
  return false
}

/** What is on a definition's line before it. */
const before = (text: string, blank: string, node: Node): string => {
  const start = trueStart(text, blank, node.startIndex)
  return text.slice(text.lastIndexOf('\n', start - 1) + 1, start)
}

/**
 * Whether a definition begins a line, as functions do in kernel style; in a body, an indented one is a loop by a macro:
 * `walk(zone) {`.
 */
const beginsLine = (text: string, blank: string, node: Node): boolean => before(text, blank, node) === ''

/**
 * Whether a definition is one in full. Where something is before it on its line, the parser did not know a word and
 * began too late: at "page *f(...)" of "__unknown static struct page *f(...)".
 */
const isWhole = (text: string, blank: string, node: Node): boolean =>
  isInBody(node) ? beginsLine(text, blank, node) : before(text, blank, node).trim() === ''

/**
 * Whether a function's body has other functions in it: C has none, so the parser has missed its end (a loop by a macro
 * it does not know can do that). Such a function is not known; `seemsDefined` still says where it stands.
 */
const swallows = (text: string, blank: string, body: Node): boolean =>
  body.descendantsOfType('function_definition').some((inner) => inner !== null && beginsLine(text, blank, inner))

/** Comments, strings and characters. */
const LITERALS = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'/g

/**
 * The text without comments, literals and lines of the preprocessor, all of which may have braces of their own; the
 * same length.
 */
const codeOnly = (blank: string): string =>
  blank.replaceAll(LITERALS, blanks).replaceAll(/^[ \t]*#(?:.*\\\n)*.*/gm, blanks)

/** Where the brace at `start` is closed. */
function closingBrace(code: string, start: number): number {
  let depth = 0
  for (let at = start; at < code.length; at++) {
    if (code[at] === '{') depth++
    else if (code[at] === '}' && --depth === 0) return at
  }
  return -1
}

/**
 * Whether a body ends where its text says so: at the first line that begins with a brace
 * (Documentation/process/coding-style.rst, 3 and 6), or, where somebody has written otherwise, at the brace that closes
 * the first. A macro that the parser takes for something else can make it see the end too early (bpf_convert_filter,
 * 5.4) or too late (cgroup_attach_task, 5.4). Braces alone do not tell: both sides of an #if may open the same one.
 */
const endsWhereItSays = (code: string, body: Node): boolean =>
  code.indexOf('\n}', body.startIndex) + 2 === body.endIndex ||
  closingBrace(code, body.startIndex) + 1 === body.endIndex

/** The whole tree of a text, annotations blanked; undefined when the parser gives up. Offsets are the text's. */
export async function syntaxTree(text: string): Promise<Node | undefined> {
  const parser = await (ready ??= open())
  return parser.parse(blanked(text))?.rootNode
}

/** Parses a C file. Parts that cannot be parsed do not hide the functions around them. */
export async function parseC(text: string): Promise<CFile> {
  const parser = await (ready ??= open())
  const blank = blanked(text)
  const tree = parser.parse(blank)
  const code = codeOnly(blank)
  const definitions: Definition[] = []
  const declarations: Declaration[] = []
  if (!tree) return { text, definitions, declarations }
  for (const node of tree.rootNode.descendantsOfType(['function_definition', 'declaration'])) {
    if (!node) continue
    const name = declaredName(node.childForFieldName('declarator'))
    if (!name) continue
    const body = node.childForFieldName('body')
    const start = trueStart(text, blank, node.startIndex)
    if (node.type === 'declaration')
      declarations.push({ name: name.text, start, nameStart: name.startIndex, end: node.endIndex })
    else if (body && !swallows(text, blank, body) && isWhole(text, blank, node) && endsWhereItSays(code, body))
      definitions.push({
        name: name.text,
        start,
        end: node.endIndex,
        nameStart: name.startIndex,
        bodyStart: body.startIndex,
        body,
        signature: text.slice(start, name.startIndex),
        lead: leadOf(text, node, start),
        condition: conditionOf(node),
      })
  }
  return { text, definitions, declarations }
}

/** A place that names a function. */
export interface Reference {
  readonly name: string
  readonly start: number
  readonly end: number
  /** It is called there; otherwise it is used as a value, and who calls it is not seen. */
  readonly called: boolean
}

const isTag = (node: Node): boolean => /^(?:struct|union|enum)_specifier$/.test(node.parent?.type ?? '')

/** Every place in a function's body that names `name` as a function or a value: not as a field, a label or a tag. */
export function references(body: Node, names: ReadonlySet<string>): Reference[] {
  const found: Reference[] = []
  for (const node of body.descendantsOfType(['identifier', 'type_identifier'])) {
    if (!node || !names.has(node.text) || isTag(node)) continue
    const called = node.parent?.type === 'call_expression' && node.parent.childForFieldName('function')?.id === node.id
    found.push({ name: node.text, start: node.startIndex, end: node.endIndex, called })
  }
  return found
}

/** Names that a function declares as parameters or variables. */
export function declaredIn(body: Node): Set<string> {
  const names = new Set<string>()
  const nodes = (body.parent ?? body).descendantsOfType(['parameter_declaration', 'declaration', 'init_declarator'])
  for (const node of nodes) {
    let inner = node?.childForFieldName('declarator') ?? null
    while (inner && inner.type !== 'identifier') inner = inner.childForFieldName('declarator') ?? inner.namedChild(0)
    if (inner) names.add(inner.text)
  }
  return names
}

/** Variables that live as long as the kernel, declared in a function: name -> text. */
export function staticVariables(body: Node): Map<string, string> {
  const found = new Map<string, string>()
  for (const node of body.descendantsOfType('declaration')) {
    if (!node || !/^static\b/.test(node.text)) continue
    found.set(/([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*(?:=|;|,)/.exec(node.text)?.[1] ?? node.text, node.text)
  }
  return found
}

/** How often a word is in code (not in comments, strings or tags); what a syntax tree must account for. */
export function countWord(text: string, word: string): number {
  const code = text.replaceAll(LITERALS, ' ')
  return [...code.matchAll(new RegExp(`(?<![\\w.]|->|\\b(?:struct|union|enum)\\s+)${word}(?!\\w)`, 'g'))].length
}

/**
 * The line on which a function seems to be defined, for a text whose syntax tree does not show it: its name at the
 * beginning of a statement, a list in parentheses, and "{".
 */
export function seemsDefined(text: string, name: string): number | undefined {
  for (const match of text.matchAll(new RegExp(`^(?:\\w[\\w \\t*]*)?\\b${name}\\s*\\(`, 'gm'))) {
    let depth = 0
    let at = match.index + match[0].length - 1
    do {
      if (text[at] === '(') depth++
      else if (text[at] === ')') depth--
      at++
    } while (depth > 0 && at < text.length)
    if (/^(?:[\s\w]|#[^\n]*\n)*\{/.test(text.slice(at, at + 200))) return text.slice(0, match.index).split('\n').length
  }
  return undefined
}
