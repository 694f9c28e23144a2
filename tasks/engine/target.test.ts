/** Output files on real devices, pipes, sockets, directories and links: nothing but a regular file is replaced. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { MOUNTS, NAMESPACE } from '../test/namespace.ts'
import { tempDir } from '../test/temp-dir.ts'
import { beside } from './beside.ts'
import { isStdout, outputPath, targetOf } from './target.ts'

const put = (file: string, content = 'new', signal?: AbortSignal) =>
  beside(tempDir(), file, (partial) => Promise.resolve(writeFileSync(partial, content)), signal)

/** A link to `target` in a directory of its own. */
function linkTo(target: string): string {
  const link = join(tempDir(), 'link')
  symlinkSync(target, link)
  return link
}

/** A file of this kind, made by a program of the host. */
function made(program: string, ...args: string[]): string {
  const file = join(tempDir(), 'out')
  execFileSync(program, [file, ...args])
  return file
}

test('a regular file is replaced and keeps its mode, by its own name and through links', async () => {
  const dir = realpathSync(tempDir())
  const file = join(dir, 'out')
  writeFileSync(file, 'old', { mode: 0o600 })
  chmodSync(file, 0o640)
  const before = statSync(file).ino
  const link = linkTo(linkTo(file))
  await put(link, 'through links')
  expect([readFileSync(file, 'utf8'), lstatSync(link).isSymbolicLink()]).toEqual(['through links', true])
  expect([statSync(file).mode & 0o777, statSync(file).ino === before]).toEqual([0o640, false])
  await put(linkTo(join(dir, 'absent')), 'made')
  expect([readFileSync(join(dir, 'absent'), 'utf8'), readdirSync(dir)]).toEqual(['made', ['absent', 'out']])
})

test('a link with a relative text counts from where the link really is', async () => {
  const dir = realpathSync(tempDir())
  mkdirSync(join(dir, 'a/b'), { recursive: true })
  symlinkSync('a/b', join(dir, 'short'))
  symlinkSync('../out', join(dir, 'a/b/link'))
  expect(await targetOf(join(dir, 'short/link'))).toEqual({ kind: 'file', path: join(dir, 'a/out'), mode: undefined })
})

/** A program whose output is read; it ends with the test at the latest. */
function started(program: string, ...args: string[]) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill())
  return child
}

/**
 * A memory device (mem(4)). Root gets a node of its own: code that is broken must not take /dev/null from the machine.
 * For another user the real one is safe.
 */
function device(name: 'null' | 'full'): string {
  if (process.geteuid?.() !== 0) return `/dev/${name}`
  return made('mknod', 'c', '1', name === 'null' ? '3' : '7')
}

test('a device stays the device that it is, through a link as well', async () => {
  const sink = device('null')
  const { ino, rdev } = statSync(sink)
  const link = linkTo(sink)
  for (const place of [link, sink]) {
    await put(place)
    expect(statSync(sink)).toMatchObject({ ino, rdev })
  }
  expect(readlinkSync(link)).toBe(sink)
})

test('a device without room is reported as that, and nothing is left', async () => {
  const full = device('full')
  const { kind, parts } = await failureOf(put(full))
  expect([kind, parts]).toMatchObject(['lab', { place: full, fact: 'the disk is full' }])
  expect(parts.wayOut).not.toContain('LAB_CACHE_DIR')
  expect(readdirSync(dirname(full)).filter((name) => name.startsWith('.lab-'))).toEqual([])
})

test('a disk is refused', async ({ skip, task }) => {
  if (process.geteuid?.() !== 0) {
    task.meta.reason = 'only root can make device nodes'
    skip()
  }
  const disk = made('mknod', 'b', '7', '99')
  for (const place of [disk, linkTo(disk)])
    expect((await failureOf(put(place))).parts.fact).toBe('it is a disk, and writing to it would destroy what is on it')
  expect(statSync(disk).isBlockDevice()).toBe(true)
})

test('a pipe is written to once it has a reader, of more than it holds', async () => {
  const pipe = made('mkfifo')
  const content = 'x'.repeat(300_000)
  for (const place of [pipe, linkTo(pipe)]) {
    const reader = started('cat', pipe)
    const [read] = await Promise.all([text(reader.stdout), put(place, content)])
    expect([read === content, statSync(pipe).isFIFO()]).toEqual([true, true])
  }
})

test('waiting for a reader of a pipe ends with the command', async () => {
  const control = new AbortController()
  const written = failureOf(put(made('mkfifo'), 'x', control.signal))
  control.abort()
  expect((await written).kind).toBe('interrupted')
})

test('a reader that leaves early is no failure', async () => {
  const pipe = made('mkfifo')
  const reader = started('head', '-c', '1', pipe)
  await Promise.all([once(reader, 'exit'), put(pipe, 'x'.repeat(1_000_000))])
  expect(statSync(pipe).isFIFO()).toBe(true)
})

