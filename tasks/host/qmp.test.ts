import { once } from 'node:events'
import { mkdir, symlink } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { forwardedPort, openConnections, Qmp, type QmpEvent } from './qmp.ts'
import { connectUnix } from './unix-socket.ts'

interface Request {
  readonly execute: string
  readonly id: number
  readonly arguments?: unknown
}

/** A QEMU that greets, accepts the negotiation and hands every later command to `answer`. */
async function qemu(answer: (request: Request, say: (reply: object) => void, socket: Socket) => void, path?: string) {
  const file = path ?? join(tempDir(), 'qmp.sock')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    const say = (reply: object) => void socket.write(`${JSON.stringify(reply)}\r\n`)
    say({ QMP: { version: {}, capabilities: [] } })
    let rest = ''
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const request of lines.map((line) => JSON.parse(line) as Request))
        if (request.execute === 'qmp_capabilities') say({ return: {}, id: request.id })
        else answer(request, say, socket)
    })
  })
  server.listen(file)
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return file
}

test('answers find their command, in whatever order and pieces they come', async () => {
  const held: Request[] = []
  const path = await qemu((request, _say, socket) => {
    held.push(request)
    if (held.length < 2) return
    const text = held
      .toReversed()
      .map(({ id, execute }) => `${JSON.stringify({ return: `ä ${execute}`, id })}\r\n`)
      .join('')
    const bytes = Buffer.from(text)
    const middle = bytes.indexOf(0xc3) + 1
    socket.write(bytes.subarray(0, middle))
    setImmediate(() => socket.write(bytes.subarray(middle)))
  })
  await using qmp = await Qmp.open(path)
  expect(await Promise.all([qmp.execute('stop'), qmp.execute('cont', { a: 1 })])).toEqual(['ä stop', 'ä cont'])
  expect(held[1]).toEqual({ execute: 'cont', id: held[1]?.id, arguments: { a: 1 } })
})

test('a command that QEMU refuses is a failure with QEMU’s words', async () => {
  const path = await qemu(({ id }, say) => say({ error: { class: 'GenericError', desc: 'no such thing' }, id }))
  await using qmp = await Qmp.open(path)
  const failure = await failureOf(qmp.execute('x'))
  expect(failure).toMatchObject({ kind: 'lab', parts: { place: 'QEMU', fact: 'no such thing' } })
})

test('human returns the monitor’s text, and events between are not taken for answers', async () => {
  const path = await qemu((request, say) => {
    say({ event: 'RTC_CHANGE', data: { offset: 1 }, timestamp: {} })
    say({ return: `text of ${JSON.stringify(request.arguments)}`, id: request.id })
    say({ event: 'SHUTDOWN' })
  })
  const events: QmpEvent[] = []
  await using qmp = await Qmp.open(path, (event) => events.push(event))
  expect(await qmp.human('info usernet')).toBe('text of {"command-line":"info usernet"}')
  await expect.poll(() => events).toEqual([{ event: 'RTC_CHANGE', data: { offset: 1 } }, { event: 'SHUTDOWN' }])
})

test('when QEMU closes the socket, what waits fails, and what comes later fails at once', async () => {
  const path = await qemu((_request, _say, socket) => socket.destroy())
  await using qmp = await Qmp.open(path)
  const facts = (await Promise.all([failureOf(qmp.execute('a')), failureOf(qmp.execute('b'))])).map(
    ({ parts }) => parts.fact,
  )
  expect(facts).toEqual(['QEMU closed its control socket', 'QEMU closed its control socket'])
  expect((await failureOf(qmp.execute('later'))).parts.fact).toBe('QEMU closed its control socket')
})

describe('the socket’s path', () => {
  test('may be longer than the kernel’s 108 bytes', async () => {
    const dir = tempDir()
    const long = join(dir, 'd'.repeat(100), 'e'.repeat(100))
    await mkdir(long, { recursive: true })
    await symlink(long, join(dir, 's'))
    await qemu(({ id }, say) => say({ return: 'reached', id }), join(dir, 's/qmp.sock'))
    await using qmp = await Qmp.open(join(long, 'qmp.sock'))
    expect(await qmp.execute('x')).toBe('reached')
  })

  test('without a socket or a directory is the system’s error', async () => {
    await expect(connectUnix(join(tempDir(), 'none.sock'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(connectUnix(join(tempDir(), 'none/none.sock'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

test.each([
  ['  TCP[HOST_FORWARD]  12       127.0.0.1 40321       10.0.2.15    22     0     0', 40_321],
  ['  TCP[ESTABLISHED]   14       127.0.0.1 40321       10.0.2.15    22     0     0', undefined],
  ['  TCP[HOST_FORWARD]  12         0.0.0.0 40321       10.0.2.15    22     0     0', undefined],
  ['  TCP[HOST_FORWARD]  12       127.0.0.1 40321       10.0.2.15  2222     0     0', undefined],
  ['', undefined],
])('forwardedPort of %j is %s', (line, port) => {
  expect(forwardedPort(`Hub -1 (net0):\n  Protocol[State]    FD  Source Address  Port\r\n${line}\r\n`)).toBe(port)
})

test('connections are counted, forwarded ports and closed ones are not', () => {
  const line = (state: string) => `  TCP[${state}]  12       127.0.0.1 40321       10.0.2.15    22     0     0\r\n`
  expect(openConnections(`Protocol[State]\r\n${line('HOST_FORWARD')}${line('TIME_WAIT')}`)).toBe(0)
  expect(openConnections(`${line('HOST_FORWARD')}${line('ESTABLISHED')}${line('FIN_WAIT_1')}`)).toBe(2)
})
