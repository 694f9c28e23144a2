/**
 * The holder as a server: one channel of an ssh connection that carries many requests, one after the other. A channel
 * of its own for each would cost 0.1 s under TCG (ssh server, shell, dynamic loader), more than a short run takes
 * itself (bpf/holder/serve.c is the other end).
 */
import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { z } from 'zod'
import { Failure, messageOf } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { LeadingLines } from '../host/leading-lines.ts'
import { guestLost, LIMIT, type ExecOptions, type ExecResult, type Guest } from '../host/ssh.ts'

/** What runs the holder with these arguments: a server, or a command of its own. */
export type Exec = (argv: readonly string[], options: ExecOptions) => Promise<ExecResult>

interface Request {
  readonly take: (chunk: Buffer) => void
  readonly fail: (error: Error) => void
}

class Server {
  readonly #input = new PassThrough()
  readonly #stop = new AbortController()
  #request: Request | undefined
  /** Why nothing more can be asked. */
  broken: Error | undefined

  constructor(guest: Guest, holder: string, signal: AbortSignal) {
    const gone = (error: Error) => {
      this.broken ??= error
      this.#request?.fail(error)
    }
    void guest
      .exec([holder, '--serve'], {
        signal: AbortSignal.any([signal, this.#stop.signal]),
        input: this.#input,
        onOutput: (chunk, from) => (from === 'stdout' ? this.#request?.take(chunk) : undefined),
      })
      .then(
        ({ status, signal: by }) =>
          gone(lost(`the holder ended (${by === undefined ? `status ${status}` : `signal ${by}`})`)),
        (error: unknown) => gone(error instanceof Error ? error : new Error(messageOf(error))),
      )
  }

  /** Ends the server, and with it what it does. */
  #end(why: Error): void {
    this.broken ??= why
    this.#stop.abort()
  }

  /** One request; its options are those of a command in the guest. */
  ask(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    if (this.broken) return Promise.reject(this.broken)
    if (this.#request) throw new Error('the holder was asked for two things at once')
    const word = randomBytes(16).toString('hex')
    return new Promise<ExecResult>((resolve, reject) => {
      const kept: Buffer[] = []
      let size = 0
      const lines = options.onLine && new LeadingLines(options.onLine)
      // The last line tells the end; it may come in pieces.
      const last = new Tail(word)
      const over = () => {
        clearTimeout(clock)
        this.#request = undefined
      }
      const fail = (error: Error) => {
        over()
        reject(error)
      }
      const clock =
        options.timeout === undefined
          ? undefined
          : setTimeout(() => {
              const error = lost(`no end after ${(options.timeout ?? 0) / 1000} s`)
              this.#end(error)
              fail(error)
            }, options.timeout)
      const take = (chunk: Buffer) => {
        size += chunk.length
        if (size > (options.limit ?? LIMIT)) {
          const error = lost(`more than ${options.limit ?? LIMIT} bytes of output`)
          this.#end(error)
          return fail(error)
        }
        try {
          const { bytes, end } = last.push(chunk)
          const rest = lines ? lines.push(bytes) : bytes
          if (rest.length > 0) kept.push(rest)
          if (end === undefined) return
          lines?.end()
          over()
          resolve({ ...end, stdout: Buffer.concat(kept) })
        } catch (error) {
          // The guest may say anything, also with the right word in it.
          const bad =
            error instanceof Failure
              ? error
              : lost(`it printed something that is not one of its lines: ${messageOf(error)}`)
          this.#end(bad)
          fail(bad)
        }
      }
      this.#request = { take, fail }
      const text = Buffer.from([word, ...argv].map((word) => `${word}\0`).join(''))
      this.#input.write(Buffer.concat([Buffer.from(`${text.length}\n`), text]))
    })
  }
}

/**
 * How a request ended, as the server says it: stderr is in it, since the two streams of a channel overtake each other.
 */
const End = z.object({ event: z.literal('ended'), of: z.string(), status: z.int(), stderr: z.string() })

/** Holds back what is, or may be the beginning of, the line that ends an answer. */
class Tail {
  readonly #start: Buffer
  #held: Buffer = Buffer.alloc(0)

  constructor(word: string) {
    this.#start = Buffer.from(`{"event":"ended","of":"${word}",`)
  }

  /** @returns what is no part of that line, and what the line says once it is whole */
  push(chunk: Buffer): { readonly bytes: Buffer; readonly end?: { readonly status: number; readonly stderr: string } } {
    const all = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const at = this.#find(all)
    this.#held = all.subarray(at)
    const bytes = all.subarray(0, at)
    if (!this.#held.subarray(0, this.#start.length).equals(this.#start) || !this.#held.includes(10)) return { bytes }
    const { status, stderr } = End.parse(JSON.parse(this.#held.toString('utf8', 0, this.#held.indexOf(10))))
    return { bytes, end: { status, stderr } }
  }

  /**
   * Where the line begins, or may begin: it has one brace of this kind before the word, and nobody else knows the word.
   */
  #find(all: Buffer): number {
    const whole = all.indexOf(this.#start)
    if (whole >= 0) return whole
    const brace = all.lastIndexOf(0x7b)
    const rest = all.length - brace
    return brace >= 0 && rest < this.#start.length && this.#start.subarray(0, rest).equals(all.subarray(brace))
      ? brace
      : all.length
  }
}

const lost = (why: string) => guestLost('the holder', printable(why, 200))

const servers = new WeakMap<Guest, Map<string, Server>>()

/**
 * Runs the holder of this path on this connection: one server for both, started when it is first asked, and again when
 * it was lost. It ends with the connection.
 */
export const served =
  (guest: Guest, holder: string, signal: AbortSignal): Exec =>
  async (argv, options) => {
    const known = servers.get(guest) ?? new Map<string, Server>()
    servers.set(guest, known)
    const is = known.get(holder)
    const server = is === undefined || is.broken ? new Server(guest, holder, signal) : is
    known.set(holder, server)
    return await server.ask(argv, options)
  }
