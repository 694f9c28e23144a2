/** `lab cache`: kernels and images between caches, through a directory and through a real sshd. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { FIRST_LINE, type Head } from '../build/share/head.ts'
import { kernelFingerprint } from '../build/kernel/identity.ts'
import { HOST, TOOL_ROOT } from '../commands/shared/app.ts'
import { openLab } from '../config/open.ts'
import { fingerprintOf, type Fingerprint, type Inputs } from '../engine/fingerprint.ts'
import { testContext } from './context.ts'
import { MOUNTS, NAMESPACE } from './namespace.ts'
import { Rig, type Ended } from './rig.ts'
import { SSH_HOST, sshHost, type SshHost } from './ssh-host.ts'
import { tempDir } from './temp-dir.ts'

const LAB = `lab: shared
kernels:
  debian:
    source:
      prebuilt: linux-image-6.1.0-50-cloud-amd64
      version: 6.1.176-1
      sha256: efe19f605b6f54a8352e68d85a629abb2d30b72a085faef603a9152590baa791
  built:
    source:
      package: linux-source-5.10
      suite: bullseye
      version: 5.10.223-1
      sha256: f733d27d239d65598d96d7a72f71ac50f49f2380192a1b3b4ca2f5ad5144dd63
images:
  minimal: { recipe: lab:minimal }
vms:
  default: { kernel: debian, image: minimal }
`

const rig = new Rig(false)
const cache = join(rig.dir, 'cache')
/** The entry of kernel debian, and that of kernel built. */
let debian: { fingerprint: Fingerprint; inputs: Inputs }
let built: { fingerprint: Fingerprint; inputs: Inputs }

const FILES: Readonly<Record<string, Buffer>> = {
  bzImage: Buffer.from('a kernel '.repeat(2000)),
  // Holes: at the beginning, in the middle, at the end.
  vmlinux: Buffer.concat([Buffer.alloc(40_000), Buffer.from('text'), Buffer.alloc(300_000)]),
  empty: Buffer.alloc(0),
  'headers/include/linux/fs.h': Buffer.from('#pragma once\n'),
}

/** Puts an entry into a store, as a build does. */
async function plant(into: string, { fingerprint, inputs }: typeof debian, files = FILES): Promise<string> {
  const { dir } = await testContext(into).store.put('kernel', fingerprint, inputs, async (partial) => {
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(join(partial, name, '..'), { recursive: true })
      writeFileSync(join(partial, name), bytes)
    }
    chmodSync(join(partial, 'vmlinux'), 0o755)
    writeFileSync(join(partial, '.bytes'), 'of this host')
  })
  return dir
}

/** An entry as a forger writes it. */
function forge(file: string, change: (head: Head, bytes: Buffer) => readonly [unknown, Buffer]): void {
  const plain = zstdDecompressSync(readFileSync(file).subarray(FIRST_LINE.length))
  const end = plain.indexOf(0x0a)
  const [head, bytes] = change(JSON.parse(plain.subarray(0, end).toString()) as Head, plain.subarray(end + 1))
  const stream = zstdCompressSync(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), bytes]))
  writeFileSync(file, Buffer.concat([Buffer.from(FIRST_LINE), stream]))
}

const entryIn = (dir: string, { fingerprint }: { fingerprint: string } = debian): string =>
  join(dir, `kernel-${fingerprint.slice(0, 32)}.entry`)
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Pushes kernel debian to a directory of its own. */
async function pushed(): Promise<string> {
  const dir = join(tempDir(), 'shared')
  const { status, stderr } = await rig.lab(['cache', 'push', dir, 'debian'], { LAB_CACHE_DIR: cache })
  expect(status, stderr).toBe(0)
  return dir
}

/** Pulls kernel debian into an empty cache. */
async function pull(place: string, env: Readonly<Record<string, string>> = {}): Promise<Ended & { into: string }> {
  const into = join(tempDir(), 'cache')
  return { ...(await rig.lab(['cache', 'pull', place, 'debian'], { LAB_CACHE_DIR: into, ...env })), into }
}

const stored = (into: string): string[] => {
  const dir = join(into, 'store/kernel')
  return existsSync(dir) ? readdirSync(dir) : []
}

