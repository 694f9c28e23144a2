/** Why something is built again. */
import { changedInputs, type Inputs } from '../engine/fingerprint.ts'

const short = (digest: unknown): string => (typeof digest === 'string' ? digest.slice(0, 8) : 'none')

/**
 * Why something is built again, for people: which inputs differ from those of the build before. `lab`, our own code
 * among them, is the tool and not the user's lab, so it gets a sentence. That says also that nothing else differs where
 * that is so: whoever has changed nothing looks for it otherwise.
 */
export function changesSince(before: Inputs, now: Inputs): string {
  const names = changedInputs(before, now)
  const others = names.filter((name) => name !== 'lab')
  if (others.length === names.length) return `${others.join(', ')} changed since the last build`
  const updated = `lab itself was updated since the last build (${short(before['lab'])} -> ${short(now['lab'])})`
  return others.length === 0
    ? `${updated}, and nothing else differs`
    : `${others.join(', ')} changed since the last build; ${updated}`
}
