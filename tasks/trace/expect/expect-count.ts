/** Expectations on numbers: hits and misses of programs, messages. */
import type { Verdict } from './match.ts'
import { shown } from './match.ts'
import { plural } from '../../engine/text.ts'

/** `3`, `>=1`: what a number is compared with. */
export interface CountRule {
  readonly sign: '=' | '>=' | '<=' | '>' | '<'
  readonly number: number
}

const HOLDS: Readonly<Record<CountRule['sign'], (count: number, limit: number) => boolean>> = {
  '=': (count, limit) => count === limit,
  '>=': (count, limit) => count >= limit,
  '<=': (count, limit) => count <= limit,
  '>': (count, limit) => count > limit,
  '<': (count, limit) => count < limit,
}
const WORDS: Readonly<Record<CountRule['sign'], string>> = {
  '=': 'exactly',
  '>=': 'at least',
  '<=': 'at most',
  '>': 'more than',
  '<': 'less than',
}

/** Reads `>=1` or `3`; undefined for anything else. Parameters have been put in. */
export function countRule(text: string): CountRule | undefined {
  const [, sign, digits] = /^(>=|<=|>|<)? ?(\d{1,9})$/.exec(text) ?? []
  if (digits === undefined) return undefined
  return { sign: (sign as CountRule['sign'] | undefined) ?? '=', number: Number(digits) }
}

/**
 * Something that is counted against its rule.
 * @param subject "hits of copyout"
 * @param count undefined where nobody counted
 */
export function checkCount(subject: string, rule: CountRule, count: number | undefined): Verdict {
  const wanted = `${WORDS[rule.sign]} ${rule.number}`
  if (count === undefined) return { ok: false, lines: [`${shown(subject)}: expected ${wanted}, and nobody counted`] }
  const ok = HOLDS[rule.sign](count, rule.number)
  return {
    ok,
    lines: [ok ? `${shown(subject)}: ${count}` : `${shown(subject)}: expected ${wanted}, found ${count}`],
  }
}

/** Several verdicts as one; only what does not hold is said, if anything does not. */
export function together(verdicts: readonly Verdict[]): Verdict {
  const bad = verdicts.filter(({ ok }) => !ok)
  return { ok: bad.length === 0, lines: (bad.length > 0 ? bad : verdicts).flatMap(({ lines }) => lines) }
}

/** What a program did, as far as somebody counted. */
export interface Counted {
  readonly program: string
  readonly hits: number
  /** Negative: not known. */
  readonly missed: number
  /** Of the hits: those for which the kernel did not run the program. */
  readonly skipped?: number
}

/** Hits or misses of programs by name. */
export function checkProgramCounts(
  kind: 'hits' | 'misses',
  rules: readonly (readonly [program: string, rule: CountRule])[],
  counted: readonly Counted[],
): Verdict {
  return together(
    rules.map(([program, rule]) => {
      const found = counted.find((candidate) => candidate.program === program)
      if (found === undefined) {
        const names = counted.map((program) => program.program).join(', ')
        return { ok: false, lines: [`there is no program ${program}; ${plural(counted.length, 'program')}: ${names}`] }
      }
      const { hits, missed, skipped = 0 } = found
      const count = kind === 'hits' ? hits : missed < 0 ? missed : missed + skipped
      return checkCount(`${kind} of ${program}`, rule, count < 0 ? undefined : count)
    }),
  )
}
