/**
 * What a restored guest is told: the time that it slept through, and randomness of its own. All copies of one snapshot would else draw the same
 * "random" numbers, addresses of programs among them.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { printable } from '../engine/printable.ts'
import type { Hello } from './boot.ts'

/** Twice what a key of the kernel's generator takes. */
const SEED_BYTES = 64

const text = z.string().transform((value) => printable(value, 80))
const Awake = z.object({
  event: z.literal('awake'),
  release: text,
  bootId: text,
  clocksource: text,
  /** errno of clock_settime, RNDADDENTROPY and RNDRESEEDCRNG. */
  clock: z.int(),
  entropy: z.int(),
  reseed: z.int(),
})

/** Wakes a guest by the holder that its snapshot has in it. */
export const wakeUp =
  (holder: string): Hello =>
  async (guest, options) => {
    const now = Date.now()
    const argv = [holder, '--wake', `${Math.floor(now / 1000)}.${String(now % 1000).padStart(3, '0')}`]
    const { status, stdout, stderr } = await guest.exec(argv, {
      ...options,
      input: randomBytes(SEED_BYTES),
      limit: 4096,
    })
    if (status !== 0)
      return {
        why: `the restored guest cannot be woken: status ${status}, ${printable(stderr.split('\n')[0] ?? '', 120)}`,
      }
    try {
      const { clock, entropy, reseed, ...facts } = Awake.parse(JSON.parse(stdout.toString('utf8')))
      const refused = Object.entries({ clock, entropy, reseed }).filter(([, errno]) => errno !== 0)
      if (refused.length === 0) return facts
      return {
        why: `the restored guest keeps what it had: ${refused.map(([what, errno]) => `${what} (errno ${errno})`).join(', ')}`,
      }
    } catch {
      return { why: `the restored guest says something unknown: ${printable(stdout.toString('utf8'), 120)}` }
    }
  }