beforeAll(async () => {
  rig.write('lab.yaml', LAB)
  const { lab } = openLab({ cwd: rig.dir, toolRoot: TOOL_ROOT, host: HOST })
  const context = { ...testContext(cache), toolRoot: TOOL_ROOT }
  const of = async (name: string) => {
    const kernel = lab.kernels[name]
    if (kernel === undefined) throw new Error(name)
    const { fingerprint, inputs } = await kernelFingerprint(kernel, context)
    return { fingerprint, inputs }
  }
  debian = await of('debian')
  built = await of('built')
  await plant(cache, debian)
})
afterAll(() => rig.remove())

interface Place {
  readonly address: string
  /** The same directory, as this host sees it. */
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
}

async function ssh(small?: string): Promise<SshHost> {
  const host = await sshHost(small)
  onTestFinished(() => host.close())
  return host
}

describe.each([
  ['a directory', {}, async (dir: string): Promise<Place> => ({ address: dir, dir, env: {} })],
  [
    'a directory of another host',
    SSH_HOST,
    async (dir: string): Promise<Place> => {
      const { address, config } = await ssh()
      return { address: `${address}${dir}`, dir, env: { LAB_SSH_CONFIG: config } }
    },
  ],
])('through %s', (_, options, placeIn) => {
  test('a kernel arrives whole; what is there already is not sent again', options, async () => {
    const { address, dir, env } = await placeIn(join(tempDir(), 'new/shared'))
    const own = { ...env, LAB_CACHE_DIR: cache }
    const push = await rig.lab(['cache', 'push', address], own)
    expect(push.status, push.stderr).toBe(0)
    expect(push.stdout).toMatch(/^pushed +kernel debian /m)
    expect(push.stdout).toMatch(/^not built here +kernel built /m)
    expect((await rig.lab(['cache', 'push', address], own)).stdout).toMatch(/^already there +kernel debian /m)
    expect((await rig.lab(['cache', 'list', address], own)).stdout).toMatch(/^kernel +[0-9a-f]{12} .* debian/m)
    expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual([])

    const { status, stdout, stderr, into } = await pull(address, env)
    expect(status, stderr).toBe(0)
    expect(stdout).toMatch(/^pulled +kernel debian /m)
    expect(stdout).toContain('no lab.lock says')
    const entry = join(into, 'store/kernel', debian.fingerprint.slice(0, 32))
    for (const [name, bytes] of Object.entries(FILES)) expect(readFileSync(join(entry, name))).toEqual(bytes)
    expect(statSync(join(entry, 'vmlinux')).mode & 0o777).toBe(0o755)
    expect(statSync(join(entry, 'vmlinux')).blocks).toBeLessThan(40)
    expect(existsSync(join(entry, '.bytes'))).toBe(false)
    const again = await rig.lab(['cache', 'pull', address], { ...env, LAB_CACHE_DIR: into })
    expect(again.stdout).toMatch(/^already here +kernel debian /m)
    expect(again.stdout).toMatch(/^not there +kernel built .*\n +there is no kernel of the same source$/m)
  })

  test('two who push the same kernel at once both succeed, and one entry stays', options, async () => {
    const { address, dir, env } = await placeIn(join(tempDir(), 'shared'))
    const both = [0, 1].map(() => rig.lab(['cache', 'push', address, 'debian'], { ...env, LAB_CACHE_DIR: cache }))
    for (const { status, stderr } of await Promise.all(both)) expect(status, stderr).toBe(0)
    expect(readdirSync(dir).toSorted()).toEqual(
      ['entry', 'json'].map((end) => `kernel-${debian.fingerprint.slice(0, 32)}.${end}`),
    )
    expect((await pull(address, env)).status).toBe(0)
  })

  test('an entry that was damaged on the way there is not taken', options, async () => {
    const { address, dir, env } = await placeIn(await pushed())
    truncateSync(entryIn(dir), statSync(entryIn(dir)).size - 20)
    const { status, stderr, into } = await pull(address, env)
    expect(status, stderr).toBe(69)
    expect(stderr).toContain('this entry is damaged, or lab did not write it')
    expect(stored(into)).toEqual([])
  })
})

const twice = (head: Head) => ({ ...head, files: [...head.files, ...head.files] })
const withFile = (head: Head, path: string) => {
  const [first, ...rest] = head.files
  return { ...head, files: [{ ...first, path }, ...rest] }
}

