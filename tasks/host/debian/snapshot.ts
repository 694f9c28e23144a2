/**
 * snapshot.debian.org: every file that Debian's archives ever had, by its SHA-1. Its operators limit rates and ask for
 * patience: one request at a time, `Retry-After` is waited for, and what was fetched stays in the cache. The interface:
 * salsa.debian.org/snapshot-team/snapshot, API.
 */
import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { interrupted } from '../../engine/error.ts'

/** Times that a request is made before the archive is given up. */
const TRIES = 5
/** Where no time is said; and the longest that is waited. Seconds. */
const [PAUSE, LONGEST] = [10, 120]
/** Without an answer for so long a request is given up. Milliseconds. */
const SILENT = 30_000

/** Answers of a server that wants to be asked again later. */
const LATER = [429, 503]

/** Seconds until a request may be made again; `Retry-After` is a number of them, or a date (RFC 9110, 10.2.3). */
export function retryAfter(header: string | null, now: number): number {
  if (header === null) return PAUSE
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000
  return Number.isNaN(seconds) ? PAUSE : Math.min(LONGEST, Math.max(0, Math.ceil(seconds)))
}

const Files = z.object({
  result: z.array(z.object({ hash: z.string().regex(/^[0-9a-f]{40}$/), architecture: z.string() })),
})

/** An answer with its body still to come. @throws an Error with the plain reason */
async function ask(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
  for (let tries = 1; ; tries++) {
    if (signal.aborted) throw interrupted()
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(SILENT)]) })
    if (!LATER.includes(response.status)) return response
    await response.body?.cancel()
    const seconds = retryAfter(response.headers.get('retry-after'), Date.now())
    if (tries === TRIES)
      throw new Error(`HTTP ${response.status} (${TRIES} times, each after the pause that it asked for)`)
    await sleep(seconds * 1000, undefined, { signal })
  }
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => ({ size: 0 }))).size

/**
 * Fetches a package's file into `partial`, behind what is there of it. The caller verifies it.
 * @throws an Error with the plain reason
 */
export async function fromSnapshot(
  base: string,
  name: string,
  version: string,
  partial: string,
  signal: AbortSignal,
): Promise<void> {
  const path = `mr/binary/${encodeURIComponent(name)}/${encodeURIComponent(version)}/binfiles`
  const list = await ask(`${base}${path}`, {}, signal)
  if (list.status === 404) throw new Error('it never had this version')
  if (!list.ok) throw new Error(`HTTP ${list.status}`)
  const files = Files.safeParse(await list.json())
  const file = files.data?.result.find(({ architecture }) => ['amd64', 'all'].includes(architecture))
  if (!file) throw new Error('its answer names no file for amd64')
  const from = await sizeOf(partial)
  const range = from > 0 ? { range: `bytes=${from}-` } : {}
  const response = await ask(`${base}file/${file.hash}`, { 'accept-encoding': 'identity', ...range }, signal)
  // 416: the part that is here is all of it, or more; the checksum will tell.
  if (response.status === 416) return await response.body?.cancel()
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`)
  const flags = response.status === 206 ? 'a' : 'w'
  await pipeline(Readable.fromWeb(response.body), createWriteStream(partial, { flags }), { signal })
}