test('a socket is written to; one where nobody listens is refused', async () => {
  const path = join(tempDir(), 'socket')
  const server = createServer()
  const received = once(server, 'connection').then(([socket]) => text(socket as NodeJS.ReadableStream))
  server.listen(path)
  await once(server, 'listening')
  await put(linkTo(path), 'to a socket')
  expect([await received, statSync(path).isSocket()]).toEqual(['to a socket', true])
  server.close()
  const dead = join(tempDir(), 'dead')
  execFileSync('perl', ['-MIO::Socket::UNIX', '-e', 'IO::Socket::UNIX->new(Local => shift, Listen => 1)', dead])
  expect((await failureOf(put(dead))).parts.fact).toBe('no program listens on this socket')
  expect(statSync(dead).isSocket()).toBe(true)
})

test('directories, circles of links and impossible names are refused in words', async () => {
  const dir = tempDir()
  const never = (file: string) => failureOf(beside(tempDir(), file, () => expect.unreachable('there is no place')))
  for (const place of ['/', dir, linkTo(dir), `${dir}/.`])
    expect(await never(place)).toMatchObject({ kind: 'user', parts: { fact: 'it is a directory' } })
  const circle = join(dir, 'circle')
  symlinkSync(circle, circle)
  expect((await never(circle)).parts.fact).toBe('its links lead in a circle')
  expect((await never(join(dir, 'x'.repeat(300)))).parts.fact).toBe('its name is too long')
  expect((await never(join(dir, 'no/file'))).parts.fact).toBe('its directory does not exist')
  for (const name of ['', 'dir/']) expect(() => outputPath(name)).toThrow('this is not the name of a file')
  expect(readdirSync(dir)).toEqual(['circle'])
})

test('a link of another user in a shared directory is not followed', async ({ skip, task }) => {
  if (process.geteuid?.() !== 0) {
    task.meta.reason = 'only root can make a link of another user'
    skip()
  }
  const shared = tempDir()
  chmodSync(shared, 0o1777)
  chownSync(shared, 4321, 4321)
  const victim = join(tempDir(), 'victim')
  writeFileSync(victim, 'old')
  const link = join(shared, 'link')
  symlinkSync(victim, link)
  execFileSync('chown', ['-h', '1234', link])
  expect((await failureOf(put(link))).parts.fact).toMatch(/^it is a link that belongs to another user \(uid 1234\)/)
  execFileSync('chown', ['-h', '4321', link])
  await put(link)
  expect(readFileSync(victim, 'utf8')).toBe('new')
})

test('standard output by its names', async () => {
  expect(outputPath('-')).toBe('/dev/stdout')
  for (const name of ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1', linkTo('/dev/stdout')])
    expect(await isStdout(name)).toBe(true)
  for (const name of ['/dev/stderr', '/dev/null', '/no/such']) expect(await isStdout(name)).toBe(false)
})

/** Writes "new" to argv[2], as the program does. */
const SCRIPT = `import { writeFileSync } from 'node:fs'
import { beside } from ${JSON.stringify(join(import.meta.dirname, 'beside.ts'))}
const [cache, file] = process.argv.slice(1)
await beside(cache, file, (partial) => Promise.resolve(writeFileSync(partial, 'new'))).catch((error) => { console.log(error.message); process.exitCode = 3 })`
const node = [process.execPath, '--input-type=module-typescript', '-e', SCRIPT]

test('stdout and other descriptors that are files are written where they stand, and not replaced', () => {
  const dir = tempDir()
  for (const [redirection, name] of [
    ['>>', '/dev/stdout'],
    ['9>>', '/dev/fd/9'],
  ]) {
    const file = join(dir, 'log')
    writeFileSync(file, 'before ')
    const { ino } = statSync(file)
    const words = ['sh', '-c', `exec "$@" ${redirection}"$0"`, file, ...node, dir, name ?? '']
    expect(spawnSync(words[0] ?? '', words.slice(1)).status).toBe(0)
    expect([readFileSync(file, 'utf8'), statSync(file).ino]).toEqual(['before new', ino])
  }
})

test('a file that something is mounted on is refused', MOUNTS, () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'file'), 'old')
  writeFileSync(join(dir, 'other'), 'mounted')
  const script = 'mount --bind "$0/other" "$0/file"; exec "$@"'
  const words = [...NAMESPACE, 'sh', '-c', script, dir, ...node, dir, join(dir, 'file')]
  const { status, stdout } = spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' })
  expect([status, stdout]).toEqual([3, `${join(dir, 'file')}: something is mounted there, so it cannot be replaced\n`])
  expect([readFileSync(join(dir, 'file'), 'utf8'), readdirSync(dir)]).toEqual(['old', ['beside', 'file', 'other']])
})

test('a device of another mount namespace stays, whatever is written to it', MOUNTS, () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'null'), '')
  const script = 'mount --bind /dev/null "$0/null" && "$@" && stat -c %F "$0/null"'
  const words = [...NAMESPACE, 'sh', '-c', script, dir, ...node, dir, join(dir, 'null')]
  const { status, stdout } = spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' })
  expect([status, stdout]).toEqual([0, 'character special file\n'])
})
