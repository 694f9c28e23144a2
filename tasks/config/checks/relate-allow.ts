/** Checks of `allow:`, the splats that an experiment lets pass. */
import { messageOf, Failure } from '../../engine/error.ts'
import { patternOf } from '../interpolate.ts'
import { isRegex } from '../text/regex.ts'
import { repeated } from './lists.ts'
import type { Check } from './check.ts'

const allowed: Check = function* ({ lab: { experiments } }) {
  for (const [name, { allow = [] }] of Object.entries(experiments)) {
    const at = ['experiments', name, 'allow'] as const
    yield* repeated(
      allow.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
      at,
    )
    for (const [index, allowed] of allow.entries()) {
      if (typeof allowed === 'string') continue
      const entries = Object.entries(allowed)
      if (entries.length === 0)
        yield {
          severity: 'error',
          path: [...at, index],
          at: 'value',
          message: 'this entry of allow names no kind of splat',
          wayOut: 'write a kind, for example warning, or { warning: my_function }',
        }
      for (const [kind, pattern = ''] of entries) {
        if (!isRegex(pattern) && /^[A-Za-z_][\w.]*$/.test(pattern)) continue
        const problem = isRegex(pattern) ? regexProblem(pattern) : NO_FUNCTION
        if (problem) yield { severity: 'error', path: [...at, index, kind], at: 'value', ...problem }
      }
    }
  }
}

const NO_FUNCTION = {
  message: 'this is not the name of a function',
  wayOut: 'write the name alone (my_function), or a regular expression between slashes (/^my_/)',
}

function regexProblem(pattern: string): { message: string; wayOut: string | undefined } | undefined {
  try {
    patternOf(pattern, {})
    return undefined
  } catch (error) {
    const failure = error instanceof Failure ? error.parts : { fact: messageOf(error), wayOut: undefined }
    return { message: failure.fact, wayOut: failure.wayOut }
  }
}

export const ALLOW_CHECKS: readonly Check[] = [allowed]
