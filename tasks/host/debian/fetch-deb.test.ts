import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { hashText } from '../../engine/fingerprint.ts'
import { failureOf } from '../../test/caught.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { serve, SigningKey, suite, type Files, type Handler } from './archive.fixture.ts'
import { debName, poolDirectories, type Archive } from './archives.ts'
import { fetchDeb } from './fetch-deb.ts'
import { retryAfter } from './snapshot.ts'
import { needsProgram } from '../../test/needs.ts'

// Each question to apt is a program of its own; a loaded host needs seconds for it.
vi.setConfig({ testTimeout: 120_000 })

// A name that the host's index does not have: what it offers instead is not the test's business.
const GPG = needsProgram('gpg', '--version', 'gnupg')
const [NAME, VERSION] = ['linux-image-0.1.0-9-labtest-amd64', '0.1.176-1+b1']
const CONTENT = Buffer.from('a package\n'.repeat(2000))
const SHA256 = hashText(CONTENT)
const SHA1 = '0123456789abcdef0123456789abcdef01234567'
const POOL = 'pool/main/l/linux-signed-amd64'

const DEB = debName(NAME, VERSION)

/** The archives, each with the files that it has. */
async function archivesWith(files: Partial<Record<Archive['name'], Files>>) {
  const order = ['main', 'security', 'archive', 'snapshot'] as const
  const servers = await Promise.all(order.map(async (name) => ({ name, ...(await serve(files[name] ?? {})) })))
  const list = servers.filter(({ name }) => files[name] !== undefined)
  return {
    list,
    all: servers,
    asked: (name: Archive['name']) => servers.find((server) => server.name === name)?.asked ?? [],
  }
}

/** snapshot.debian.org with the file, as its interface has it. */
const snapshot = (more: Files = {}): Files => ({
  [`mr/binary/${NAME}/${VERSION}/binfiles`]: Buffer.from(
    JSON.stringify({
      result: [
        { hash: 'f'.repeat(40), architecture: 'arm64' },
        { hash: SHA1, architecture: 'amd64' },
      ],
    }),
  ),
  [`file/${SHA1}`]: CONTENT,
  ...more,
})

function wanted(dir: string, more: object = {}) {
  const { signal } = new AbortController()
  const common = { package: NAME, version: VERSION, sha256: SHA256, place: 'kernel k', signal }
  return { ...common, cache: dir, file: join(dir, 'sources/x.deb'), onBytes: () => undefined, ...more }
}

const fetched = (dir: string) => readFileSync(join(dir, 'sources/x.deb')).equals(CONTENT)

describe('a package is found', () => {
  test('in the main archive; no other is asked', async () => {
    const dir = tempDir()
    const { all: list, asked } = await archivesWith({ main: { [`${POOL}/${DEB}`]: CONTENT } })
    await fetchDeb(wanted(dir), list)
    expect(fetched(dir)).toBe(true)
    expect([asked('security'), asked('archive'), asked('snapshot')]).toEqual([[], [], []])
  })

  test('in security, below its own directories, when it left main', async () => {
    const dir = tempDir()
    const path = `pool/updates/main/l/linux-signed-0.1-amd64/${DEB}`
    const { all: list, asked } = await archivesWith({ security: { [path]: CONTENT } })
    await fetchDeb(wanted(dir), list)
    expect(fetched(dir)).toBe(true)
    expect(asked('main').length).toBeGreaterThan(0)
    expect(asked('snapshot')).toEqual([])
  })

  test('in the archive of suites that left the mirrors', async () => {
    const dir = tempDir()
    const { list } = await archivesWith({ archive: { [`pool/main/l/linux/${DEB}`]: CONTENT } })
    await fetchDeb(wanted(dir), list)
    expect(fetched(dir)).toBe(true)
  })

  test('in snapshot alone', async () => {
    const dir = tempDir()
    const { list, asked } = await archivesWith({ snapshot: snapshot() })
    await fetchDeb(wanted(dir), list)
    expect(fetched(dir)).toBe(true)
    expect(asked('snapshot')).toEqual([`mr/binary/${NAME}/${VERSION}/binfiles`, `file/${SHA1}`])
  })

  test('at a mirror of the lab file first', async () => {
    const dir = tempDir()
    const own = await serve({ [`pool/main/l/linux-signed-amd64/${DEB}`]: CONTENT })
    const { list, asked } = await archivesWith({ main: { [`${POOL}/${DEB}`]: CONTENT } })
    await fetchDeb(wanted(dir, { mirrors: [own.base] }), list)
    expect(fetched(dir)).toBe(true)
    expect(asked('main')).toEqual([])
  })
})