test.each<[string, (file: string) => void, RegExp, number]>([
  [
    'a changed bit',
    (file) => {
      const bytes = readFileSync(file)
      bytes[bytes.length - 30] = (bytes.at(-30) ?? 0) ^ 1
      writeFileSync(file, bytes)
    },
    /damaged/,
    69,
  ],
  ['an empty file', (file) => truncateSync(file, 0), /its first line is not/, 69],
  ['another file', (file) => writeFileSync(file, 'A text.\n'), /its first line is not/, 69],
  ['a format of the future', (file) => writeFileSync(file, 'lab cache entry 7\n...'), /has format 7/, 2],
  ['another file in it', (file) => forge(file, (head, bytes) => [head, bytes.fill(0x41, 0, 9)]), /another SHA-256/, 69],
  ['one file too few', (file) => forge(file, (head, bytes) => [head, bytes.subarray(0, -3)]), /ends within/, 69],
  [
    'one file too many',
    (file) => forge(file, (head, bytes) => [head, Buffer.concat([bytes, Buffer.from('x')])]),
    /longer than its head says/,
    69,
  ],
  ['a file twice', (file) => forge(file, (head, bytes) => [twice(head), bytes]), /a path occurs twice/, 69],
  ['other inputs', (file) => forge(file, (head, bytes) => [{ ...head, inputs: {} }, bytes]), /other fingerprint/, 69],
  [
    'another kernel under its name',
    (file) =>
      forge(file, (head, bytes) => [{ ...head, inputs: { a: 'b' }, fingerprint: fingerprintOf({ a: 'b' }) }, bytes]),
    /it holds kernel [0-9a-f]{12}/,
    69,
  ],
  ...['../../outside', '/etc/outside', 'a/../../b', '.hidden', 'a//b', 'inputs.json'].map(
    (path): [string, (file: string) => void, RegExp, number] => [
      `the path ${path}`,
      (file) => forge(file, (head, bytes) => [withFile(head, path), bytes]),
      /is not a path of an entry/,
      69,
    ],
  ),
])('%s is refused, and nothing of it is kept', async (_, damage, words, code) => {
  const dir = await pushed()
  damage(entryIn(dir))
  const { status, stderr, into } = await pull(dir)
  expect(stderr).toMatch(words)
  expect(stderr).toContain(entryIn(dir))
  expect(status).toBe(code)
  expect(stored(into)).toEqual([])
})

test('an entry that is whole and not that of lab.lock is refused', async () => {
  const dir = await pushed()
  const locked = new Rig(false)
  onTestFinished(() => locked.remove())
  locked.write('lab.yaml', LAB)
  const lock = (contents: string) =>
    locked.write(
      'lab.lock',
      JSON.stringify({
        format: 1,
        day: '2026-11-30',
        tools: {},
        kernels: {
          debian: { source: {}, fingerprint: debian.fingerprint, bzImage: sha256(FILES['bzImage']!), contents },
        },
        images: {},
      }),
    )
  const note = JSON.parse(readFileSync(entryIn(dir).replace('.entry', '.json'), 'utf8')) as { contents: string }
  const env = { LAB_CACHE_DIR: join(tempDir(), 'cache') }
  lock('0'.repeat(64))
  const refused = await locked.lab(['cache', 'pull', dir, 'debian'], env)
  expect(refused.stderr).toContain('this is not the kernel debian of lab.lock')
  expect(refused.stderr).toContain(note.contents)
  expect(refused.status).toBe(69)
  expect(stored(env.LAB_CACHE_DIR)).toEqual([])
  lock(note.contents)
  const { status, stdout } = await locked.lab(['cache', 'pull', dir, 'debian'], env)
  expect(status).toBe(0)
  expect(stdout).not.toContain('no lab.lock says')
})

