/**
 * Marsaglia's xorshift with 32 bits of state (J. Stat. Softw. 8(14), 2003; shifts 13, 17, 5): small, the same
 * everywhere, and good enough to shuffle some thousand runs or to resample them. Numbers from 0 below 1.
 */
export function random(seed: number): () => number {
  // Zero is the one state that it never leaves.
  let state = seed >>> 0 || 0x9e3779b9
  const step = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
  // Small seeds have few bits set, and so have the first numbers after them.
  for (let round = 0; round < 8; round++) step()
  return step
}
