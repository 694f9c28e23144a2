import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import ssh2, { type Connection, type ServerChannel } from 'ssh2'
import { describe, expect, onTestFinished, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { userKeys } from './ssh-keys.ts'
import { Guest, type Address } from './ssh.ts'

type OnExec = (channel: ServerChannel, command: string, connection: Connection) => void

// ssh2 itself makes keys that nobody accepts, now and then.
const hostKeys = userKeys()
const labKeys = userKeys()
const wire = (line: string) => Buffer.from(line.split(' ')[1] ?? '', 'base64')

/**
 * A server on loopback that lets the lab's key in and hands every command to `onExec`; without it, no command is ever
 * answered.
 */
async function serve(onExec?: OnExec): Promise<Address> {
  const connections = new Set<Connection>()
  const server = new ssh2.Server({ hostKeys: [hostKeys.private] }, (connection) => {
    connections.add(connection)
    connection.on('error', () => undefined)
    connection.on('authentication', (context) => {
      const known = context.method === 'publickey' && context.key.data.equals(wire(labKeys.public))
      if (known) context.accept()
      else context.reject(['publickey'])
    })
    connection.on('session', (accept) =>
      accept()
        .on('pty', (yes) => yes())
        .on('exec', (answer, _reject, { command }) => onExec?.(answer(), command, connection)),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const connection of connections) connection.end()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, privateKey: labKeys.private, hostKey: wire(hostKeys.public) }
}

async function guestThat(onExec?: OnExec): Promise<Guest> {
  const guest = await Guest.connect(await serve(onExec), 5000)
  onTestFinished(() => guest.close())
  return guest
}

const ends = (channel: ServerChannel, status: number) => {
  channel.exit(status)
  channel.end()
}

describe('exec', () => {
  test('sends the quoted words and the input, and brings output and status back', async () => {
    let said = ''
    const guest = await guestThat((channel, command) => {
      channel.on('data', (chunk: Buffer) => (said += chunk.toString()))
      channel.on('end', () => {
        channel.write(`${command}\n`)
        channel.stderr.write('careful\n')
        ends(channel, 3)
      })
    })
    const result = await guest.exec(['echo', 'a b', "it's"], { input: 'input' })
    expect({ ...result, stdout: result.stdout.toString() }).toEqual({
      status: 3,
      signal: undefined,
      stdout: "exec echo 'a b' 'it'\\''s'\n",
      stderr: 'careful\n',
    })
    expect(said).toBe('input')
  })

  test('output that comes after the status is not lost', async () => {
    const guest = await guestThat((channel) => {
      channel.exit(0)
      setImmediate(() => channel.end('late'))
    })
    expect((await guest.exec(['x'])).stdout.toString()).toBe('late')
  })

  test('a command that a signal ended is a result', async () => {
    const guest = await guestThat((channel) => {
      channel.exit('KILL')
      channel.end()
    })
    expect(await guest.exec(['x'])).toMatchObject({ status: 128, signal: 'SIGKILL' })
  })

  test('lines come whole, and what follows the last one is bytes', async () => {
    const bytes = Buffer.from([0xff, 10, 0, 13])
    const guest = await guestThat((channel) => {
      channel.write('fir')
      channel.write(Buffer.concat([Buffer.from('st\nläst\n'), bytes]))
      channel.write(bytes)
      ends(channel, 0)
    })
    const lines: string[] = []
    const onLine = (line: string) => {
      lines.push(line)
      return line === 'läst'
    }
    const { stdout } = await guest.exec(['x'], { onLine })
    expect(lines).toEqual(['first', 'läst'])
    expect(stdout).toEqual(Buffer.concat([bytes, bytes]))
  })

  test('a last line without its end counts', async () => {
    const guest = await guestThat((channel) => {
      channel.write('a\nb')
      ends(channel, 0)
    })
    const lines: string[] = []
    await guest.exec(['x'], { onLine: (line) => void lines.push(line) })
    expect(lines).toEqual(['a', 'b'])
  })

  test('several commands share one connection', async () => {
    const guest = await guestThat((channel, command) => {
      channel.write(command)
      ends(channel, 0)
    })
    const results = await Promise.all(['a', 'b', 'c'].map((word) => guest.exec([word])))
    expect(results.map(({ stdout }) => stdout.toString())).toEqual(['exec a', 'exec b', 'exec c'])
  })
})

describe('output as it comes', () => {
  test('all of it, from both streams, however slowly it is taken', async () => {
    const guest = await guestThat((channel) => {
      for (let index = 0; index < 50; index++) {
        channel.write('o'.repeat(1000))
        channel.stderr.write('e'.repeat(1000))
      }
      ends(channel, 5)
    })
    const sizes = { stdout: 0, stderr: 0 }
    const result = await guest.exec(['x'], {
      limit: 10,
      onOutput: async (chunk, from) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        sizes[from] += chunk.length
      },
    })
    expect(sizes).toEqual({ stdout: 50_000, stderr: 50_000 })
    expect([result.status, result.stdout.length, result.stderr]).toEqual([5, 0, ''])
  })

  test('that cannot be kept ends the command with the reason', async () => {
    const guest = await guestThat((channel) => channel.write('x'))
    const exec = guest.exec(['x'], { onOutput: () => Promise.reject(new Error('no room')) })
    await expect(exec).rejects.toThrow('no room')
  })

  test('a stream goes to the command as it comes', async () => {
    const guest = await guestThat((channel) => {
      channel.on('data', (chunk: Buffer) => channel.write(chunk))
      channel.on('end', () => ends(channel, 0))
    })
    const { stdout } = await guest.exec(['cat'], { input: Readable.from([Buffer.from('one '), Buffer.from('two')]) })
    expect(stdout.toString()).toBe('one two')
  })
})

describe('a guest that misbehaves', () => {
  test('more output than the limit is a failure, and no line comes after it', async () => {
    const guest = await guestThat((channel) => {
      channel.write('x'.repeat(2000))
      ends(channel, 0)
    })
    const onLine = () => expect.unreachable('a cut line')
    const failure = await failureOf(guest.exec(['yes'], { limit: 1000, onLine }))
    expect(failure).toMatchObject({
      kind: 'lab',
      parts: { place: 'guest', fact: 'lost while running yes: more than 1000 bytes of output' },
    })
  })

  test('a connection that is lost in the middle is a failure, and so is every later command', async () => {
    const guest = await guestThat((channel, _command, connection) => {
      channel.write('half a li')
      setImmediate(() => connection.end())
    })
    const failure = await failureOf(guest.exec(['dd', 'x']))
    expect(failure.kind).toBe('lab')
    expect(failure.parts.fact).toMatch(/^lost while running dd: .*closed/)
    expect((await failureOf(guest.exec(['next']))).parts.fact).toMatch(/^lost while running next/)
  })

  test('a channel without an exit status is a failure', async () => {
    const guest = await guestThat((channel) => channel.end())
    expect((await failureOf(guest.exec(['x']))).parts.fact).toContain('without an exit status')
  })

  test('a command that does not end is given up in time, and the connection stays', async () => {
    const guest = await guestThat((channel, command) => {
      if (command === 'exec quick') ends(channel, 0)
    })
    expect((await failureOf(guest.exec(['slow'], { timeout: 100 }))).parts.fact).toBe(
      'lost while running slow: no end after 0.1 s',
    )
    expect((await guest.exec(['quick'])).status).toBe(0)
  })

  test('a guest that does not even start the command is given up in time', async () => {
    const guest = await guestThat()
    expect((await failureOf(guest.exec(['x'], { timeout: 100 }))).parts.fact).toContain('no end after 0.1 s')
  })

  test('a lost connection before the command starts is a failure', async () => {
    const address = await serve()
    const guest = await Guest.connect(address, 5000)
    const failure = failureOf(guest.exec(['x']))
    guest.close()
    expect((await failure).parts.fact).toMatch(/^lost while running x/)
  })
})

describe('an abort', () => {
  test('asks a running command to end, and is an interruption however it ends', async () => {
    const control = new AbortController()
    const running: ServerChannel[] = []
    const guest = await guestThat((channel, command) => {
      if (command !== 'exec pkill -TERM -P $PPID') {
        running.push(channel)
        channel.write('begun\n')
      } else for (const session of [channel, ...running.splice(0)]) ends(session, 0)
    })
    const onLine = () => control.abort()
    expect((await failureOf(guest.exec(['x'], { signal: control.signal, onLine }))).kind).toBe('interrupted')
    expect(running).toEqual([])
  })

  test('does not wait for a command that will not end', async () => {
    const control = new AbortController()
    const guest = await guestThat((channel) => channel.write('begun\n'))
    const onLine = () => control.abort()
    expect((await failureOf(guest.exec(['x'], { signal: control.signal, onLine }))).kind).toBe('interrupted')
  })

  test('ends a command whose start the guest does not answer', async () => {
    const control = new AbortController()
    const guest = await guestThat()
    const failure = failureOf(guest.exec(['x'], { signal: control.signal }))
    control.abort()
    expect((await failure).kind).toBe('interrupted')
  })

  test('before the start sends nothing', async () => {
    const guest = await guestThat(() => expect.unreachable('it was sent'))
    expect((await failureOf(guest.exec(['x'], { signal: AbortSignal.abort() }))).kind).toBe('interrupted')
  })
})

describe('connect', () => {
  test('refuses a guest with another host key', async () => {
    const address = await serve(() => expect.unreachable('it went on'))
    const other = wire(userKeys().public)
    await expect(Guest.connect({ ...address, hostKey: other }, 5000)).rejects.toMatchObject({ reason: 'host-key' })
  })

  test('is refused without the lab’s key', async () => {
    const address = await serve()
    const { private: privateKey } = userKeys()
    await expect(Guest.connect({ ...address, privateKey }, 5000)).rejects.toMatchObject({ reason: 'key-refused' })
  })

  test('rejects with the system’s reason when nobody listens', async () => {
    const address = await serve()
    await expect(Guest.connect({ ...address, port: 1 }, 5000)).rejects.toThrow('ECONNREFUSED')
  })
})

test('a terminal runs words or a shell', async () => {
  const guest = await guestThat((channel, command) => {
    channel.write(command)
    ends(channel, 0)
  })
  const channel = await guest.terminal({ rows: 24, cols: 80, term: 'dumb' }, ['top', '-d', 'a b'])
  const [said] = (await once(channel, 'data')) as [Buffer]
  expect(said.toString()).toBe("exec top -d 'a b'")
})
