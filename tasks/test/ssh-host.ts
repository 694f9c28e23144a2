/** A real sshd on loopback that plays another host. Each connection is a process of its own, so no port is guessed. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { TestOptions } from 'vitest'
import { mayMount, NAMESPACE } from './namespace.ts'
import { tempDir } from './temp-dir.ts'

const SSHD = '/usr/sbin/sshd'
/** Where sshd of root goes to when it gives up its rights; the package's service makes it. */
const PRIVILEGE_SEPARATION = '/run/sshd'
const isRoot = process.getuid?.() === 0
const needsRun = isRoot && !existsSync(PRIVILEGE_SEPARATION)

const reason = existsSync(SSHD)
  ? needsRun && !mayMount && `${PRIVILEGE_SEPARATION} is missing`
  : 'openssh-server is not installed'

/** Options of a test that needs another host behind ssh. */
export const SSH_HOST: TestOptions = reason === false ? {} : { skip: true, meta: { reason } }

/**
 * A process with mounts of its own. Every sshd enters them, so one connection sees what another has written.
 * @param small a directory that gets a file system of one megabyte
 */
async function mounted(small: string | undefined): Promise<ChildProcess | undefined> {
  const mounts = [
    ...(needsRun ? ['mount -t tmpfs run /run', `mkdir ${PRIVILEGE_SEPARATION}`] : []),
    ...(small === undefined ? [] : [`mount -t tmpfs -o size=1m small '${small}'`]),
  ]
  if (mounts.length === 0) return undefined
  const [program, ...words] = [...NAMESPACE, 'sh', '-c', `${mounts.join(' && ')} && echo && exec sleep infinity`]
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

const entering = ({ pid = 0 }: ChildProcess): string[] => [
  'nsenter',
  ...(isRoot ? [] : ['--user', '--preserve-credentials']),
  '--mount',
  `--target=${pid}`,
]

function keyPair(file: string): string {
  const { status, stderr } = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return readFileSync(`${file}.pub`, 'utf8').trim()
}

export interface SshHost {
  /** ssh://127.0.0.1:PORT */
  readonly address: string
  /** A configuration file of ssh that knows the host and has a key that it takes. */
  readonly config: string
  /** Writes a configuration that differs in some lines. */
  readonly configure: (changes: Readonly<Record<string, string>>) => string
  /** Everything that sshd has logged. */
  readonly log: () => string
  /** A path as the host sees it. */
  readonly inside: (path: string) => string
  readonly close: () => void
}

/** @param small as for `mounted` */
export async function sshHost(small?: string): Promise<SshHost> {
  const dir = tempDir()
  const hostKey = keyPair(join(dir, 'host'))
  writeFileSync(join(dir, 'authorized'), `${keyPair(join(dir, 'user'))}\n`)
  const lines = {
    HostKey: join(dir, 'host'),
    AuthorizedKeysFile: join(dir, 'authorized'),
    PidFile: 'none',
    StrictModes: 'no',
    UsePAM: 'no',
    PasswordAuthentication: 'no',
    PermitRootLogin: 'prohibit-password',
    Subsystem: 'sftp internal-sftp',
  }
  const text = (entries: Readonly<Record<string, string>>) =>
    Object.entries(entries)
      .map(([key, value]) => `${key} ${value}\n`)
      .join('')
  writeFileSync(join(dir, 'sshd_config'), text(lines))
  const holder = await mounted(small)
  const [program, ...words] = [...(holder ? entering(holder) : []), SSHD, '-i', '-e', '-f', join(dir, 'sshd_config')]
  let log = ''
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const child = spawn(program, words, { stdio: [socket, socket, 'pipe'] })
    child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')))
    // The child has its own descriptor of the connection.
    child.on('spawn', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  writeFileSync(join(dir, 'known'), `[127.0.0.1]:${port} ${hostKey}\n`)
  let configs = 0
  const configure = (changes: Readonly<Record<string, string>>) => {
    const file = join(dir, `config-${configs++}`)
    const own = {
      User: userInfo().username,
      IdentityFile: join(dir, 'user'),
      IdentitiesOnly: 'yes',
      IdentityAgent: 'none',
      UserKnownHostsFile: join(dir, 'known'),
      GlobalKnownHostsFile: '/dev/null',
      ...changes,
    }
    writeFileSync(file, text(own))
    return file
  }
  return {
    address: `ssh://127.0.0.1:${port}`,
    config: configure({}),
    configure,
    log: () => log,
    inside: (path) => (holder ? join(`/proc/${holder.pid}/root`, path) : path),
    close: () => {
      server.close()
      holder?.kill('SIGKILL')
    },
  }
}