test('snapshot that wants to be asked later is asked later, as often as it says so', async () => {
  const dir = tempDir()
  let busy = 2
  const file: Handler = (_request, response) => {
    if (busy-- > 0) response.writeHead(429, { 'retry-after': '0' }).end()
    else response.writeHead(200).end(CONTENT)
  }
  const { list, asked } = await archivesWith({ snapshot: snapshot({ [`file/${SHA1}`]: file }) })
  await fetchDeb(wanted(dir), list)
  expect(fetched(dir)).toBe(true)
  expect(asked('snapshot').filter((path) => path.startsWith('file/'))).toHaveLength(3)
})

test('a transfer from snapshot that was cut off goes on where it ended', async () => {
  const dir = tempDir()
  const ranges: (string | undefined)[] = []
  const file: Handler = ({ headers: { range } }, response) => {
    ranges.push(range)
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    response.writeHead(from > 0 ? 206 : 200).end(CONTENT.subarray(from))
  }
  const { list } = await archivesWith({ snapshot: snapshot({ [`file/${SHA1}`]: file }) })
  const target = wanted(dir)
  mkdirSync(join(dir, 'sources'))
  writeFileSync(`${target.file}.snapshot`, CONTENT.subarray(0, 5000))
  await fetchDeb(target, list)
  expect(fetched(dir)).toBe(true)
  expect(ranges).toEqual(['bytes=5000-'])
})

test('an archive with other bytes, or with too few, does not count: the next one is asked', async () => {
  const dir = tempDir()
  const { list } = await archivesWith({
    main: { [`${POOL}/${DEB}`]: Buffer.from('a login page') },
    security: { [`pool/updates/main/l/linux-signed-amd64/${DEB}`]: CONTENT.subarray(0, 100) },
    snapshot: snapshot(),
  })
  await fetchDeb(wanted(dir), list)
  expect(fetched(dir)).toBe(true)
})

test('snapshot that delivers other bytes is refused, and the next try does not go on behind them', async () => {
  const dir = tempDir()
  const ranges: (string | undefined)[] = []
  const answers = [Buffer.from('a login page'), CONTENT]
  const file: Handler = ({ headers: { range } }, response) => {
    ranges.push(range)
    response.writeHead(200).end(answers.shift())
  }
  const { list } = await archivesWith({ snapshot: snapshot({ [`file/${SHA1}`]: file }) })
  const failure = await failureOf(fetchDeb(wanted(dir), list))
  expect(failure.reason).toBe('wrong-bytes')
  expect(failure.parts.lines?.join('\n')).toContain(`wanted ${SHA256}`)
  expect(existsSync(wanted(dir).file)).toBe(false)
  await fetchDeb(wanted(dir), list)
  expect(fetched(dir)).toBe(true)
  expect(ranges).toEqual([undefined, undefined])
})

test('snapshot that never stops asking for patience is given up, and the message says so', async () => {
  const busy: Handler = (_request, response) => response.writeHead(429, { 'retry-after': '0' }).end()
  const { list, asked } = await archivesWith({ snapshot: snapshot({ [`file/${SHA1}`]: busy }) })
  const failure = await failureOf(fetchDeb(wanted(tempDir()), list))
  expect(failure.reason).toBe('unavailable')
  expect(failure.parts.lines?.[0]).toMatch(
    /^snapshot .*: HTTP 429 \(5 times, each after the pause that it asked for\)$/,
  )
  expect(asked('snapshot').filter((path) => path.startsWith('file/'))).toHaveLength(5)
})

