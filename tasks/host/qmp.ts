/** The QEMU Machine Protocol: one JSON object per line over a unix socket (qemu docs/interop/qmp-spec). */
import type { Socket } from 'node:net'
import { labError, messageOf } from '../engine/error.ts'
import { connectUnix } from './unix-socket.ts'

export interface QmpEvent {
  readonly event: string
  readonly data?: Record<string, unknown>
}

interface Reply {
  readonly id?: number
  readonly return?: unknown
  readonly error?: { desc: string }
  readonly event?: string
  readonly data?: Record<string, unknown>
}

/** Milliseconds until an answer is given up; QEMU answers at once or never. */
const ANSWER = 10_000

const CLOSED = 'QEMU closed its control socket'

const lost = (error: unknown) =>
  labError(
    { place: 'QEMU', fact: messageOf(error), wayOut: 'the VM is lost; `lab gc` removes what is left of it' },
    error,
  )

export class Qmp implements AsyncDisposable {
  readonly #socket: Socket
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #next = 1
  #rest = ''

  private constructor(socket: Socket, onEvent: (event: QmpEvent) => void) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      const lines = (this.#rest + chunk.toString('utf8')).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.#read(line, onEvent)
    })
    const fail = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(CLOSED))
      this.#waiting.clear()
    }
    socket.on('error', fail)
    socket.on('close', fail)
  }

  /** Connects and negotiates. `onEvent` sees SHUTDOWN, GUEST_PANICKED and the like. */
  static async open(path: string, onEvent: (event: QmpEvent) => void = () => undefined): Promise<Qmp> {
    const qmp = new Qmp(await connectUnix(path), onEvent)
    try {
      await qmp.execute('qmp_capabilities')
    } catch (error) {
      // A monitor has one client: one that waits for a QEMU that hangs would keep all others out.
      qmp.close()
      throw error
    }
    return qmp
  }

  #read(line: string, onEvent: (event: QmpEvent) => void): void {
    let reply: Reply
    try {
      reply = JSON.parse(line) as Reply
    } catch {
      return
    }
    if (reply.event !== undefined) onEvent({ event: reply.event, ...(reply.data ? { data: reply.data } : {}) })
    const waiting = reply.id === undefined ? undefined : this.#waiting.get(reply.id)
    if (!waiting || reply.id === undefined) return
    this.#waiting.delete(reply.id)
    if (reply.error) waiting.reject(new Error(reply.error.desc))
    else waiting.resolve(reply.return)
  }

  async execute(command: string, args?: Record<string, unknown>): Promise<unknown> {
    if (this.#socket.destroyed) throw lost(new Error(CLOSED))
    const id = this.#next++
    const answer = new Promise<unknown>((resolve, reject) => {
      const clock = setTimeout(() => reject(new Error(`no answer to ${command} in ${ANSWER / 1000} s`)), ANSWER)
      const done = () => clearTimeout(clock)
      this.#waiting.set(id, {
        resolve: (value) => (done(), resolve(value)),
        reject: (error) => (done(), reject(error)),
      })
    })
    this.#socket.write(`${JSON.stringify({ execute: command, id, ...(args ? { arguments: args } : {}) })}\n`)
    try {
      return await answer
    } catch (error) {
      throw lost(error)
    }
  }

  /** Runs a command of the human monitor and returns its text. */
  async human(command: string): Promise<string> {
    return String(await this.execute('human-monitor-command', { 'command-line': command }))
  }

  close(): void {
    this.#socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await Promise.resolve()
  }
}

/**
 * The port on 127.0.0.1 that the kernel chose for a `hostfwd=…:0-:22`, from `info usernet`:
 * `  TCP[HOST_FORWARD]  12       127.0.0.1 40321       10.0.2.15    22 …`. undefined if there is none.
 */
export function forwardedPort(usernet: string): number | undefined {
  const match = /TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+22\b/.exec(usernet)
  return match ? Number(match[1]) : undefined
}

/**
 * How many TCP connections the guest's network knows, from `info usernet`: lines as above with a state other than
 * HOST_FORWARD. Those that wait for late packets (TIME_WAIT) are over for both peers.
 */
export const openConnections = (usernet: string): number =>
  [...usernet.matchAll(/^\s*TCP\[(\w+)\]/gm)].filter(([, state]) => state !== 'HOST_FORWARD' && state !== 'TIME_WAIT')
    .length
