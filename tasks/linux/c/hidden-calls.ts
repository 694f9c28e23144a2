/**
 * Calls that a macro makes: they are not in the text of the function that uses it, so nothing there can be switched to
 * a clone.
 */
import { countWord, type Definition } from './c-parser.ts'

/** A macro, where it is defined. */
export interface HidingMacro {
  readonly name: string
  /** Function of the set that it names, itself or by another macro. */
  readonly callee: string
  readonly file: string
  /** From 1. */
  readonly line: number
}

const DEFINE = /^[ \t]*#[ \t]*define[ \t]+(\w+)((?:.*\\\n)*.*)/gm

/** The macros of some files whose text names one of the functions, directly or by another of these macros. */
export function hidingMacros(
  files: ReadonlyMap<string, string>,
  names: readonly string[],
): ReadonlyMap<string, HidingMacro> {
  const all = [...files].flatMap(([file, text]) =>
    [...text.matchAll(DEFINE)].map(({ 1: name = '', 2: body = '', index }) => ({
      name,
      body,
      file,
      line: text.slice(0, index).split('\n').length,
    })),
  )
  const found = new Map<string, HidingMacro>()
  for (let size = -1; size !== found.size;) {
    size = found.size
    for (const { name, body, file, line } of all) {
      if (found.has(name) || names.includes(name)) continue
      const inner = [...names, ...found.keys()].find((one) => countWord(body, one) > 0)
      if (inner !== undefined) found.set(name, { name, callee: found.get(inner)?.callee ?? inner, file, line })
    }
  }
  return found
}

/** Those of them that a function uses. */
export const usedBy = (
  text: string,
  { bodyStart, end }: Definition,
  macros: ReadonlyMap<string, HidingMacro>,
): HidingMacro[] => {
  const body = text.slice(bodyStart, end)
  return [...macros.values()].filter(({ name }) => countWord(body, name) > 0)
}