test.each<[string, Files, RegExp]>([
  [
    'is down',
    { [`mr/binary/${NAME}/${VERSION}/binfiles`]: (_, response) => response.writeHead(502).end() },
    /HTTP 502/,
  ],
  [
    'answers with a page',
    { [`mr/binary/${NAME}/${VERSION}/binfiles`]: Buffer.from('<html>maintenance</html>') },
    /JSON|Unexpected/,
  ],
  [
    'has the package for another architecture alone',
    {
      [`mr/binary/${NAME}/${VERSION}/binfiles`]: Buffer.from(
        JSON.stringify({ result: [{ hash: SHA1, architecture: 'arm64' }] }),
      ),
    },
    /names no file for amd64/,
  ],
])('snapshot that %s is named with that', async (_, more, reason) => {
  const { list } = await archivesWith({ snapshot: snapshot(more) })
  const failure = await failureOf(fetchDeb(wanted(tempDir()), list))
  expect(failure.reason).toBe('unavailable')
  expect(failure.parts.lines?.[0]).toMatch(reason)
})

test('other bytes and nothing else: the user is told of the sha256, and nothing is kept', async () => {
  const dir = tempDir()
  const { list } = await archivesWith({ main: { [`${POOL}/${DEB}`]: Buffer.from('a login page') }, security: {} })
  const failure = await failureOf(fetchDeb(wanted(dir), list))
  expect(failure.kind).toBe('user')
  expect(failure.parts.fact).toContain('has the wrong sha256')
  expect(failure.parts.lines?.join('\n')).toMatch(/^security .*: it does not have this version$/m)
  expect(existsSync(wanted(dir).file)).toBe(false)
})

test('nobody has it: every archive is named with its reason, and a fallback may be taken', async () => {
  const dir = tempDir()
  const { all: list } = await archivesWith({})
  const failure = await failureOf(fetchDeb(wanted(dir), list))
  expect(failure.reason).toBe('unavailable')
  expect(failure.parts.fact).toBe(`no archive delivers ${NAME} ${VERSION}`)
  expect(failure.parts.lines?.map((line) => line.replace(/\(.*\)/, '()'))).toEqual([
    'main (): it does not have this version',
    'security (): it does not have this version',
    'archive (): it does not have this version',
    'snapshot (): it never had this version',
  ])
})

describe('an archive that does not deliver', () => {
  const pool = `${POOL}/${DEB}`
  const later: Handler = (_request, response) => response.writeHead(429, { 'retry-after': '0' }).end()
  const cutOff: Handler = (_request, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length })
    response.write(CONTENT.subarray(0, 5000), () => response.destroy())
  }
  test.each<[string, Handler, RegExp]>([
    ['wants to be asked later', later, /^main .*: .*429/],
    ['breaks off in the middle', cutOff, /^main .*: .+/],
  ])('and %s is passed over, and named where nobody else has the file', async (_name, handler, reason) => {
    const dir = tempDir()
    const { list } = await archivesWith({ main: { [pool]: handler }, archive: { [pool]: CONTENT } })
    await fetchDeb(wanted(dir), list)
    expect(fetched(dir)).toBe(true)
    const alone = await archivesWith({ main: { [pool]: handler } })
    const failure = await failureOf(fetchDeb(wanted(tempDir()), alone.list))
    expect(failure.reason).toBe('unavailable')
    expect(failure.parts.lines?.[0]).toMatch(reason)
  })

  test('is snapshot, which breaks off: what came is kept, and the next try goes on behind it', async () => {
    const dir = tempDir()
    const ranges: (string | undefined)[] = []
    const part = `${wanted(dir).file}.snapshot`
    const file: Handler = (request, response) => {
      ranges.push(request.headers.range)
      if (request.headers.range !== undefined) return void response.writeHead(206).end(CONTENT.subarray(5000))
      response.writeHead(200, { 'content-length': CONTENT.length }).write(CONTENT.subarray(0, 5000))
      const arrived = setInterval(() => {
        if (!existsSync(part) || statSync(part).size < 5000) return
        clearInterval(arrived)
        response.destroy()
      }, 20)
    }
    const { list } = await archivesWith({ snapshot: snapshot({ [`file/${SHA1}`]: file }) })
    const failure = await failureOf(fetchDeb(wanted(dir), list))
    expect(failure.parts.lines?.[0]).toMatch(/^snapshot /)
    await fetchDeb(wanted(dir), list)
    expect(fetched(dir)).toBe(true)
    expect(ranges).toEqual([undefined, 'bytes=5000-'])
  })
})

