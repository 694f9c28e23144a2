/** The text of a clone and of its prototype, made from the original's own text so that comments and layout stay. */
import type { Definition } from './c-parser.ts'
import { applyEdits, type Edit } from './edits.ts'

/** Specifiers that an out-of-line, exported function does not have. */
const DROPPED =
  /\b(?:static|inline|__inline|__inline__|__always_inline|noinline|noinline_for_stack|extern|__must_check|__visible|notrace|__noclone|__no_kasan_or_inline|nokprobe_inline|__bpf_kfunc|__maybe_unused|__always_unused|FORCE_INLINE|__attribute__\s*\(\(\s*_*always_inline_*\s*\)\))(?!\w)[ \t]*\n?/g

/**
 * Keeps a function as it is called: out of line, never copied for constant arguments (copyout.constprop.0), never with
 * fewer arguments (.isra.0), and never folded into another of the same body. The last matters for two clones of one
 * function, whose bodies are equal: GCC would give both one address, and a probe on one would fire for the other.
 * noinline and __noclone are in every kernel from 4.15 on (include/linux/compiler*.h); the attribute (GCC 8) has no
 * macro there.
 */
export const KEPT = 'noinline __noclone __attribute__((__noipa__))'

const signatureOf = (text: string, definition: Definition, name: string): string => {
  const before = text
    .slice(definition.start, definition.nameStart)
    .replaceAll(DROPPED, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trimStart()
  return `${before}${name}${text.slice(definition.nameStart + definition.name.length, definition.bodyStart).trimEnd()}`
}

/** The clone's definition; `calls` are edits of the body, by offsets of the original's text. */
export function cloneText(text: string, definition: Definition, name: string, calls: readonly Edit[]): string {
  const { bodyStart, end } = definition
  const body = applyEdits(
    text.slice(bodyStart, end),
    calls.map((call) => ({ ...call, start: call.start - bodyStart, end: call.end - bodyStart })),
  )
  return `${KEPT} ${signatureOf(text, definition, name)}\n${body}`
}

/**
 * Words that place or tune a function's code. A prototype does not need them, and the file that gets it may not know
 * them: __sched comes from linux/sched/debug.h, which who calls schedule() need not include.
 */
const OF_THE_BODY =
  /\b(?:__sched|__lockfunc|__cold|__hot|__ref|__flatten|__latent_entropy|__no_stack_protector|__no_profile)\b[ \t]*/g

export const prototypeText = (text: string, definition: Definition, name: string): string =>
  `${signatureOf(text, definition, name).replaceAll(OF_THE_BODY, '')};`

/** For comparing code: layout does not count. */
export const withoutSpace = (text: string): string => text.replaceAll(/\s+/g, '')

/** `code` where the condition holds. */
export const under = (condition: string | undefined, code: string): string =>
  condition === undefined ? code : `#if ${condition}\n${code}\n#endif`
