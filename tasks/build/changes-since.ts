/** Why something is built again. */
import { changedInputs, type Inputs } from '../engine/fingerprint.ts'

const short = (digest: unknown): string => (typeof digest === 'string' ? digest.slice(0, 8) : 'none')

/**
 * Why something is built again, for people: which inputs differ from those of the build before. `lab`, our own code
 * among them, is the tool and not the user's lab, so it gets a sentence.
 */
export function changesSince(before: Inputs, now: Inputs): string {
  const names = changedInputs(before, now)
  const others = names.filter((name) => name !== 'lab')
  return [
    ...(others.length > 0 ? [`${others.join(', ')} changed since the last build`] : []),
    ...(others.length < names.length
      ? [`lab itself was updated since the last build (${short(before['lab'])} -> ${short(now['lab'])})`]
      : []),
  ].join('; ')
}
