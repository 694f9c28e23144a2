import type { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { ExecOptions, ExecResult, Guest } from '../host/ssh.ts'
import { served } from './served.ts'

/** The other end: what a guest's holder gets and says, without a guest. */
class FakeHolder {
  readonly started: string[][] = []
  readonly asked: string[][] = []
  aborted = false
  #say: ((chunk: Buffer) => void) | undefined
  #end: ((result: ExecResult) => void) | undefined
  #heard = Promise.withResolvers<void>()
  #word = ''

  readonly guest = {
    exec: (argv: readonly string[], options: ExecOptions) => {
      this.started.push([...argv])
      this.#say = (chunk) => void options.onOutput?.(chunk, 'stdout')
      options.signal?.addEventListener('abort', () => (this.aborted = true))
      const input = options.input as Readable
      input.on('data', (chunk: Buffer) => {
        const [, size = '', text = ''] = /^(\d+)\n(.*)$/s.exec(chunk.toString('utf8')) ?? []
        expect(Buffer.byteLength(text)).toBe(Number(size))
        const [word = '', ...words] = text.split('\0').slice(0, -1)
        this.#word = word
        this.asked.push(words)
        this.#heard.resolve()
      })
      return new Promise<ExecResult>((resolve) => (this.#end = resolve))
    },
  } as unknown as Guest

  async heard(): Promise<void> {
    await this.#heard.promise
    this.#heard = Promise.withResolvers()
  }
  say = (text: string | Buffer) => this.#say?.(Buffer.from(text))
  last = (status: number, stderr = '') =>
    `${JSON.stringify({ event: 'ended', of: this.#word, status })?.slice(0, -1)},"stderr":${JSON.stringify(stderr)}}\n`
  die = (status: number) => this.#end?.({ status, stdout: Buffer.alloc(0), stderr: '' })
}

const signal = new AbortController().signal

describe('the holder as a server', () => {
  test('many requests on one channel, each with its own words', async () => {
    const far = new FakeHolder()
    const exec = served(far.guest, '/run/lab/holder', signal)
    for (const word of ['one', 'two']) {
      const asked = exec(['--say', word, ''], {})
      await far.heard()
      far.say(`${word}\n${far.last(0)}`)
      expect((await asked).stdout.toString()).toBe(`${word}\n`)
    }
    expect(far.started).toEqual([['/run/lab/holder', '--serve']])
    expect(far.asked).toEqual([
      ['--say', 'one', ''],
      ['--say', 'two', ''],
    ])
  })

  test('wherever the stream is cut, lines are lines, bytes are bytes, and the end is the end', async () => {
    const far = new FakeHolder()
    const exec = served(far.guest, 'holder', signal)
    const bytes = Buffer.from('\0{"event":"ended","of":"somebody else","status":0}\n{"event":"en{{\xff', 'latin1')
    const ask = async (cut: number) => {
      const lines: string[] = []
      const onLine = (line: string) => {
        lines.push(line)
        return line === 'done'
      }
      const asked = exec([], { onLine })
      await far.heard()
      const all = Buffer.concat([Buffer.from('first\ndone\n'), bytes, Buffer.from(far.last(7, 'said "so"\n'))])
      far.say(all.subarray(0, cut))
      far.say(all.subarray(cut))
      const { status, stdout, stderr } = await asked
      expect({ lines, status, stdout, stderr }).toEqual({
        lines: ['first', 'done'],
        status: 7,
        stdout: bytes,
        stderr: 'said "so"\n',
      })
      return all.length
    }
    const length = await ask(1)
    for (let cut = 2; cut < length; cut++) await ask(cut)
  })

  test('work that dies before its last line is told by its status, and the next request is served', async () => {
    const far = new FakeHolder()
    const exec = served(far.guest, 'holder', signal)
    const lines: string[] = []
    const asked = exec(['a'], { onLine: (line) => void lines.push(line) })
    await far.heard()
    far.say(`{"event":"started"}\n${far.last(139)}`)
    expect((await asked).status).toBe(139)
    expect(lines).toEqual(['{"event":"started"}'])
    const next = exec(['b'], {})
    await far.heard()
    far.say(far.last(0))
    expect((await next).status).toBe(0)
  })

  test('a server that ends fails what it was asked, and the next request has a new one', async () => {
    const far = new FakeHolder()
    const exec = served(far.guest, 'holder', signal)
    const asked = exec(['a'], {})
    await far.heard()
    far.die(137)
    await expect(asked).rejects.toThrow('lost while running the holder: the holder ended (status 137)')
    const next = exec(['b'], {})
    await far.heard()
    far.say(far.last(0))
    expect((await next).status).toBe(0)
    expect(far.started).toHaveLength(2)
  })

  test('what takes too long, or says too much, ends the server', async () => {
    const far = new FakeHolder()
    const exec = served(far.guest, 'holder', signal)
    await expect(exec(['slow'], { timeout: 20 })).rejects.toThrow('no end after 0.02 s')
    expect(far.aborted).toBe(true)
    far.aborted = false
    const asked = exec(['loud'], { limit: 10 })
    await far.heard()
    await Promise.resolve()
    far.say('x'.repeat(11))
    await expect(asked).rejects.toThrow('more than 10 bytes of output')
    expect(far.aborted).toBe(true)
  })

  test('one request at a time', async () => {
    const far = new FakeHolder()
    const exec = served(far.guest, 'holder', signal)
    const first = exec(['a'], {})
    await far.heard()
    await expect(exec(['b'], {})).rejects.toThrow('two things at once')
    far.say(far.last(0))
    await first
  })
})
