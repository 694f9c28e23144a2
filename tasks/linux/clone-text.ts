/** The text of a clone and of its prototype, made from the original's own text so that comments and layout stay. */
import type { Definition } from './c-parser.ts'
import { applyEdits, type Edit } from './edits.ts'

/** Specifiers that an out-of-line, exported function does not have. */
const DROPPED =
  /\b(?:static|inline|__inline|__inline__|__always_inline|noinline|noinline_for_stack|extern|__must_check|__init|__visible|notrace|__noclone|__no_kasan_or_inline|nokprobe_inline)\b[ \t]*\n?/g

const signatureOf = (text: string, definition: Definition, name: string): string => {
  const before = text
    .slice(definition.start, definition.nameStart)
    .replaceAll(DROPPED, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trimStart()
  return `${before}${name}${text.slice(definition.nameStart + definition.name.length, definition.bodyStart).trimEnd()}`
}

/**
 * The clone. `noinline` keeps it out of line, `__noclone` keeps GCC from calling a copy for constant arguments (copyout.constprop.0)
 * instead of the function that was asked for; both words are in every kernel from 4.15 on (include/linux/compiler*.h).
 */
export function cloneText(text: string, definition: Definition, name: string, calls: readonly Edit[]): string {
  const { bodyStart, end } = definition
  const body = applyEdits(
    text.slice(bodyStart, end),
    calls.map((call) => ({ ...call, start: call.start - bodyStart, end: call.end - bodyStart })),
  )
  return `noinline __noclone ${signatureOf(text, definition, name)}\n${body}`
}

export const prototypeText = (text: string, definition: Definition, name: string): string =>
  `${signatureOf(text, definition, name)};`

/** For comparing code: layout does not count. */
export const withoutSpace = (text: string): string => text.replaceAll(/\s+/g, '')
