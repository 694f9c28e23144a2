/** The guest over ssh (ssh2): one connection, many channels, one known host key, public key only. */
import { Readable } from 'node:stream'
import type { Client as ClientType, ClientChannel, ConnectConfig } from 'ssh2'
import { Failure, interrupted, labError, messageOf } from '../engine/error.ts'
import { later } from '../engine/later.ts'
import { programStarted } from '../engine/programs.ts'
import { commandLine } from '../linux/kbuild/shell-commands.ts'
import { LeadingLines } from './leading-lines.ts'

const ssh2 = later<typeof import('ssh2')>('ssh2')

/** The keys of both ends of a connection. */
export interface Keys {
  /** OpenSSH private key text of the lab's user key. */
  readonly privateKey: string
  /** The guest's public host key in wire format; any other key ends the connection. */
  readonly hostKey: Buffer
}

export interface Address extends Keys {
  readonly port: number
}

export interface ExecOptions {
  readonly signal?: AbortSignal
  /** A stream goes to the command as it comes. */
  readonly input?: Buffer | string | Readable
  /**
   * Output as it comes, and then not in the result. A promise holds the guest back until it is kept, and is the end of
   * the command when it is not.
   */
  readonly onOutput?: (chunk: Buffer, from: 'stdout' | 'stderr') => Promise<void> | void
  /**
   * Each whole line of stdout, as it arrives. True ends the lines: what follows is bytes, and becomes the result's
   * stdout.
   */
  readonly onLine?: (line: string) => boolean | void
  /** Milliseconds for the whole command. */
  readonly timeout?: number
  /** Bytes of stdout that are kept at most; more is a failure, so that a guest cannot fill the host's memory. */
  readonly limit?: number
}

export interface ExecResult {
  readonly status: number
  readonly signal?: string | undefined
  readonly stdout: Buffer
  readonly stderr: string
}

/** stdout of one command that is kept in memory. Bytes. */
export const LIMIT = 256 * 2 ** 20
/** stderr that is kept: enough to say why a command failed. Characters. */
const STDERR_LIMIT = 65_536
/** What a command that was asked to end has for it. Milliseconds. */
const GRACE = 2000
/** A guest that answers no keepalive three times is gone. Milliseconds. */
const KEEPALIVE = 5000

/**
 * Algorithms that cost little without hardware: under TCG every AES instruction of the guest is emulated, and a key
 * exchange over curve25519 takes about a third of one over NIST curves.
 */
const ALGORITHMS = {
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
  serverHostKey: ['ssh-ed25519'],
  cipher: ['chacha20-poly1305@openssh.com', 'aes128-ctr'],
} satisfies ConnectConfig['algorithms']

/**
 * ssh runs a command through the user's shell. That gives way to the program: signals then reach it, and it is one
 * process less, which costs under TCG.
 */
const commandOf = (argv: readonly string[]): string => `exec ${commandLine(argv)}`

interface Opened {
  readonly channel: ClientChannel
  result: { readonly status: number; readonly signal?: string | undefined } | undefined
  closed: boolean
}

/**
 * The failure of something that was under way in a guest which does not answer any more. @param why what the connection
 * said
 */
export const guestLost = (doing: string, why: string): Failure =>
  labError({
    place: 'guest',
    fact: `lost while running ${doing}: ${why}`,
    wayOut: 'the console log of the VM has its last words; a kernel panic ends the VM at once',
  })

/** @param strange whether the guest showed another host key than the lab gave it */
function connectFailure(error: Error & { readonly level?: string }, strange: boolean): Error {
  const wayOut = 'remove the VM (`lab down`) and start it again'
  if (strange) {
    const fact = 'the guest has another host key than the lab gave it'
    return labError({ place: 'guest', reason: 'host-key', fact, wayOut }, error)
  }
  if (error.level !== 'client-authentication') return error
  return labError({ place: 'guest', reason: 'key-refused', fact: "the guest refuses the lab's key", wayOut }, error)
}

export class Guest implements AsyncDisposable {
  readonly #client: ClientType
  #closed: Error | undefined
  readonly #onClose: ((error: Error) => void)[] = []