test('a kernel that was built with another compiler does not fit, and the message says so', async () => {
  const other = join(tempDir(), 'cache')
  const inputs = { ...built.inputs, gcc: 'gcc 99' }
  await plant(other, { fingerprint: fingerprintOf(inputs), inputs })
  const dir = join(tempDir(), 'shared')
  const inThere = join(tempDir(), 'cache')
  await plant(inThere, built)
  expect((await rig.lab(['cache', 'push', dir, 'built'], { LAB_CACHE_DIR: inThere })).status).toBe(0)
  // As if the other host had pushed it: a note and an entry of other inputs.
  const note = JSON.parse(readFileSync(entryIn(dir, built).replace('.entry', '.json'), 'utf8')) as object
  renameSync(entryIn(dir, built), entryIn(dir, { fingerprint: fingerprintOf(inputs) }))
  writeFileSync(
    entryIn(dir, { fingerprint: fingerprintOf(inputs) }).replace('.entry', '.json'),
    JSON.stringify({ ...note, inputs }),
  )
  const { status, stderr } = await rig.lab(['cache', 'pull', dir, 'built'], { LAB_CACHE_DIR: join(tempDir(), 'c') })
  expect(status).toBe(69)
  expect(stderr).toMatch(/built with another toolchain: gcc \(gcc 99 there, .* here\)/)
})

test('a kernel that has changed in the store is not pushed', async () => {
  const own = join(tempDir(), 'cache')
  writeFileSync(join(await plant(own, debian), 'headers/include/linux/fs.h'), '')
  const dir = join(tempDir(), 'shared')
  const first = await rig.lab(['cache', 'push', dir, 'debian'], { LAB_CACHE_DIR: own })
  // The store keeps no hashes of files in subdirectories, so those travel as they are.
  expect(first.status).toBe(0)
  appendFileSync(join(own, 'store/kernel', debian.fingerprint.slice(0, 32), 'bzImage'), 'x')
  const { status, stderr } = await rig.lab(['cache', 'push', join(tempDir(), 's'), 'debian'], { LAB_CACHE_DIR: own })
  expect(status).toBe(2)
  expect(stderr).toContain('nothing of this lab is built here yet')
})

/** A kernel whose pages do not fit into a megabyte: nothing compresses them. */
async function large(): Promise<string> {
  const own = join(tempDir(), 'cache')
  const blocks = Array.from({ length: 60_000 }, (_, index) => createHash('sha256').update(String(index)).digest())
  await plant(own, debian, { ...FILES, bzImage: Buffer.concat(blocks) })
  return own
}

const FULL = [
  'mkdir -p "$1" && mount -t tmpfs -o size=1m small "$1" && shift && "$@"; status=$?',
  'ls -A "$SMALL" >&2; exit $status',
].join('; ')

test('a full directory is named, and nothing is left in it', MOUNTS, async () => {
  const own = await large()
  const small = join(tempDir(), 'small')
  const [program = '', ...words] = NAMESPACE
  const { status, stderr } = spawnSync(
    program,
    [...words, 'sh', '-c', FULL, 'sh', small, join(TOOL_ROOT, 'lab'), 'cache', 'push', small, 'debian'],
    { cwd: rig.dir, env: { ...process.env, LAB_CACHE_DIR: own, SMALL: small }, encoding: 'utf8' },
  )
  expect(status, stderr).toBe(69)
  expect(stderr).toMatch(/^error: .*the disk is full$/m)
  expect(stderr).toContain(small)
  expect(stderr).not.toMatch(/partial|\.entry/)
})

