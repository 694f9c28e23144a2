/**
 * `${name}` in commands, messages and patterns: the parameters of an arm put in their places. `$${` stands for `${`
 * itself.
 */
import { userError } from '../engine/error.ts'
import type { ParamValue } from './schema/schema.ts'
import type { Pattern } from './text/pattern.ts'
import { isRegex } from './text/regex.ts'
import { nameWayOut } from './text/suggest.ts'

/** Values of one arm, by parameter. */
export type Params = Readonly<Record<string, ParamValue>>

const NAME = /^[A-Za-z][A-Za-z0-9._-]*$/
/** `$${`, `${name}`, or `${` with something that is no name, up to its brace or the end of the text. */
const PLACE = /\$\$\{|\$\{([^{}]*)(\}|$)/g

/** A place where a parameter goes. `valid` is false for `${}`, `${1}` and a brace that never closes. */
export interface Reference {
  readonly name: string
  readonly valid: boolean
  /** Start and end offset in the text. */
  readonly span: readonly [number, number]
}

/** Every `${…}` of a text, in order. */
export function references(text: string): Reference[] {
  return [...text.matchAll(PLACE)]
    .filter(({ 0: whole }) => whole !== '$${')
    .map(({ 0: whole, 1: name = '', 2: brace, index }) => ({
      name,
      valid: brace === '}' && NAME.test(name),
      span: [index, index + whole.length],
    }))
}

/**
 * The text with its parameters put in. Values are text as they are: nothing in them is read again.
 * @param escape applied to each value, for example to make it literal in a regular expression
 * @throws a user's Failure for a parameter that is not declared
 */
export function interpolate(
  text: string,
  params: Params,
  escape: (value: string) => string = (value) => value,
): string {
  return text.replace(PLACE, (whole: string, name: string | undefined, brace: string | undefined) => {
    if (whole === '$${') return '${'
    if (name === undefined || brace !== '}' || !NAME.test(name)) {
      throw userError({
        fact: `"${whole}" is not a parameter`,
        wayOut: 'write ${name}, or $${ for the two characters themselves',
      })
    }
    const value = Object.hasOwn(params, name) ? params[name] : undefined
    if (value === undefined) {
      const wayOut = nameWayOut(name, Object.keys(params), 'params', `declare it under params: ${name}: [...]`)
      throw userError({ fact: `"\${${name}}" is not a declared parameter`, wayOut })
    }
    return escape(String(value))
  })
}

/**
 * A value as a regular expression that matches it and nothing else, also inside [ ]: "-" has a meaning there and only
 * there.
 */
export function literal(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/-/g, '\\x2d')
}

/**
 * A text that is always a regular expression (`metrics:`), written as everywhere else: the slashes around it may be
 * left out.
 * @throws as `patternOf`
 */
export function regexOf(text: string, params: Params): RegExp {
  const pattern = patternOf(isRegex(text) ? text : `/${text}/`, params)
  if (pattern.kind === 'regex') return pattern.regex
  throw new Error(`${text} between slashes is not a regular expression`)
}

/**
 * An entry of `order` for one arm. "/…/" is a regular expression that may match anywhere in the message (JavaScript
 * syntax, flag u); values are put in as literal text. Anything else is the whole message.
 * @throws a user's Failure for a pattern that does not compile or an undeclared parameter
 */
export function patternOf(text: string, params: Params): Pattern {
  if (!isRegex(text)) return { kind: 'text', text: interpolate(text, params) }
  const source = interpolate(text.slice(1, -1), params, literal)
  try {
    return { kind: 'regex', regex: new RegExp(source, 'u') }
  } catch (error) {
    // V8 repeats the whole pattern before the reason: "Invalid regular expression: /(/u: Unterminated group".
    const reason = error instanceof Error ? (error.message.split(': ').at(-1) ?? '') : ''
    throw userError(
      {
        fact: `the regular expression ${text} does not compile: ${reason}`,
        wayOut: 'put a backslash before a character that is meant as itself',
      },
      error,
    )
  }
}
