/** `lab cp`: files and directories to and from the guest, as a tar stream over ssh. */
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { PassThrough, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { beside } from '../engine/beside.ts'
import { Failure, labError, messageOf, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { withScratch } from '../engine/scratch.ts'
import { diskFailure } from '../engine/disk.ts'
import { run } from '../host/sh.ts'
import type { Guest } from '../host/ssh.ts'
import { unpackUntrusted } from '../host/untar.ts'
import { connectGuest, upVmOf } from './shared/guest.ts'
import { defineCommand } from './command.ts'
import { outputFile, type OutputFile } from './output-file.ts'
import type { Session } from './shared/session.ts'

const remotePath = (text: string): string | undefined => (text.startsWith(':') ? text.slice(1) || '.' : undefined)

/** What a program in the guest said, line by line. */
const said = (stderr: string): string[] =>
  stderr
    .split('\n')
    .filter((line) => line !== '')
    .slice(-5)
    .map((line) => printable(line, 200))

/**
 * A directory, or a path that ends with a slash, takes the file in; anything else is its new name. What is half there
 * when it fails is removed. Arguments: the target, the file's own name.
 */
const TAKE_IN = `set -e
to=$1; name=$2
if [ -d "$to" ] || [ "\${to%/}" != "$to" ]; then mkdir -p "$to"; exec tar -xf - --no-same-owner -C "$to"; fi
[ -d "$(dirname "$to")" ] || { echo "there is no directory $(dirname "$to")" >&2; exit 1; }
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
tar -xf - --no-same-owner -C "$new"
mv -T "$new/$name" "$to"`

async function push(guest: Guest, from: string, to: string, signal: AbortSignal): Promise<void> {
  const source = resolve(from)
  await stat(source).catch((error: unknown) => {
    throw userError({ fact: `there is no ${printable(from)}`, wayOut: 'name a file or directory of the host' }, error)
  })
  await withScratch('cp', async (dir) => {
    const tar = join(dir, 'files.tar')
    await run(['tar', '--create', '--file', tar, '--directory', dirname(source), '--', basename(source)], { signal })
    const argv = ['sh', '-c', TAKE_IN, 'sh', to, basename(source)]
    const { status, stderr } = await guest.exec(argv, { signal, input: createReadStream(tar) })
    if (status !== 0)
      throw labError({
        place: 'guest',
        fact: `cannot write ${printable(to)}`,
        lines: said(stderr),
        wayOut: 'is there room, and does the directory exist?',
      })
  })
}

/**
 * The target on the host: inside of a directory that is there, or a new name. A directory that is in the way is not
 * replaced.
 */
async function placeFor(from: string, to: string, session: Session): Promise<OutputFile> {
  const plain = to.endsWith('/') ? { file: resolve(to), onStderr: false } : await outputFile(to, session)
  const target = plain.file
  const found = await stat(target).catch(() => undefined)
  if (!found && to.endsWith('/'))
    throw userError({ fact: `there is no directory ${printable(to)}`, wayOut: 'make it first' })
  return found?.isDirectory() ? { file: join(target, basename(from)), onStderr: false } : plain
}

/**
 * What the guest sends: a line that says how, then the bytes. A single file goes as it is read and not by its size,
 * which is 0 in /proc and /sys. Arguments: the path, its directory, its own name.
 */
const SEND = `if [ -f "$1" ]; then stat -L -c 'file %a' -- "$1" && exec cat -- "$1"; fi
echo tar && exec tar -cf - -C "$2" -- "$3"`

/** The longest first line: `file 7777`. */
const HEAD = 16

/** What takes the bytes in `dir`, by the guest's first line. */
class Receiver {
  readonly #dir: string
  readonly #name: string
  #head = Buffer.alloc(0)
  #sink: Writable | undefined
  #done: Promise<string[]> | undefined

  constructor(dir: string, name: string) {
    this.#dir = dir
    this.#name = name
  }

  #open(line: string): Writable {
    const mode = /^file ([0-7]{1,4})$/.exec(line)?.[1]
    if (mode === undefined && line !== 'tar') throw new Error('unexpected data from the guest')
    if (mode === undefined) {
      const archive = new PassThrough()
      this.#done = unpackUntrusted(archive, this.#dir)
      this.#sink = archive
    } else {
      // The name is ours; of the mode, what a file can do harm with is taken off.
      const file = createWriteStream(join(this.#dir, this.#name), {
        flags: 'wx',
        mode: Number.parseInt(mode, 8) & 0o777,
      })
      this.#done = finished(file).then(() => [])
      this.#sink = file
    }
    // It is awaited at the end; until then a failure of it is nobody's.
    this.#done.catch(() => undefined)
    return this.#sink
  }

  async take(chunk: Buffer): Promise<void> {
    let bytes = chunk
    if (!this.#sink) {
      this.#head = Buffer.concat([this.#head, chunk])
      const end = this.#head.indexOf(10)
      if (end < 0 && this.#head.length <= HEAD) return
      this.#open(this.#head.toString('latin1', 0, Math.max(end, 0)))
      bytes = this.#head.subarray(end + 1)
    }
    if (this.#sink?.write(bytes) === false) await Promise.race([once(this.#sink, 'drain'), this.#done])
  }

  /** Resolves when all is written, to the names of what was left out. */
  async end(): Promise<string[]> {
    this.#sink?.end()
    return (await this.#done) ?? []
  }
}

/** @returns whether the copy went to stdout */
async function pull(guest: Guest, from: string, to: string, session: Session): Promise<boolean> {
  const { context } = session
  const { signal } = context
  const { file, onStderr } = await placeFor(from, to, session)
  // On the target's own file system, so that the last step is a rename: nothing is ever half there under its name.
  const receive = async (partial: string) => {
    const dir = dirname(partial)
    const receiver = new Receiver(dir, basename(from))
    let complaints = ''
    const unpacked = async () => {
      const argv = ['sh', '-c', SEND, 'sh', from, dirname(from), basename(from)]
      const { status } = await guest.exec(argv, {
        signal,
        onOutput: async (chunk, stream) => {
          if (stream === 'stdout') await receiver.take(chunk)
          else complaints = `${complaints}${chunk.toString('utf8')}`.slice(-4096)
        },
      })
      if (status !== 0)
        throw userError({
          place: 'guest',
          fact: `cannot read ${printable(from)}`,
          lines: said(complaints),
          wayOut: 'look with `lab exec -- ls -l`',
        })
      return await receiver.end()
    }
    const leftOut = await unpacked().catch((error: unknown) => {
      const known = diskFailure(error, printable(to))
      if (known instanceof Failure) throw known
      throw labError(
        {
          place: 'guest',
          fact: `its data cannot be unpacked: ${printable(messageOf(error), 160)}`,
          wayOut: 'copy less',
        },
        error,
      )
    })
    if (leftOut.length > 0)
      context.emit({
        type: 'notice',
        level: 'warning',
        place: `copy of ${printable(from)}`,
        text: `${leftOut.length} left out (devices, hard links, links that lead out of the copy): ${leftOut.slice(0, 5).join(', ')}`,
      })
    const copied = join(dir, basename(from))
    await rename(copied, partial).catch((error: unknown) => {
      throw userError({ fact: `nothing of ${printable(from)} could be copied`, wayOut: 'name another file' }, error)
    })
  }
  await beside(context.cache, file, receive, context.signal)
  return onStderr
}

export const command = defineCommand({
  usage: 'cp <from> <to>',
  about: 'copy a file or directory; ":" marks the guest\'s side',
  options: [['--vm <name>', 'the VM']],
  examples: [
    ['lab cp notes.txt :/tmp/', 'to the guest'],
    ['lab cp :/sys/kernel/tracing/trace trace.txt', 'from the guest'],
    ['lab cp src :/root/', 'a whole directory'],
  ],
  work: async (session, [from, to], options) => {
    const [source, target] = [remotePath(from), remotePath(to)]
    if ((source === undefined) === (target === undefined))
      throw userError({
        fact: 'one side is the guest, the other the host',
        wayOut: 'mark the guest\'s side with ":", as in `lab cp notes.txt :/tmp/`',
      })
    await using guest = await connectGuest(session, await upVmOf(session, options.vm))
    const text = `copied ${from} to ${to}`
    if (target === undefined)
      return { text, data: { from, to }, onStderr: await pull(guest, source ?? '', to, session) }
    await push(guest, from, target, session.context.signal)
    return { text, data: { from, to } }
  },
})
