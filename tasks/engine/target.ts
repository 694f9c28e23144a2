/**
 * Where an output file goes. A regular file, or a name that is still free, is replaced by a rename; a device, a pipe, a
 * socket or a descriptor of ours is written to; a directory or a disk is refused. Nothing but a regular file is ever
 * renamed over: `-o /dev/null` as root would take /dev/null from the whole machine.
 */
import { open, lstat, readlink, realpath, stat, type FileHandle } from 'node:fs/promises'
import { connect } from 'node:net'
import { constants, createReadStream, write, type Stats } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pipeline } from 'node:stream/promises'
import { codeOf, interrupted, userError, type Failure } from './error.ts'
import { printable } from './printable.ts'

export type Target =
  /** Made, or replaced by a rename. `mode` is that of the file that is there. */
  | { readonly kind: 'file'; readonly path: string; readonly mode: number | undefined }
  /** A device or a pipe that has a name. */
  | { readonly kind: 'device' | 'pipe'; readonly path: string }
  | { readonly kind: 'socket'; readonly path: string }
  /** A descriptor that was open when we were started: /dev/stdout, or bash's `>(program)`. */
  | { readonly kind: 'descriptor'; readonly descriptor: number }

/** How many links are followed, as the kernel does (path_resolution(7)). */
const MOST_LINKS = 40

const refused = (path: string, fact: string, wayOut = 'name another file'): Failure =>
  userError({ place: printable(path, 300), fact, wayOut })

/** The path that an option names: "-" is standard output. @throws a user's Failure for the name of a directory */
export function outputPath(text: string): string {
  if (text === '-') return '/dev/stdout'
  if (text === '' || text.endsWith('/')) throw refused(text === '' ? '""' : text, 'this is not the name of a file')
  return resolve(text)
}

/** /proc/PID/fd/N, where /dev/stdout and /dev/fd/N lead: a magic link, which may name what has no path. */
const DESCRIPTOR = /^\/proc\/(\d+)(?:\/task\/\d+)?\/fd\/(\d+)$/

/**
 * In a directory like /tmp anybody can put a link where we are about to write. The kernel refuses to follow such a link
 * (fs.protected_symlinks, proc_sys_fs(5)), but only when it follows it itself; we read links one by one.
 */
async function refuseStrangersLink(path: string, link: Stats): Promise<void> {
  const parent = await stat(dirname(path))
  const shared = (parent.mode & 0o1002) === 0o1002
  if (!shared || link.uid === process.geteuid?.() || link.uid === parent.uid) return
  throw refused(
    path,
    `it is a link that belongs to another user (uid ${link.uid}), in a directory that anybody may write`,
  )
}

function kindOf(path: string, facts: Stats): Target {
  if (facts.isFile()) return { kind: 'file', path, mode: facts.mode & 0o777 }
  if (facts.isFIFO()) return { kind: 'pipe', path }
  if (facts.isSocket()) return { kind: 'socket', path }
  if (facts.isCharacterDevice()) return { kind: 'device', path }
  if (facts.isDirectory()) throw refused(path, 'it is a directory', 'name a file in it')
  throw refused(path, 'it is a disk, and writing to it would destroy what is on it')
}

/**
 * What an output path stands for, links followed.
 * @throws Failure (user) for a directory, a disk, a stranger's link in a shared directory; the system's error for a
 * path that cannot be looked at
 */
export async function targetOf(path: string): Promise<Target> {
  let at = resolve(path)
  for (let links = 0; links <= MOST_LINKS; links++) {
    // The directory's own links first: /dev/fd is one, and "." in a link's text counts from where the link really is.
    at = join(await realpath(dirname(at)), basename(at))
    const [, pid, descriptor] = DESCRIPTOR.exec(at) ?? []
    if (Number(pid) === process.pid) return { kind: 'descriptor', descriptor: Number(descriptor) }
    const facts = await lstat(at).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (facts === undefined) return { kind: 'file', path: at, mode: undefined }
    if (!facts.isSymbolicLink()) return kindOf(at, facts)
    await refuseStrangersLink(at, facts)
    const text = await readlink(at)
    at = isAbsolute(text) ? text : join(dirname(at), text)
  }
  throw refused(path, 'its links lead in a circle')
}

/** Whether a path is our own standard output: then nothing else may be written there. */
export async function isStdout(path: string): Promise<boolean> {
  const target = await targetOf(path).catch(() => undefined)
  return target?.kind === 'descriptor' && target.descriptor === 1
}

/** Time between two looks at a pipe that has no reader yet, or is full. Milliseconds. */
const POLL = 20

const pause = async (signal: AbortSignal | undefined): Promise<void> => {
  await sleep(POLL, undefined, signal && { signal }).catch(() => undefined)
  if (signal?.aborted) throw interrupted()
}

/**
 * Opens what is to be written. A pipe without a reader is waited for, as a shell does, but not in a call that Ctrl-C
 * cannot end.
 */
async function opened(path: string, signal: AbortSignal | undefined): Promise<FileHandle> {
  for (;;)
    try {
      return await open(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    } catch (error) {
      if (codeOf(error) !== 'ENXIO' || !(await stat(path)).isFIFO()) throw error
      await pause(signal)
    }
}

const writeSome = async (descriptor: number, bytes: Buffer): Promise<number> =>
  await new Promise((done, fail) => write(descriptor, bytes, (error, count) => (error ? fail(error) : done(count))))

async function copy(file: string, descriptor: number, signal: AbortSignal | undefined): Promise<void> {
  for await (const chunk of createReadStream(file)) {
    let rest = chunk as Buffer
    while (rest.length > 0)
      try {
        if (signal?.aborted) throw interrupted()
        rest = rest.subarray(await writeSome(descriptor, rest))
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') throw error
        await pause(signal)
      }
  }
}

/**
 * Writes a whole file to what is not a file. A reader that leaves (`| head`) has what it wanted.
 * @throws the system's error, or Failure (interrupted)
 */
export async function pour(
  file: string,
  target: Exclude<Target, { kind: 'file' }>,
  signal?: AbortSignal,
): Promise<void> {
  try {
    if (target.kind === 'descriptor') return await copy(file, target.descriptor, signal)
    if (target.kind === 'socket')
      return await pipeline(createReadStream(file), connect(target.path), signal ? { signal } : {})
    await using handle = await opened(target.path, signal)
    await copy(file, handle.fd, signal)
  } catch (error) {
    if (codeOf(error) !== 'EPIPE') throw error
  }
}
