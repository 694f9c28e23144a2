/**
 * What a restored guest is told: the time that it slept through, and randomness of its own. All copies of one snapshot
 * would else draw the same "random" numbers, addresses of programs among them.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { printable } from '../engine/printable.ts'
import type { Hello } from './boot.ts'
import { served } from './served.ts'

/** Twice what a key of the kernel's generator takes. */
const SEED_BYTES = 64

const text = z.string().transform((value) => printable(value, 80))
const facts = { release: text, bootId: text, clocksource: text }
const Facts = z.object({ event: z.literal('facts'), ...facts })
const Awake = z.object({
  event: z.literal('awake'),
  ...facts,
  /** errno of clock_settime, RNDADDENTROPY and RNDRESEEDCRNG. */
  clock: z.int(),
  entropy: z.int(),
  reseed: z.int(),
})

/** The one line that the holder answers with. */
async function answer<T>(
  holder: string,
  argv: readonly string[],
  shape: z.ZodType<T>,
  what: string,
  [guest, options]: Parameters<Hello>,
): Promise<T | { readonly why: string }> {
  const { status, stdout, stderr } = await served(guest, holder, options.signal)(argv, { ...options, limit: 4096 })
  if (status !== 0) return { why: `${what}: status ${status}, ${printable(stderr.split('\n')[0] ?? '', 120)}` }
  try {
    return shape.parse(JSON.parse(stdout.toString('utf8')))
  } catch {
    return { why: `${what}: it printed something unknown: ${printable(stdout.toString('utf8'), 120)}` }
  }
}

/** Asks a guest what it is by the holder that its boot brought along, which is needed next. */
export const factsBy =
  (holder: string): Hello =>
  async (...hello) => {
    const said = await answer(holder, ['--facts'], Facts, 'the guest cannot say what it is', hello)
    if ('why' in said) return said
    const { event: _event, ...is } = said
    return is
  }

/** Wakes a guest by the holder that its snapshot has in it. */
export const wakeUp =
  (holder: string): Hello =>
  async (...hello) => {
    const now = Date.now()
    const time = `${Math.floor(now / 1000)}.${String(now % 1000).padStart(3, '0')}`
    const argv = ['--wake', time, '--seed', randomBytes(SEED_BYTES).toString('hex')]
    const said = await answer(holder, argv, Awake, 'the restored guest cannot be woken', hello)
    if ('why' in said) return said
    const { event: _event, clock, entropy, reseed, ...is } = said
    const refused = Object.entries({ clock, entropy, reseed }).filter(([, errno]) => errno !== 0)
    if (refused.length === 0) return is
    return {
      why: `the restored guest keeps what it had: ${refused.map(([what, errno]) => `${what} (errno ${errno})`).join(', ')}`,
    }
  }
