import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { readFile, readdir, utimes, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hashText } from '../engine/fingerprint.ts'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { download, forgetUnreachable, type Download } from './download.ts'
import { firstAnswer } from './first-answer.ts'

const CONTENT = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251))
const SHA256 = hashText(CONTENT)

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A server on loopback; its address, and each request as "path range". */
async function serve(handler: Handler): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.url ?? ''} ${request.headers.range ?? '-'}`)
    handler(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** Sends CONTENT, or the part that is asked for; 416 when there is nothing behind it. */
const whole: Handler = ({ headers }, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
  if (from >= CONTENT.length) return void response.writeHead(416).end()
  const body = CONTENT.subarray(from)
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length }).end(body)
}

/** Breaks off in the middle of what it announced, when `part` has all that was sent. */
const brokenAt =
  (part: string): Handler =>
  (_request, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length })
    response.write(CONTENT.subarray(0, 20_000))
    void expect
      .poll(() => statSync(part).size, { interval: 5 })
      .toBe(20_000)
      .finally(() => response.destroy())
  }

const status =
  (code: number): Handler =>
  (_request, response) =>
    response.writeHead(code).end('no')

function wanted(urls: readonly string[], more: Partial<Download> = {}): Download {
  const cache = tempDir()
  return {
    urls,
    sha256: SHA256,
    file: join(cache, 'sources/linux.tar.xz'),
    place: 'kernel v5.4',
    signal: new AbortController().signal,
    cache,
    onBytes: () => undefined,
    ...more,
  }
}
/** An address of loopback where nobody listens. */
async function nobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

test('the file comes whole, with progress, and nothing else stays', async () => {
  const { url, asked } = await serve(whole)
  const seen: (readonly [number, number | undefined])[] = []
  const it = wanted([`${url}/a`], { onBytes: (done, total) => seen.push([done, total]) })
  await download(it)
  expect(await readFile(it.file)).toEqual(CONTENT)
  expect(await readdir(join(it.cache, 'sources'))).toEqual(['linux.tar.xz'])
  expect(seen.at(-1)).toEqual([CONTENT.length, CONTENT.length])
  expect(asked).toEqual(['/a -'])
})

describe('resume', () => {
  test('a broken transfer goes on where it ended, even at a mirror', async () => {
    const seen: number[] = []
    const base = wanted([], { onBytes: (done) => seen.push(done) })
    const [first, mirror] = [await serve(brokenAt(`${base.file}.part`)), await serve(whole)]
    const it = { ...base, urls: [`${first.url}/a`, `${mirror.url}/b`] }
    await download(it)
    expect(await readFile(it.file)).toEqual(CONTENT)
    expect(mirror.asked).toEqual(['/b bytes=20000-'])
    expect(seen.at(-1)).toBe(CONTENT.length)
  })

  test('in the next call, too', async () => {
    const base = wanted([])
    let handler = brokenAt(`${base.file}.part`)
    const { url, asked } = await serve((request, response) => handler(request, response))
    const it = { ...base, urls: [`${url}/a`] }
    expect((await failureOf(download(it))).reason).toBe('unavailable')
    expect(existsSync(it.file)).toBe(false)
    handler = whole
    await download(it)
    expect(await readFile(it.file)).toEqual(CONTENT)
    expect(asked).toEqual(['/a -', '/a bytes=20000-'])
  })

  test('a server that ignores the range sends all of it again', async () => {
    const { url } = await serve((_request, response) => response.end(CONTENT))
    const it = wanted([`${url}/a`])
    await writeFile(join(it.cache, 'partial'), '')
    await download({ ...it, file: join(it.cache, 'x') })
    await writeFile(join(it.cache, 'y.part'), 'rubbish')
    await download({ ...it, file: join(it.cache, 'y') })
    expect(await readFile(join(it.cache, 'y'))).toEqual(CONTENT)
  })

  test('a part that is all of it already is verified and taken (416)', async () => {
    const { url, asked } = await serve(whole)
    const it = wanted([`${url}/a`])
    const file = join(it.cache, 'x')
    await writeFile(`${file}.part`, CONTENT)
    await download({ ...it, file })
    expect(await readFile(file)).toEqual(CONTENT)
    expect(asked).toEqual([`/a bytes=${CONTENT.length}-`])
  })
})

test('a wrong checksum is the user’s to settle, and the file is gone', async () => {
  const { url } = await serve(whole)
  const it = wanted([`${url}/a`], { sha256: 'f'.repeat(64) })
  const failure = await failureOf(download(it))
  expect(failure).toMatchObject({ kind: 'user', parts: { place: 'kernel v5.4' } })
  expect(failure.parts.lines).toEqual([`wanted ${'f'.repeat(64)}`, `found  ${SHA256}`])
  expect(await readdir(join(it.cache, 'sources'))).toEqual([])
})

test('an address with wrong bytes is passed over for a mirror, and told when no other has them', async () => {
  const [login, good, missing] = [
    await serve((_, response) => response.end('<html>')),
    await serve(whole),
    await serve(status(404)),
  ]
  const it = wanted([`${login.url}/a`, `${good.url}/a`])
  await download(it)
  expect(await readFile(it.file)).toEqual(CONTENT)
  const failure = await failureOf(download(wanted([`${missing.url}/a`, `${login.url}/a`])))
  expect(failure).toMatchObject({ kind: 'user', parts: { fact: `${login.url}/a has the wrong sha256` } })
  expect(failure.parts.lines?.at(-1)).toBe(`${missing.url}/a: HTTP 404`)
})

test('a damaged part costs one more transfer, and no question', async () => {
  const { url, asked } = await serve(whole)
  const it = wanted([`${url}/a`])
  const file = join(it.cache, 'x')
  await writeFile(`${file}.part`, 'rubbish')
  await download({ ...it, file })
  expect(await readFile(file)).toEqual(CONTENT)
  expect(asked).toEqual(['/a bytes=7-', '/a -'])
})

test('addresses are tried in order, and the last failure names them all', async () => {
  const [missing, forbidden] = [await serve(status(404)), await serve(status(403))]
  const failure = await failureOf(download(wanted([`${missing.url}/a`, `${forbidden.url}/b`])))
  expect(failure.reason).toBe('unavailable')
  expect(failure.parts.lines).toEqual([`${missing.url}/a: HTTP 404`, `${forbidden.url}/b: HTTP 403`])
})

test('a file’s own compression is not taken for the transfer’s', async () => {
  const { url } = await serve(({ headers }, response) => {
    const encodings = String(headers['accept-encoding'])
    response.setHeader('content-type', encodings)
    if (encodings !== 'identity') response.setHeader('content-encoding', 'gzip')
    response.end(CONTENT)
  })
  const it = wanted([`${url}/a`])
  await download(it)
  expect(await readFile(it.file)).toEqual(CONTENT)
})

/** Takes the connection and says nothing. */
const silent: Handler = () => undefined
const never = new AbortController().signal

describe('silence', () => {
  test('all addresses of a source have their time within that of the source', async () => {
    const hosts = await Promise.all([1, 2, 3, 4].map(() => serve(silent)))
    const urls = hosts.map(({ url }) => `${url}/a`)
    const { answer, refused } = await firstAnswer(urls, 0, never, { connect: 800, each: 400 })
    expect(answer).toBeUndefined()
    expect(refused.map(({ url }) => url)).toEqual(urls)
    for (const { reason, silent: none } of refused)
      expect([reason, none]).toEqual([expect.stringMatching(/^no answer in [01] s$/), true])
    expect(hosts.map(({ asked }) => asked.length)).toEqual([1, 1, 1, 1])
  })

  test('a mirror is asked while the first address is silent, and that is asked no more', async () => {
    const left = Promise.withResolvers<string>()
    const [slow, mirror] = [
      await serve((request) => void request.on('close', () => left.resolve('left'))),
      await serve(whole),
    ]
    const urls = [`${slow.url}/a`, `${mirror.url}/b`]
    const { answer, refused } = await firstAnswer(urls, 0, never, { connect: 60_000, each: 59_950 })
    expect([answer?.url, refused]).toEqual([urls[1], []])
    expect(await left.promise).toBe('left')
    expect((await answer?.response.arrayBuffer())?.byteLength).toBe(CONTENT.length)
  })

  test('an answer whose bytes are late is an answer', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length }).flushHeaders()
      setTimeout(() => response.end(CONTENT), 500)
    })
    const { answer } = await firstAnswer([`${url}/a`], 0, never, { connect: 250, each: 250 })
    expect((await answer?.response.arrayBuffer())?.byteLength).toBe(CONTENT.length)
  })
})

describe('memory of hosts', () => {
  test('one that does not answer is not asked again for an hour, or until somebody asks to forget', async () => {
    const dead = await nobody()
    const it = wanted([`${dead}/a`])
    const first = await failureOf(download(it))
    expect(first.parts.lines?.join()).toContain('ECONNREFUSED')
    const second = await failureOf(download({ ...it, urls: [`${dead}/other`] }))
    expect(second.parts.lines?.join()).toMatch(/\/other: .*ECONNREFUSED.* \(found 0 min ago\)/)
    const [name = ''] = await readdir(join(it.cache, 'unreachable'))
    const longAgo = new Date(Date.now() - 3_700_000)
    await utimes(join(it.cache, 'unreachable', name), longAgo, longAgo)
    expect((await failureOf(download(it))).parts.lines?.join()).not.toContain('min ago')
    await forgetUnreachable(it.cache)
    expect((await failureOf(download(it))).parts.lines?.join()).not.toContain('min ago')
  })

  test('is kept although a part of the file is here', async () => {
    const it = wanted([`${await nobody()}/a`])
    const file = join(it.cache, 'x')
    await writeFile(`${file}.part`, 'part')
    await failureOf(download({ ...it, file }))
    expect(await readdir(join(it.cache, 'unreachable'))).toHaveLength(1)
    expect(await readFile(`${file}.part`, 'utf8')).toBe('part')
  })

  test('one that lacks a file, or breaks off, is asked for the next', async () => {
    const it = wanted([])
    const handlers: Readonly<Record<string, Handler>> = {
      '/missing': status(404),
      '/broken': brokenAt(`${it.file}.part`),
      '/there': whole,
    }
    const { url, asked } = await serve((request, response) => handlers[request.url ?? '']?.(request, response))
    await failureOf(download({ ...it, urls: [`${url}/missing`] }))
    await failureOf(download({ ...it, urls: [`${url}/broken`] }))
    await download({ ...it, urls: [`${url}/there`] })
    expect(asked.map((request) => request.split(' ')[0])).toEqual(['/missing', '/broken', '/there'])
    expect(existsSync(join(it.cache, 'unreachable'))).toBe(false)
  })
})

describe('an abort', () => {
  test('in the middle is an interruption and keeps the part', async () => {
    const control = new AbortController()
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length })
      response.write(CONTENT.subarray(0, 20_000))
    })
    const it = wanted([`${url}/a`, `${url}/b`], { signal: control.signal, onBytes: () => control.abort() })
    expect((await failureOf(download(it))).kind).toBe('interrupted')
    expect(existsSync(join(it.cache, 'unreachable'))).toBe(false)
    expect(await readdir(join(it.cache, 'sources'))).toEqual(['linux.tar.xz.part'])
  })

  test('before the start asks nobody', async () => {
    const { url, asked } = await serve(whole)
    const failure = await failureOf(download(wanted([`${url}/a`], { signal: AbortSignal.abort() })))
    expect(failure.kind).toBe('interrupted')
    expect(asked).toEqual([])
  })
})
