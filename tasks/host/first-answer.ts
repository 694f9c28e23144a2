/** Of several addresses of one file the first that has it, whatever the others do meanwhile. */
import { interrupted, messageOf } from '../engine/error.ts'

export interface Patience {
  /** For all addresses of one source together; an unreachable source costs no more. Milliseconds. */
  readonly connect: number
  /**
   * What each address has of that at least: the next one is asked while those before are still silent. Milliseconds.
   */
  readonly each: number
}
const PATIENCE: Patience = { connect: 5000, each: 2000 }

/** The head of an answer that has the file, or the rest of it; the body is still to come. */
export interface Answer {
  readonly url: string
  readonly response: Response
  /** Ends the transfer. */
  readonly control: AbortController
}

/** An address that has it not, and why. `silent`: it gave no answer at all. */
export interface Refusal {
  readonly url: string
  readonly reason: string
  readonly silent: boolean
}

/** The innermost reason of a failed fetch: "getaddrinfo ENOTFOUND cdn.kernel.org". */
export const deepest = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? deepest(error.cause) : messageOf(error)

/** 416: the part that is here is already all of it, or more; the checksum will tell. */
const RANGE_NOT_SATISFIABLE = 416

const ask = (url: string, from: number, signal: AbortSignal): Promise<Response> =>
  fetch(url, {
    redirect: 'follow',
    signal,
    // The file's own bytes: fetch asks for gzip by default and unpacks it, and then neither length nor range fit.
    headers: { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
  })

/**
 * Asks the addresses in their order: the next one as soon as one has refused, and also when those before are silent for
 * a while.
 * @param from bytes that are here already
 * @returns the answer, if any, and those that refused before it came; the others are asked no more
 * @throws an interruption
 */
export async function firstAnswer(
  urls: readonly string[],
  from: number,
  signal: AbortSignal,
  { connect, each }: Patience = PATIENCE,
): Promise<{ answer: Answer | undefined; refused: readonly Refusal[] }> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer | undefined>()
  const pause = (connect - each) / Math.max(1, urls.length - 1)
  const refused: Refusal[] = []
  const open = new Map<string, { readonly control: AbortController; readonly since: number }>()
  const waiting = [...urls]
  let turn: NodeJS.Timeout | undefined
  let decided = false

  const refuse = (url: string, reason: string, silent: boolean) => {
    open.delete(url)
    if (decided) return
    refused.push({ url, reason, silent })
    if (waiting.length > 0) next()
    else if (open.size === 0) resolve(undefined)
  }
  const take = (url: string, response: Response, control: AbortController) => {
    if (decided) return
    if (!response.ok && response.status !== RANGE_NOT_SATISFIABLE) {
      void response.body?.cancel().catch(() => undefined)
      refuse(url, `HTTP ${response.status}`, false)
      return
    }
    open.delete(url)
    decided = true
    resolve({ url, response, control })
  }
  function next(): void {
    clearTimeout(turn)
    const url = waiting.shift()
    if (url === undefined) return
    const control = new AbortController()
    open.set(url, { control, since: Date.now() })
    turn = setTimeout(next, pause)
    void ask(url, from, control.signal).then(
      (response) => take(url, response, control),
      (error: unknown) => refuse(url, deepest(error), true),
    )
  }

  const deadline = setTimeout(() => {
    decided = true
    for (const [url, { since }] of open)
      refused.push({ url, reason: `no answer in ${Math.round((Date.now() - since) / 1000)} s`, silent: true })
    resolve(undefined)
  }, connect)
  const stop = () => reject(interrupted())
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (signal.aborted) throw interrupted()
    if (urls.length === 0) return { answer: undefined, refused }
    next()
    return { answer: await promise, refused }
  } finally {
    decided = true
    clearTimeout(turn)
    clearTimeout(deadline)
    signal.removeEventListener('abort', stop)
    for (const { control } of open.values()) control.abort()
  }
}