test('nobody has it: what the suite has instead is named, and what changes with it', GPG, async () => {
  const key = new SigningKey()
  vi.stubEnv('LAB_DEBIAN_KEYRING', key.ring)
  const record = (name: string, version: string) => `Package: ${name}\nVersion: ${version}\nArchitecture: amd64`
  const files = suite(
    'sid',
    [record('linux-image-0.1.0-10-labtest-amd64', '0.1.180-1'), record('linux-image-0.2.0-1-labtest-amd64', '0.2.1-1')],
    key,
  )
  const { list } = await archivesWith({ main: files })
  const { parts } = await failureOf(fetchDeb(wanted(tempDir()), list))
  expect(parts.lines).toContain('there is linux-image-0.1.0-10-labtest-amd64 0.1.180-1')
  expect(parts.lines?.join('\n')).not.toContain('0.2.1')
  expect(parts.wayOut).toContain('`lab kernels add linux-image-0.1.0-10-labtest-amd64`')
  expect(parts.wayOut).toContain('not pooled')
})

test.each([
  ['0.1.107-1', NAME, 'linux-image-0.1.0-9-labtest-amd64 0.1.170-1'],
  ['0.1.180-1', 'linux-image-0.1.0-9-labtset-amd64', 'linux-image-0.1.0-9-labtest-amd64 0.1.180-1'],
])('version %s of %s is mistyped: the nearest one is named', GPG, async (version, name, nearest) => {
  const key = new SigningKey()
  vi.stubEnv('LAB_DEBIAN_KEYRING', key.ring)
  const records = ['0.1.170-1', '0.1.180-1', '0.1.200-1'].map(
    (each) => `Package: linux-image-0.1.0-9-labtest-amd64\nVersion: ${each}\nArchitecture: amd64`,
  )
  const { list } = await archivesWith({ main: suite('sid', records, key) })
  const { parts } = await failureOf(fetchDeb({ ...wanted(tempDir()), package: name, version }, list))
  expect(parts.fact).toBe(`no archive delivers ${name} ${version}`)
  expect(parts.wayOut).toMatch(new RegExp(`^did you mean ${nearest.replaceAll('.', '\\.')}\\?`))
})

test('how long a server wants to be left alone: seconds, a date, nothing, nonsense, a day', () => {
  const now = Date.parse('2026-11-29T12:00:00Z')
  expect(retryAfter('7', now)).toBe(7)
  expect(retryAfter('Sun, 29 Nov 2026 12:00:30 GMT', now)).toBe(30)
  expect(retryAfter('Sun, 29 Nov 2026 11:00:00 GMT', now)).toBe(0)
  expect([retryAfter(null, now), retryAfter('soon', now), retryAfter('86400', now)]).toEqual([10, 10, 120])
})

test('the directories of the pool', () => {
  expect(poolDirectories('linux-source-6.1', 'main')).toEqual(['pool/main/l/linux'])
  expect(poolDirectories('linux-source-6.1', 'security')).toEqual([
    'pool/updates/main/l/linux',
    'pool/updates/main/l/linux-6.1',
  ])
  expect(poolDirectories('linux-image-6.1.0-50-cloud-amd64', 'main')[0]).toBe('pool/main/l/linux-signed-amd64')
  expect(debName('linux-source-6.1', '1:6.1.176-1')).toBe('linux-source-6.1_6.1.176-1_all.deb')
})