describe('another host', SSH_HOST, () => {
  test('whose disk is full is named with its room, and nothing is left there', MOUNTS, async () => {
    const own = await large()
    const small = tempDir()
    const { address, config, inside } = await ssh(small)
    const { status, stderr } = await rig.lab(['cache', 'push', `${address}${small}`, 'debian'], {
      LAB_CACHE_DIR: own,
      LAB_SSH_CONFIG: config,
    })
    expect(status, stderr).toBe(69)
    expect(stderr).toContain('the other side did not take the file')
    expect(stderr).toMatch(/100%/)
    expect(readdirSync(inside(small))).toEqual([])
  })

  test.each([
    ['whose key is not known', { UserKnownHostsFile: '/dev/null' }, /the key of 127\.0\.0\.1 is not known here/],
    ['that takes none of our keys', { IdentityFile: '/dev/null' }, /127\.0\.0\.1 takes none of your keys/],
  ])('%s is refused with the way out', async (_, changes, words) => {
    const { address, configure } = await ssh()
    const { status, stderr } = await rig.lab(['cache', 'list', `${address}/srv`], {
      LAB_SSH_CONFIG: configure(changes),
    })
    expect(stderr).toMatch(words)
    expect(status).toBe(69)
  })

  test('whose key has changed is refused', async () => {
    const { address, config, configure } = await ssh()
    const known = /UserKnownHostsFile (.*)/.exec(readFileSync(config, 'utf8'))?.[1] ?? ''
    const [name] = readFileSync(known, 'utf8').split(' ')
    const other = /UserKnownHostsFile (.*)/.exec(readFileSync((await ssh()).config, 'utf8'))?.[1] ?? ''
    const file = join(tempDir(), 'known')
    writeFileSync(file, readFileSync(other, 'utf8').replace(/^\S+/, name ?? ''))
    const { status, stderr } = await rig.lab(['cache', 'list', `${address}/srv`], {
      LAB_SSH_CONFIG: configure({ UserKnownHostsFile: file }),
    })
    expect(stderr).toContain('127.0.0.1 has another key than the one that is known here')
    expect(status).toBe(69)
  })

  test('that does not answer is named', async () => {
    const { address, config, close } = await ssh()
    close()
    const { status, stderr } = await rig.lab(['cache', 'list', `${address}/srv`], { LAB_SSH_CONFIG: config })
    expect(stderr).toContain('127.0.0.1 cannot be reached')
    expect(status).toBe(69)
  })

  test('without the directory is a mistake of the user', async () => {
    const { address, config } = await ssh()
    const { status, stderr } = await rig.lab(['cache', 'list', `${address}${tempDir()}/none`], {
      LAB_SSH_CONFIG: config,
    })
    expect(stderr).toContain('there is no such directory')
    expect(status).toBe(2)
  })
})

/** A kernel that takes hours to pack. */
async function endless(): Promise<string> {
  const own = join(tempDir(), 'cache')
  const dir = await plant(own, debian)
  truncateSync(join(dir, 'bzImage'), 2 ** 40)
  const notes = join(dir, 'contents.json')
  const contents = JSON.parse(readFileSync(notes, 'utf8')) as Record<string, object>
  const { size, mtimeMs } = statSync(join(dir, 'bzImage'))
  writeFileSync(notes, JSON.stringify({ ...contents, bzImage: { ...contents['bzImage'], size, mtimeMs } }))
  return own
}

const partials = (dir: string): string[] =>
  existsSync(dir) ? readdirSync(dir).filter((name) => name.startsWith('.partial-')) : []

test.each([
  ['SIGTERM', 130, 0],
  ['SIGKILL', 128, 1],
] as const)('a push that is ended with %s leaves no entry behind', async (signal, code, left) => {
  const own = await endless()
  const dir = join(tempDir(), 'shared')
  const { child, ended } = rig.start(['cache', 'push', dir, 'debian'], { LAB_CACHE_DIR: own })
  await expect.poll(() => partials(dir), { timeout: 60_000 }).toHaveLength(1)
  child.kill(signal)
  expect((await ended).status).toBe(code)
  expect(readdirSync(dir)).toEqual(partials(dir))
  expect(partials(dir)).toHaveLength(left)
  // Half a file is no entry for whoever looks, and goes when it has been there for a day.
  expect((await rig.lab(['cache', 'list', dir])).stdout).toContain('0 entries')
  for (const name of partials(dir)) renameSync(join(dir, name), join(dir, name.replace(/\d{10}/, '1600000000')))
  expect((await rig.lab(['cache', 'push', dir, 'debian'], { LAB_CACHE_DIR: cache })).status).toBe(0)
  expect(partials(dir)).toEqual([])
})

test.each([
  [['sent', '/srv'], '"sent" is not an action'],
  [['push', '/srv', 'v5.11'], 'there is no kernel or image "v5.11" in the lab'],
  [['list', 'ssh://host'], 'this is not the address of a directory'],
  [['list', 'ssh://-oProxyCommand=x/srv'], 'this is not the address of a directory'],
  [['list', 'ssh://host/a b'], 'this is not the address of a directory'],
  [['list', 'http://host/srv'], 'this is not the address of a directory'],
  [['list', '/nonexistent/x'], 'there is no such directory'],
  [['list', '/etc/passwd'], 'it is not a directory'],
  [['push', '/proc/x', 'debian'], '/proc/x: its directory does not exist'],
])('lab cache %j is refused', async (args, words) => {
  const { status, stderr } = await rig.lab(['cache', ...args], { LAB_CACHE_DIR: cache })
  expect(stderr).toContain(words)
  expect(status).toBe(2)
})