  private constructor(client: ClientType) {
    this.#client = client
    const gone = (why: string) => () => {
      this.#closed ??= new Error(why)
      for (const tell of this.#onClose.splice(0)) tell(this.#closed)
    }
    client.on('error', (error: Error) => gone(messageOf(error))())
    client.on('close', gone('the connection to the guest was closed'))
  }

  /** Whether the connection still stands, as far as is known here. */
  get connected(): boolean {
    return this.#closed === undefined
  }

  /**
   * One attempt. A key that does not fit is a Failure (host-key, key-refused): another attempt would end alike.
   * Everything else (refused, reset, timeout) is the plain error, for the caller to retry or to name.
   */
  static connect(address: Address, timeout: number): Promise<Guest> {
    return new Promise((resolve, reject) => {
      const client = new (ssh2().Client)()
      // The listener stays: ssh2 can report a second error after the first, and one that nobody hears ends the process.
      let strange = false
      client.on('error', (error) => reject(connectFailure(error, strange)))
      client.on('close', () => reject(new Error('closed before the handshake was over')))
      client.once('ready', () => resolve(new Guest(client)))
      client.connect({
        host: '127.0.0.1',
        port: address.port,
        username: 'root',
        privateKey: address.privateKey,
        hostVerifier: (key: Buffer) => {
          strange = !key.equals(address.hostKey)
          return !strange
        },
        readyTimeout: timeout,
        keepaliveInterval: KEEPALIVE,
        keepaliveCountMax: 3,
        algorithms: ALGORITHMS,
      })
      // ssh writes small packets and waits for answers: Nagle's algorithm against delayed ACKs costs 40 ms for each.
      client.setNoDelay(true)
    })
  }

  /**
   * The exit status is caught in the callback: of a quick command it is in the same packet as the answer to the
   * request, and is over before any `await` goes on.
   */
  #channel(command: string): Promise<Opened> {
    if (this.#closed) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      this.#client.exec(command, (error, channel) => {
        if (error) return reject(error)
        const opened: Opened = { channel, result: undefined, closed: false }
        channel.on('exit', (status: number | null, signal?: string) => {
          opened.result = { status: status ?? 128, signal }
        })
        channel.on('close', () => (opened.closed = true))
        resolve(opened)
      })
    })
  }

  /** Opens the channel of a command. A guest that hangs does not answer, so abort and timeout count from here on. */
  async #open(argv: readonly string[], { signal, timeout }: ExecOptions): Promise<Opened> {
    const opening = this.#channel(commandOf(argv))
    const stopped = Promise.withResolvers<never>()
    const abort = () => stopped.reject(interrupted())
    const late = () => stopped.reject(new Error(`no end after ${(timeout ?? 0) / 1000} s`))
    const clock = timeout === undefined ? undefined : setTimeout(late, timeout)
    signal?.addEventListener('abort', abort, { once: true })
    this.#onClose.push(stopped.reject)
    try {
      return await Promise.race([opening, stopped.promise])
    } catch (error) {
      // A channel that opens after all is nobody's.
      opening.then(
        ({ channel }) => channel.destroy(),
        () => undefined,
      )
      throw error instanceof Failure ? error : this.#lost(argv, messageOf(error))
    } finally {
      clearTimeout(clock)
      signal?.removeEventListener('abort', abort)
      this.#onClose.splice(this.#onClose.indexOf(stopped.reject) >>> 0, 1)
    }
  }

  /** Runs a command given as words. A non-zero status is a result; a lost guest is a failure. */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    if (options.signal?.aborted) throw interrupted()
    const programEnded = programStarted(argv, 'guest')
    try {
      const result = await this.#exec(argv, options)
      programEnded(result.signal ?? result.status)
      return result
    } catch (error) {
      programEnded(messageOf(error))
      throw error
    }
  }

  async #exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const started = performance.now()
    const opened = await this.#open(argv, options)
    const { channel } = opened
    const out: Buffer[] = []
    let size = 0
    let stderr = ''
    const lines = options.onLine && new LeadingLines(options.onLine)
    return await new Promise<ExecResult>((resolve, reject) => {
      let failed = false
      let grace: NodeJS.Timeout | undefined
      let taking: Promise<unknown> = Promise.resolve()
      const fail = (error: Error) => {
        failed = true
        finish()
        channel.destroy()
        reject(error)
      }
      const lost = (error: Error) => fail(this.#lost(argv, error.message))
      const abort = () => {
        this.#endCommands()
        grace = setTimeout(() => fail(interrupted()), GRACE)
      }
      /** True where the output goes to the caller as it comes. */
      const handedOn = (stream: Readable, chunk: Buffer, from: 'stdout' | 'stderr'): boolean => {
        const kept = options.onOutput?.(chunk, from)
        if (kept) {
          stream.pause()
          const goOn = kept.then(
            () => void stream.resume(),
            (error: unknown) => fail(error instanceof Error ? error : new Error(messageOf(error))),
          )
          taking = Promise.all([taking, goOn])
        }
        return options.onOutput !== undefined
      }
      const clock =
        options.timeout === undefined
          ? undefined
          : setTimeout(
              () => fail(this.#lost(argv, `no end after ${(options.timeout ?? 0) / 1000} s`)),
              options.timeout - (performance.now() - started),
            )
      const finish = () => {
        if (options.input instanceof Readable) options.input.unpipe(channel)
        clearTimeout(clock)
        clearTimeout(grace)
        options.signal?.removeEventListener('abort', abort)
        const index = this.#onClose.indexOf(lost)
        if (index >= 0) this.#onClose.splice(index, 1)
      }
      this.#onClose.push(lost)
      options.signal?.addEventListener('abort', abort, { once: true })
      channel.on('data', (chunk: Buffer) => {
        if (failed || handedOn(channel, chunk, 'stdout')) return
        size += chunk.length
        if (size > (options.limit ?? LIMIT))
          return fail(this.#lost(argv, `more than ${options.limit ?? LIMIT} bytes of output`))
        try {
          out.push(lines ? lines.push(chunk) : chunk)
        } catch (error) {
          fail(error instanceof Failure ? error : this.#lost(argv, messageOf(error)))
        }
      })
      channel.stderr.on('data', (chunk: Buffer) => {
        if (failed || handedOn(channel.stderr, chunk, 'stderr')) return
        if (stderr.length < STDERR_LIMIT) stderr += chunk.toString('utf8')
      })
      // 'close' and not 'exit': output may still arrive after the exit status.
      const close = () => {
        finish()
        if (failed) return
        if (options.signal?.aborted) return reject(interrupted())
        lines?.end()
        if (opened.result) resolve({ ...opened.result, stdout: Buffer.concat(out), stderr })
        else reject(this.#lost(argv, 'the channel was closed without an exit status'))
      }
      // ssh2 waits for the end of stdout, and not of stderr.
      const whenTaken = () => void taking.then(close)
      const closeStderr = () => {
        if (options.onOutput === undefined) close()
        else if (channel.stderr.readableEnded) whenTaken()
        else channel.stderr.once('end', whenTaken)
      }
      if (opened.closed) return closeStderr()
      channel.on('close', closeStderr)
      if (options.input instanceof Readable) {
        // A command that ends without having read it all wanted no more.
        channel.on('error', () => undefined)
        options.input.on('error', (error) => fail(error))
        options.input.pipe(channel)
      } else channel.end(options.input ?? '')
      // What happened between the opening and the listeners above.
      if (options.signal?.aborted) abort()
      else if (this.#closed) lost(this.#closed)
    })
  }

  /**
   * Without a terminal nothing in the guest notices that we are gone, so the commands of this connection are asked to
   * end: they are the children of the process that serves it. (Dropbear does not pass ssh's own signals on, as it comes
   * with Debian 13.)
   */
  #endCommands(): void {
    if (!this.#closed) this.#client.exec('exec pkill -TERM -P $PPID', (_error, channel) => channel?.resume())
  }

  #lost(argv: readonly string[], why: string): Error {
    return guestLost(argv[0] ?? '', why)
  }

  /** An interactive shell or command with a terminal, for `lab ssh`. */
  terminal(size: { rows: number; cols: number; term: string }, argv?: readonly string[]): Promise<ClientChannel> {
    const pty = { rows: size.rows, cols: size.cols, term: size.term }
    return new Promise((resolve, reject) => {
      const done = (error: Error | undefined, channel: ClientChannel) => (error ? reject(error) : resolve(channel))
      if (argv === undefined) this.#client.shell(pty, done)
      else this.#client.exec(commandOf(argv), { pty }, done)
    })
  }

  close(): void {
    this.#client.end()
    this.#client.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await Promise.resolve()
  }
}
