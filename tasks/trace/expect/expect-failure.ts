/** A failure that is the result: the run passes when it fails in the declared way, and in no other. */
import { matches, type Pattern } from '../../config/text/pattern.ts'
import type { Counted } from './expect-count.ts'
import { shown, type Verdict } from './match.ts'
import { plural } from '../../engine/text.ts'

/** Something that went wrong, with everything that was said about it. */
export interface Failed {
  readonly stage: 'compile' | 'load' | 'verifier' | 'slot' | 'attach' | 'deadline' | 'workload'
  /** The program of the object that it happened to. */
  readonly program?: string | undefined
  /** In one sentence. */
  readonly fact: string
  /** Every line of the kernel, the verifier, libbpf, the compiler or the workload about it. */
  readonly said: readonly string[]
  /** How the workload ended. */
  readonly status?: number | undefined
  readonly signal?: number | undefined
}

export interface ExpectedFailure {
  readonly failure: Failed['stage'] | 'missed' | 'silent'
  readonly message?: { readonly pattern: Pattern; readonly text: string } | undefined
  readonly program?: string | undefined
  readonly status?: number | undefined
  readonly signal?: number | undefined
}

export interface FailureFacts {
  readonly failed: readonly Failed[]
  readonly counted: readonly Counted[]
  /** Messages of all programs in all processes. */
  readonly messages: readonly string[]
}

const WORDS: Readonly<Record<Failed['stage'], string>> = {
  compile: 'the probe must not compile',
  load: 'the object must not load',
  verifier: 'the verifier must reject it',
  slot: 'a map slot must be refused',
  attach: 'the attach must be refused',
  deadline: 'the workload must not end in time',
  workload: 'the workload must fail',
}

/** So many lines of what was said instead are shown. */
const SHOWN = 3

function checkMissed({ program }: ExpectedFailure, { counted }: FailureFacts): Verdict {
  const found = counted.filter((candidate) => program === undefined || candidate.program === program)
  const good = found.find(({ hits, missed }) => hits === 0 && missed > 0)
  if (good)
    return { ok: true, lines: [`${good.program} was never hit: ${plural(good.missed, 'hit')} missed, as expected`] }
  const skipped = found.find((candidate) => (candidate.skipped ?? 0) > 0 && candidate.hits === candidate.skipped)
  if (skipped)
    return { ok: true, lines: [`${skipped.program} never ran: ${plural(skipped.hits, 'hit')} skipped, as expected`] }
  const is = found.map(
    (candidate) => `${candidate.program} has ${plural(candidate.hits, 'hit')} and ${plural(candidate.missed, 'miss')}`,
  )
  return {
    ok: false,
    lines: [`expected no hits and at least one miss: ${is.join(', ') || `there is no program ${program ?? ''}`}`],
  }
}

function checkSilent({ program, message }: ExpectedFailure, { counted, messages }: FailureFacts): Verdict {
  const found = counted.filter((candidate) => program === undefined || candidate.program === program)
  const ran = found.reduce((sum, { hits }) => sum + Math.max(0, hits), 0)
  const line = message === undefined ? messages[0] : messages.find((text) => matches(message.pattern, text))
  const who = program ?? 'the program'
  if (ran === 0) return { ok: false, lines: [`expected ${who} to run and print nothing, and it did not run`] }
  if (line !== undefined)
    return { ok: false, lines: [`expected ${who} to print nothing of it, and it says "${shown(line)}"`] }
  return {
    ok: true,
    lines: [
      `${who} ran ${ran === 1 ? 'once' : `${ran} times`}, and ${message?.text ?? 'a message'} never appeared, as expected`,
    ],
  }
}

function differences(expected: ExpectedFailure, failure: Failed): string[] {
  const { message, program, status, signal } = expected
  return [
    ...(program !== undefined && failure.program !== program ? [`it was ${failure.program ?? 'no program'}`] : []),
    ...(status !== undefined && failure.status !== status ? [`its status is ${failure.status ?? 'not known'}`] : []),
    ...(signal !== undefined && failure.signal !== signal ? [`its signal is ${failure.signal ?? 'none'}`] : []),
    ...(message !== undefined && !failure.said.some((line) => matches(message.pattern, line))
      ? [
          `nothing of what was said matches ${message.text}: ${failure.said
            .slice(-SHOWN)
            .map((line) => `"${shown(line)}"`)
            .join(', ')}`,
        ]
      : []),
  ]
}

/** Whether the declared failure came. A failure that came and was not declared is the caller's to judge. */
export function checkFailure(expected: ExpectedFailure, facts: FailureFacts): Verdict {
  if (expected.failure === 'missed') return checkMissed(expected, facts)
  if (expected.failure === 'silent') return checkSilent(expected, facts)
  const wanted = WORDS[expected.failure]
  const there = facts.failed.filter(({ stage }) => stage === expected.failure)
  const good = there.find((failure) => differences(expected, failure).length === 0)
  if (good) {
    const { message } = expected
    const line = message && good.said.find((text) => matches(message.pattern, text))
    return {
      ok: true,
      lines: [
        `failed as expected: ${shown(good.fact)}`,
        ...(line === undefined ? [] : [`it says: ${shown(line.trim())}`]),
      ],
    }
  }
  const [first] = there
  if (first) return { ok: false, lines: [`${wanted}; that came, but ${differences(expected, first).join('; ')}`] }
  const other = facts.failed[0]
  return {
    ok: false,
    lines: [`${wanted}, and ${other === undefined ? 'nothing failed' : `this failed instead: ${shown(other.fact)}`}`],
  }
}
