/** Whether deterministic runs kept their promise: the same arm, the same bytes. */
import type { Manifest } from './manifest.ts'
import { plural } from '../engine/text.ts'
import { safe } from './runs-table.ts'

export interface SameBytes {
  readonly experiment: string
  readonly arm: string
  readonly runs: number
  readonly events: number
  /** How many runs had each digest, the most common first. */
  readonly digests: readonly { readonly digest: string; readonly runs: readonly string[] }[]
}

/**
 * Each arm of these runs that is deterministic and has events. What makes a run what it is, is part of the arm: kernel,
 * image, programs.
 */
export function sameBytes(manifests: readonly Manifest[]): SameBytes[] {
  const wanted = manifests.filter(({ guest, trace }) => guest.deterministic === true && trace.digest !== undefined)
  const key = ({ experiment, arm, kernel, image, objects }: Manifest) =>
    JSON.stringify([experiment, arm.name, kernel.fingerprint, image.fingerprint, objects])
  return [...Map.groupBy(wanted, key).values()].flatMap((runs) => {
    const [first] = runs
    if (first === undefined) return []
    const digests = [...Map.groupBy(runs, ({ trace }) => trace.digest ?? '')]
      .map(([digest, same]) => ({ digest, runs: same.map(({ run }) => run) }))
      .toSorted((a, b) => b.runs.length - a.runs.length)
    return [
      { experiment: first.experiment, arm: first.arm.name, runs: runs.length, events: first.trace.events, digests },
    ]
  })
}

export const differs = ({ digests }: SameBytes): boolean => digests.length > 1

/** A line for each arm that ran more than once. */
export const sameBytesLines = (found: readonly SameBytes[]): string[] =>
  found
    .filter(({ runs }) => runs > 1)
    .map(({ experiment, arm, runs, events, digests }) => {
      const name = [safe(experiment), safe(arm)].filter(Boolean).join(' ')
      const [first, other] = digests
      return other === undefined
        ? `${name}: ${plural(runs, 'run')}, the same ${events} events to the byte (sha256 ${first?.digest.slice(0, 16)})`
        : `NOT deterministic: ${name}: ${digests.length} different traces in ${plural(runs, 'run')}; ${safe(first?.runs[0] ?? '')} and ${safe(other.runs[0] ?? '')} differ`
    })
