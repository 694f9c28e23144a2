/** What a look at a result found. */
import { isDeepStrictEqual } from 'node:util'
import { printable } from '../engine/printable.ts'

export interface Finding {
  readonly ok: boolean
  /** What was looked at: `stdout`, `inputs lab-1234`, `expectations`. */
  readonly what: string
  /** What was found. */
  readonly fact: string
  /** Nobody can tell: neither a proof nor an objection. */
  readonly open?: true
  /** What to do about it, of one that is not ok. */
  readonly wayOut?: string
}

export const right = (what: string, fact: string): Finding => ({ ok: true, what, fact })
export const wrong = (what: string, fact: string, wayOut?: string): Finding => ({
  ok: false,
  what,
  fact,
  ...(wayOut !== undefined && { wayOut }),
})
export const open = (what: string, fact: string): Finding => ({ ok: true, what, fact, open: true })

/** For a file that differs from its hash, or is gone. */
export const REPLACED =
  'take the result from a copy or a pack that `lab verify` finds as recorded, or run the experiment again'
/** For what every run of this version has. A version between two releases may not have recorded it yet. */
export const LACKING =
  'either somebody removed it, or a development version of lab wrote this result before it recorded that: verify it with the version that wrote it, or run the experiment again'

/** The ways out of some findings, each once. */
export const waysOut = (findings: readonly Finding[]): string[] => [
  ...new Set(findings.flatMap(({ wayOut }) => wayOut ?? [])),
]

/** As it comes back out of a file. */
const asJson = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown)

/** A value that is short enough to be shown, in quotes where it is a text. */
function shown(value: unknown): string | undefined {
  const text = JSON.stringify(value)
  return text !== undefined && text.length <= 80 ? printable(text, 100) : undefined
}

/**
 * What is computed again, without layers of loss that an older version did not count.
 * @param olderFormat of the manifest, where it is older than the current one
 */
export function lossesAsCounted<Facts extends { readonly losses: Readonly<Record<string, unknown>> }>(
  computed: Facts,
  recorded: Readonly<Record<string, unknown>>,
  olderFormat: number | undefined,
): Facts {
  if (olderFormat === undefined) return computed
  const known = Object.entries(computed.losses).filter(([layer]) => Object.hasOwn(recorded, layer))
  return { ...computed, losses: Object.fromEntries(known) }
}

/** A fact of the manifest, and the same as it comes out of the raw files. */
export function compared(what: string, recorded: unknown, computed: unknown): Finding {
  if (recorded === undefined && computed !== undefined) return wrong(what, 'is missing from manifest.json', LACKING)
  if (isDeepStrictEqual(recorded, asJson(computed))) return right(what, 'as recorded')
  const [a, b] = [shown(recorded), shown(computed)]
  const both = a === undefined || b === undefined ? '' : `: ${a} is recorded, and ${b} comes out`
  return wrong(what, `not what comes out of the raw files${both}`)
}
