import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { serveOnce, type Offer } from './serve-once.ts'

function aFile(): string {
  const file = join(tempDir(), 'trace')
  writeFileSync(file, 'bytes')
  return file
}

/** A port that was free just now. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
const offer = async (): Promise<Offer> => ({ port: await freePort(), path: '/one', origin: 'https://page.example' })

/** fetch() takes no other Host than that of its address. */
const statusFor = ({ port, path }: Offer, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).once('error', reject)
  })

function served(offer: Offer, signal = new AbortController().signal) {
  const ready = Promise.withResolvers<void>()
  const done = serveOnce(aFile(), offer, signal, ready.resolve)
  return { ready: ready.promise, done }
}

test('the file goes to the page once, and nothing else to anybody', async () => {
  const one = await offer()
  const { ready, done } = served(one)
  await ready
  const url = (path: string) => `http://127.0.0.1:${one.port}${path}`
  expect((await fetch(url('/'))).status).toBe(404)
  expect((await fetch(url('/../etc/passwd'))).status).toBe(404)
  expect((await fetch(url('/one'), { method: 'POST' })).status).toBe(404)
  expect(await statusFor(one, `evil.example:${one.port}`)).toBe(404)
  const got = await fetch(url('/one'))
  expect([await got.text(), got.headers.get('access-control-allow-origin')]).toEqual(['bytes', 'https://page.example'])
  await done
  await expect(fetch(url('/one'))).rejects.toThrow('fetch failed')
})

test('Ctrl-C ends the wait, and a port that is taken is named', async () => {
  const one = await offer()
  const control = new AbortController()
  const { ready, done } = served(one, control.signal)
  await ready
  const second = await failureOf(serveOnce(aFile(), one, control.signal, () => undefined))
  expect([second.kind, second.parts.fact]).toEqual(['lab', `port ${one.port} of this host is in use`])
  control.abort()
  expect((await failureOf(done)).kind).toBe('interrupted')
})
