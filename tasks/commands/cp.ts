/** `lab cp`: files and directories to and from the guest, as a tar stream over ssh. */
import { mkdtemp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { labError, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { run } from '../host/sh.ts'
import { quote, type Guest } from '../host/ssh.ts'
import { connectGuest, upVmOf } from './guest.ts'
import type { CommandModule } from './index.ts'

const remotePath = (text: string): string | undefined => (text.startsWith(':') ? text.slice(1) || '.' : undefined)

/** A scratch directory on the target's own file system, so that the last step is a rename. */
async function scratch<T>(near: string, use: (dir: string) => Promise<T>): Promise<T> {
  await mkdir(near, { recursive: true })
  const dir = await mkdtemp(join(near, '.lab-cp-'))
  try {
    return await use(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function push(guest: Guest, from: string, to: string, signal: AbortSignal): Promise<void> {
  const source = resolve(from)
  await stat(source).catch((error: unknown) => {
    throw userError({ fact: `there is no ${from}`, wayOut: 'name a file or directory of the host' }, error)
  })
  await scratch('/tmp', async (dir) => {
    const tar = join(dir, 'files.tar')
    await run(['tar', '--create', '--file', tar, '--directory', dirname(source), '--', basename(source)], { signal })
    // A directory, or a path that ends with a slash, takes the file in; anything else is its new name.
    const script = `set -e; to=${quote(to)}; if [ -d "$to" ] || [ "\${to%/}" != "$to" ]; then mkdir -p "$to"; tar -xf - --no-same-owner -C "$to"; else d=$(mktemp -d); tar -xf - --no-same-owner -C "$d"; mv -T "$d"/${quote(basename(source))} "$to"; rmdir "$d"; fi`
    const { status, stderr } = await guest.exec(['sh', '-c', script], { signal, input: await readFile(tar) })
    if (status !== 0)
      throw labError({
        place: 'guest',
        fact: `cannot write ${to}`,
        lines: [printable(stderr, 300)],
        wayOut: 'is there room, and does the directory exist?',
      })
  })
}

async function pull(guest: Guest, from: string, to: string, signal: AbortSignal): Promise<void> {
  const target = resolve(to)
  const into = await stat(target).then(
    (found) => found.isDirectory(),
    () => to.endsWith('/'),
  )
  const { status, stdout, stderr } = await guest.exec(['tar', '-cf', '-', '-C', dirname(from), '--', basename(from)], {
    signal,
  })
  if (status !== 0)
    throw userError({
      place: 'guest',
      fact: `cannot read ${from}`,
      lines: [printable(stderr, 300)],
      wayOut: 'look with `lab exec -- ls -l`',
    })
  await scratch(into ? target : dirname(target), async (dir) => {
    await writeFile(join(dir, 'files.tar'), stdout)
    await mkdir(join(dir, 'out'))
    // GNU tar refuses "..", takes off leading slashes and makes links that point outside last; links out of the copy are left out.
    await run(
      [
        'tar',
        '--extract',
        '--file',
        join(dir, 'files.tar'),
        '--directory',
        join(dir, 'out'),
        '--no-same-owner',
        '--no-same-permissions',
      ],
      { signal },
    )
    const final = into ? join(target, basename(from)) : target
    await rename(join(dir, 'out', basename(from)), final).catch((error: unknown) => {
      throw userError({ fact: `${final} is in the way`, wayOut: 'remove it, or name another target' }, error)
    })
  })
}

export const work: CommandModule['work'] = async (session, [from, to], options) => {
  const [source, target] = [remotePath(String(from)), remotePath(String(to))]
  if ((source === undefined) === (target === undefined))
    throw userError({
      fact: 'one side is the guest, the other the host',
      wayOut: 'mark the guest\'s side with ":", as in `lab cp notes.txt :/tmp/`',
    })
  await using guest = await connectGuest(session, await upVmOf(session, options['vm']))
  const { signal } = session.context
  await (target === undefined
    ? pull(guest, source ?? '', String(to), signal)
    : push(guest, String(from), target, signal))
  return { text: `copied ${String(from)} to ${String(to)}`, data: { from, to } }
}
