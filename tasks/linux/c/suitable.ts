/**
 * What cannot be cloned, kept out of line or made error-injectable, as a table: a test of the source, the reason, the
 * way out.
 */
import { userError } from '../../engine/error.ts'
import { declaredIn, staticVariables, type Definition } from './c-parser.ts'

interface Subject {
  /** Text of the file that defines it. */
  readonly text: string
  readonly definition: Definition
  /** Everything before the body, and what follows the name in macros of the file. */
  readonly head: string
  readonly body: string
}

interface Obstacle {
  /** What is wrong, as the rest of a sentence that begins with the function's name; undefined when nothing is. */
  readonly found: (subject: Subject) => string | undefined
  readonly wayOut: string
}

const words = (pattern: RegExp, rest: string) => (subject: Subject) => {
  const word = pattern.exec(subject.head)?.[0]
  return word === undefined ? undefined : `is ${word}: ${rest}`
}

const INIT: Obstacle = {
  found: words(
    /\b__(?:net_)?(?:init|exit|meminit|cpuinit|head|init_or_module|init_memblock)\b/,
    'its code is freed before anything could be probed',
  ),
  wayOut: 'take a function that lives as long as the kernel',
}

const NO_PROBES: Obstacle = {
  found: (subject) =>
    words(
      /\b(?:noinstr|__kprobes|__cpuidle|__naked|__entry_text)\b/,
      'kprobes refuse it, since they run through it',
    )(subject) ??
    (new RegExp(`\\bNOKPROBE_SYMBOL\\(\\s*${subject.definition.name}\\s*\\)`).test(subject.text)
      ? 'is NOKPROBE_SYMBOL: kprobes refuse it, since they run through it'
      : undefined),
  wayOut: 'take its caller',
}

const OLD_STYLE: Obstacle = {
  found: ({ definition, text }) =>
    text.slice(definition.nameStart, definition.bodyStart).includes(';')
      ? 'has an old-style head (types between ")" and "{"), which has no prototype'
      : undefined,
  wayOut: 'rewrite its head in a patch (`patches:`)',
}

const DIRECTIVES: Obstacle = {
  found: ({ head }) => (/^\s*#/m.test(head) ? 'has preprocessor lines inside its head' : undefined),
  wayOut: 'rewrite its head in a patch (`patches:`), or take its caller',
}

const SPLIT: Obstacle = {
  found: ({ body }) =>
    body.match(/^[ \t]*#[ \t]*if/gm)?.length === body.match(/^[ \t]*#[ \t]*endif\b/gm)?.length
      ? undefined
      : 'ends in several branches of an #if',
  wayOut: DIRECTIVES.wayOut,
}

/** Whether code may change a variable: assigns to it or to an element, counts it up or down, or takes its address. */
const changes = (code: string, name: string): boolean =>
  new RegExp(
    `\\b${name}\\b(?:\\s*\\[[^\\]]*\\])*\\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)|\\b${name}\\b(?:\\s*\\[[^\\]]*\\])*\\s*(?:\\+\\+|--)|(?:&|\\+\\+|--)\\s*${name}\\b`,
  ).test(code)

/**
 * Whether a static variable is the same in every call: it is const, or points to something const and nothing points it
 * elsewhere (tables of texts are often written so: `static const char *names[]`).
 */
function isConstant(name: string, text: string, body: string): boolean {
  const declarator = text.replace(/[=;[][^]*/, '')
  const pointed = declarator.lastIndexOf('*')
  if (/\bconst\b/.test(declarator.slice(pointed + 1))) return true
  return pointed >= 0 && /\bconst\b/.test(declarator) && !changes(body.replace(text, ''), name)
}

const STATIC_VARIABLE: Obstacle = {
  found: ({ definition, body }) => {
    for (const [name, text] of staticVariables(definition.body))
      if (!isConstant(name, text, body))
        return `keeps state in a static variable (${name}), and a clone would have one of its own`
    return undefined
  },
  wayOut: 'take it out of `functions:`; `expose:` changes it where it stands',
}

const ASSEMBLY_LABEL: Obstacle = {
  found: ({ body }) =>
    /\basm\b[^;]*"(?:[^"\n]*\\n)?\s*(?:\.globa?l\s|[A-Za-z_]\w*:)/.test(body)
      ? 'defines a label in assembly, which can be there only once'
      : undefined,
  wayOut: 'take it out of `functions:`; `expose:` changes it where it stands',
}

const CLONE: readonly Obstacle[] = [INIT, NO_PROBES, OLD_STYLE, DIRECTIVES, SPLIT, STATIC_VARIABLE, ASSEMBLY_LABEL]
const IN_PLACE: readonly Obstacle[] = [INIT, NO_PROBES, OLD_STYLE, DIRECTIVES, SPLIT]

const subjectOf = (text: string, definition: Definition): Subject => ({
  text,
  definition,
  head: text.slice(definition.start, definition.bodyStart),
  body: text.slice(definition.bodyStart, definition.end),
})

function refuse(obstacles: readonly Obstacle[], file: string, place: string, subject: Subject): void {
  for (const { found, wayOut } of obstacles) {
    const fact = found(subject)
    if (fact !== undefined) throw userError({ place, fact: `${subject.definition.name} (${file}) ${fact}`, wayOut })
  }
}

/** Fails when a clone of the function would not do what the function does, or could not be built. */
export const checkClone = (file: string, text: string, definition: Definition, place: string): void =>
  refuse(CLONE, file, place, subjectOf(text, definition))

/** Fails when a function cannot be kept out of line or exported where it stands. */
export const checkInPlace = (file: string, text: string, definition: Definition, place: string): void =>
  refuse(IN_PLACE, file, place, subjectOf(text, definition))

/**
 * Fails when the function has a variable of a path function's name: a call in it would not be a call of that function.
 */
export function checkShadows(file: string, definition: Definition, names: readonly string[], place: string): void {
  const declared = declaredIn(definition.body)
  const hidden = names.find((name) => name !== definition.name && declared.has(name))
  if (hidden !== undefined)
    throw userError({
      place,
      fact: `${definition.name} (${file}) has a variable or parameter called ${hidden}, which hides the function`,
      wayOut: `take ${definition.name} or ${hidden} out of the parallel path`,
    })
}

/**
 * Types whose values can be error numbers (include/asm-generic/error-injection.h), as ALLOW_ERROR_INJECTION calls them.
 */
export function errorType(definition: Definition): 'ERRNO' | 'ERRNO_NULL' | undefined {
  const type = definition.signature
    .replaceAll(/\/\*[^]*?\*\//g, ' ')
    .replaceAll(/\b(?:static|extern|inline|__\w+|noinline\w*|notrace|asmlinkage|const)\b(?:\s*\(\(.*?\)\))?/g, ' ')
    .trim()
    .replaceAll(/\s+/g, ' ')
  if (type.endsWith('*')) return 'ERRNO_NULL'
  return /^(?:(?:signed )?(?:int|long(?: long)?(?: int)?)|ssize_t|loff_t|off_t|s32|s64)$/.test(type)
    ? 'ERRNO'
    : undefined
}
