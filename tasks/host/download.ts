/** Downloads over HTTP(S) with resume; the file is verified before anybody sees it under its final name. */
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { makeDirectory } from '../engine/directory.ts'
import { failedBy, Failure, interrupted, labError, userError, type FailureParts } from '../engine/error.ts'
import { hashFile, hashText } from '../engine/fingerprint.ts'
import { diskFailure } from '../engine/disk.ts'
import { deepest, firstAnswer, type Answer } from './first-answer.ts'

/** The failure of a source that cannot be fetched from here: the only one for which a fallback is taken. */
export const unavailable = (parts: FailureParts): Failure => labError({ ...parts, reason: 'unavailable' })

/** The failure of a file that is not the one that was asked for. The user must settle it: no fallback is taken. */
const wrongBytes = (parts: FailureParts, cause?: unknown): Failure =>
  userError({ ...parts, reason: 'wrong-bytes' }, cause)

export interface Download {
  readonly urls: readonly string[]
  readonly sha256: string
  readonly file: string
  readonly place: string
  readonly signal: AbortSignal
  /** Directory where unreachable hosts are remembered. */
  readonly cache: string
  readonly onBytes: (done: number, total: number | undefined) => void
}

/** Without a byte for this long a download is given up (and can be resumed). Milliseconds. */
const STALLED = 30_000
/** An unreachable host is not asked again for this long. Milliseconds. */
const REMEMBER = 3_600_000

const memoryFile = (cache: string, url: string) => join(cache, 'unreachable', hashText(new URL(url).host).slice(0, 16))

/** Why a host was found unreachable within the last hour, or undefined. */
async function rememberedReason(cache: string, url: string): Promise<string | undefined> {
  try {
    const file = memoryFile(cache, url)
    const { mtimeMs } = await stat(file)
    const minutes = Math.round((Date.now() - mtimeMs) / 60_000)
    return Date.now() - mtimeMs < REMEMBER ? `${await readFile(file, 'utf8')} (found ${minutes} min ago)` : undefined
  } catch {
    return undefined
  }
}

async function remember(cache: string, url: string, reason: string): Promise<void> {
  await mkdir(join(cache, 'unreachable'), { recursive: true }).catch(() => undefined)
  await writeFile(memoryFile(cache, url), reason).catch(() => undefined)
}

/** Forgets what was unreachable: `lab doctor` asks the network again. */
export const forgetUnreachable = (cache: string): Promise<void> =>
  rm(join(cache, 'unreachable'), { recursive: true, force: true })

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => ({ size: 0 }))).size
}

/** The body of an answer, behind what `partial` has. Throws the plain reason. */
async function transfer({ response, control }: Answer, partial: string, { signal, onBytes }: Download): Promise<void> {
  // The part that is here is all of it, or more.
  if (!response.ok) return await response.body?.cancel()
  if (!response.body) throw new Error('an answer without a file')
  const stalled = () => control.abort(new Error(`no data for ${STALLED / 1000} s`))
  let clock = setTimeout(stalled, STALLED)
  const stop = () => control.abort(interrupted())
  signal.addEventListener('abort', stop, { once: true })
  try {
    const resumed = response.status === 206
    const rest = Number(response.headers.get('content-length') ?? Number.NaN)
    let done = resumed ? await sizeOf(partial) : 0
    const total = Number.isNaN(rest) ? undefined : rest + done
    const body = Readable.fromWeb(response.body)
    body.on('data', (chunk: Buffer) => {
      clearTimeout(clock)
      clock = setTimeout(stalled, STALLED)
      done += chunk.length
      onBytes(done, total)
    })
    await pipeline(body, createWriteStream(partial, { flags: resumed ? 'a' : 'w' }), { signal: control.signal })
    if (total !== undefined && done !== total) throw new Error(`ended after ${done} of ${total} bytes`)
  } catch (error) {
    if (signal.aborted) throw interrupted()
    throw control.signal.aborted && control.signal.reason instanceof Error ? control.signal.reason : error
  } finally {
    clearTimeout(clock)
    signal.removeEventListener('abort', stop)
  }
}

/**
 * The whole file by an answer, verified. A part of an earlier transfer may be damaged, or of another file: without it
 * once more.
 */
async function take(answer: Answer, resumed: boolean, partial: string, request: Download): Promise<void> {
  const { sha256, place, signal } = request
  const { url } = answer
  await transfer(answer, partial, request)
  try {
    await verify(partial, sha256, place, url)
  } catch (error) {
    if (!resumed || !failedBy(error, 'wrong-bytes')) throw error
    const again = await firstAnswer([url], 0, signal)
    if (again.answer === undefined) throw new Error(again.refused[0]?.reason)
    await transfer(again.answer, partial, request)
    await verify(partial, sha256, place, url)
  }
}

/**
 * Fails when the file is not the one that was asked for; the wrong file is removed, so that the next try starts over.
 */
export async function verify(file: string, sha256: string, place: string, from: string): Promise<void> {
  const found = await hashFile(file)
  if (found === sha256) return
  await rm(file, { force: true })
  throw wrongBytes({
    place,
    fact: `${from} has the wrong sha256`,
    lines: [`wanted ${sha256}`, `found  ${found}`],
    wayOut: 'correct `sha256:` if you trust the file, or the address if you do not; nothing of it was unpacked',
  })
}

/**
 * Makes sure that `file` is there and has its checksum, from the first address that delivers it.
 * @throws Failure (unavailable) when no address delivers; (wrong-bytes) when what came is not the file
 */
export async function download(request: Download): Promise<void> {
  const { urls, file, cache, place, signal } = request
  const partial = `${file}.part`
  const reasons: string[] = []
  let wrong: Failure | undefined
  makeDirectory(dirname(file))
  if (signal.aborted) throw interrupted()
  let left: readonly string[] = []
  for (const url of urls) {
    const known = await rememberedReason(cache, url)
    if (known === undefined) left = [...left, url]
    else reasons.push(`${url}: ${known}`)
  }
  while (left.length > 0) {
    const from = await sizeOf(partial)
    const { answer, refused } = await firstAnswer(left, from, signal)
    for (const { url, reason, silent } of refused) {
      // Only a host that never answered is remembered: a 404 says nothing about its other files.
      if (silent) await remember(cache, url, reason)
      reasons.push(`${url}: ${reason}`)
    }
    left = left.filter((url) => url !== answer?.url && !refused.some((failure) => failure.url === url))
    if (answer === undefined) continue
    try {
      await take(answer, from > 0, partial, request)
      await rename(partial, file)
      return
    } catch (error) {
      // A login page in place of a file, a mirror that is broken: the next one may have it.
      if (failedBy(error, 'wrong-bytes')) {
        wrong ??= error
        reasons.push(error.parts.fact)
        continue
      }
      const failure = diskFailure(error, place)
      if (failure instanceof Failure) throw failure
      // A broken transfer keeps its part.
      const kept = await sizeOf(partial)
      const goesOn = kept > 0 ? ` (${Math.round(kept / 1e5) / 10} MB are kept; the next try continues there)` : ''
      reasons.push(`${answer.url}: ${deepest(error)}${goesOn}`)
    }
  }
  if (wrong) {
    const others = reasons.filter((reason) => reason !== wrong.parts.fact)
    throw wrongBytes({ ...wrong.parts, lines: [...(wrong.parts.lines ?? []), ...others] }, wrong)
  }
  throw unavailable({
    place,
    fact: 'the source cannot be fetched',
    lines: reasons,
    wayOut: 'check the network and proxy (`lab doctor` asks again), add `mirrors:`, or name a `fallback:` kernel',
  })
}
