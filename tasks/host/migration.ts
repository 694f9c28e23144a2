/**
 * The state of a stopped machine as bytes, by QEMU's migration stream over a unix socket (qemu docs/devel/migration).
 * Memory is not in it: it is a file that QEMU maps (`x-ignore-shared`), so that saving and restoring copy nothing. Kata
 * Containers' VM templates rest on the same.
 */
import { createServer, type Server } from 'node:net'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { labError } from '../engine/error.ts'
import type { Qmp } from './qmp.ts'
import { connectUnix } from './unix-socket.ts'

/** In QEMU's working directory; a relative name, as a path to a socket has 108 bytes at most. */
const SOCKET = 'migration.sock'
/** Devices of a small guest take half a megabyte; a stream of more has the memory in it. Bytes. */
const LIMIT = 64 * 2 ** 20
/** Milliseconds. */
const DEADLINE = 30_000
const POLL = 3

interface Migration {
  readonly status?: string
  readonly 'error-desc'?: string
}

const failed = (fact: string) =>
  labError({
    place: 'QEMU',
    fact,
    wayOut: 'run it again; `start: cold` needs no snapshot',
  })

const ignoreShared = (qmp: Qmp) =>
  qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'x-ignore-shared', state: true }] })

/** Resolves when QEMU says that the stream is over; rejects when it says why not. */
async function completed(qmp: Qmp, what: string): Promise<void> {
  for (const until = performance.now() + DEADLINE; performance.now() < until;) {
    const { status, 'error-desc': why } = (await qmp.execute('query-migrate')) as Migration
    if (status === 'completed') return
    if (status === 'failed')
      throw failed(`the state of the machine cannot be ${what}: ${why ?? 'QEMU does not say why'}`)
    await new Promise((resolve) => setTimeout(resolve, POLL))
  }
  throw failed(`the state of the machine was not ${what} in ${DEADLINE / 1000} s`)
}

/** Everything that one peer sends to a socket below `dir`. */
async function received(dir: string, begin: () => Promise<unknown>): Promise<Buffer> {
  const handle = await open(dir, 'r')
  let server: Server | undefined
  let clock: NodeJS.Timeout | undefined
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    promise.catch(() => undefined)
    clock = setTimeout(() => reject(failed('QEMU did not send the state of the machine')), DEADLINE)
    server = createServer((socket) => {
      const chunks: Buffer[] = []
      let size = 0
      socket.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size <= LIMIT) return
        socket.destroy()
        reject(failed(`the state of the machine is larger than ${LIMIT} bytes`))
      })
      socket.on('error', reject)
      socket.on('end', () => resolve(Buffer.concat(chunks)))
    })
    const listening = Promise.withResolvers<void>()
    server.once('error', listening.reject)
    server.listen(`/proc/self/fd/${handle.fd}/${SOCKET}`, listening.resolve)
    await listening.promise
    await begin()
    return await promise
  } finally {
    clearTimeout(clock)
    server?.close()
    await handle.close()
    await rm(join(dir, SOCKET), { force: true })
  }
}

/**
 * Stops the machine and takes its state; its memory stays in the file that it is mapped from. It does not go on
 * afterwards.
 */
export async function saveMachine(qmp: Qmp, dir: string): Promise<Buffer> {
  await ignoreShared(qmp)
  await qmp.execute('stop')
  const state = await received(dir, async () => await qmp.execute('migrate', { uri: `unix:${SOCKET}` }))
  await completed(qmp, 'saved')
  return state
}

/** Gives a machine that was started with `-incoming defer` its state, and lets it run. */
export async function loadMachine(qmp: Qmp, dir: string, state: Buffer): Promise<void> {
  await ignoreShared(qmp)
  await qmp.execute('migrate-incoming', { uri: `unix:${SOCKET}` })
  const socket = await connectUnix(join(dir, SOCKET))
  socket.end(state)
  try {
    await completed(qmp, 'restored')
    await qmp.execute('cont')
  } finally {
    socket.destroy()
    await rm(join(dir, SOCKET), { force: true })
  }
}
