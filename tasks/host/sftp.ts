/**
 * A directory of another host, through the system's sftp: its ssh knows the user's keys, agent, jump hosts and known
 * hosts. Nothing is asked: a host that wants a password, or whose key is not known yet, is a failure with a way out.
 */
import { Failure, labError, userError } from '../engine/error.ts'
import { saysOfSsh } from '../engine/outside-words.ts'
import { printable } from '../engine/printable.ts'
import { ProgramFailure, run } from './sh.ts'

/** ssh://[user@]host[:port]/dir; a directory that begins with `~/` is in the home directory there. */
export interface SshAddress {
  readonly user: string | undefined
  readonly host: string
  readonly port: number | undefined
  /** Absolute, or relative to the home directory there. */
  readonly directory: string
}

/** sftp splits its commands at blanks and quotes and expands patterns: a name with any of these is refused. */
const DIRECTORY = /^\/(?:~\/)?[A-Za-z0-9_.+@=,:/-]{1,1000}$/
const ADDRESS =
  /^ssh:\/\/(?:([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@)?([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(\/.*)$/

/** Parses an address. @throws a user's Failure for what is not the address of a directory */
export function sshAddress(text: string): SshAddress {
  const [, user, host, port, directory = ''] = ADDRESS.exec(text) ?? []
  const path = directory.replace(/(?<=.)\/+$/, '')
  if (host === undefined || !DIRECTORY.test(path) || path.split('/').includes('..') || Number(port ?? 1) > 65_535)
    throw userError({
      place: printable(text, 300),
      fact: 'this is not the address of a directory on another host',
      wayOut:
        'write ssh://[user@]host[:port]/directory (or /~/directory, in the home directory there) with letters, digits and _.+@=,:- only',
    })
  return {
    user,
    host: host.replaceAll(/[[\]]/g, ''),
    port: port === undefined ? undefined : Number(port),
    directory: path.startsWith('/~/') ? path.slice(3) : path,
  }
}

/** How long another host has to answer. Seconds. */
const CONNECT = 15

/** Only keys, only known hosts, no questions. ssh prefers options of the command line to those of its configuration. */
const OPTIONS = [
  'BatchMode=yes',
  'StrictHostKeyChecking=yes',
  'PasswordAuthentication=no',
  'KbdInteractiveAuthentication=no',
  `ConnectTimeout=${CONNECT}`,
  'ServerAliveInterval=15',
  'ServerAliveCountMax=4',
  'LogLevel=ERROR',
].flatMap((option) => ['-o', option])

const WAYS_OUT = {
  'unknown-host': (host: string) =>
    `connect once by hand (\`ssh ${host}\`), compare the fingerprint with that of its owner, and accept it`,
  'changed-host': (host: string) =>
    `ask its owner whether the key was changed; if so, \`ssh-keygen -R ${host}\` forgets the old one`,
  'key-refused': (host: string) => `\`ssh-copy-id ${host}\` puts your key there; passwords are not asked for`,
  unreachable: (host: string) => `see whether \`ssh ${host}\` answers`,
} as const

/** What a command of sftp failed with: not its echo of commands, nor the attempts to make what is there already. */
export const sftpLines = (error: ProgramFailure): string[] =>
  (error.parts.lines ?? [])
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !/^sftp> |^remote mkdir /.test(line))

/** The failure of a connection; undefined if it was the command that failed. */
function connectFailure({ host }: SshAddress, place: string, error: ProgramFailure): Failure | undefined {
  const lines = sftpLines(error)
  const why = lines.map((line) => saysOfSsh(line)).find((fact) => fact !== undefined)
  if (why === undefined && !(error.end.reason === 'exit-status' && error.end.status === 255)) return undefined
  const facts = {
    'unknown-host': `the key of ${host} is not known here`,
    'changed-host': `${host} has another key than the one that is known here`,
    'key-refused': `${host} takes none of your keys`,
    unreachable: `${host} cannot be reached`,
  }
  const kind = why ?? 'unreachable'
  return labError({ place, fact: facts[kind], lines: lines.slice(-4), wayOut: WAYS_OUT[kind](host) }, error)
}

/**
 * Runs commands of sftp(1) one after the other. The first that fails is the last (one that begins with `-` may fail).
 * LAB_SSH_CONFIG names another configuration file of ssh than the user's own.
 * @param options.cwd the directory of local files: sftp would split a path at its blanks
 * @returns its output
 * @throws Failure (lab) that says why, if there is no connection; else ProgramFailure with the words of sftp
 */
export async function sftp(
  address: SshAddress,
  commands: readonly string[],
  place: string,
  options: { readonly signal?: AbortSignal; readonly timeout?: number; readonly cwd?: string },
): Promise<string> {
  const { user, host, port } = address
  const config = process.env['LAB_SSH_CONFIG'] || undefined
  const argv = [
    'sftp',
    '-b',
    '-',
    ...(config === undefined ? [] : ['-F', config]),
    ...(port === undefined ? [] : ['-P', String(port)]),
    ...OPTIONS,
    '--',
    `${user === undefined ? '' : `${user}@`}${host.includes(':') ? `[${host}]` : host}`,
  ]
  try {
    return (await run(argv, { ...options, place, input: commands.map((command) => `${command}\n`).join('') })).stdout
  } catch (error) {
    throw error instanceof ProgramFailure ? (connectFailure(address, place, error) ?? error) : error
  }
}

/** A line of `ls -lan`: type and mode, links ("?"), ids, size, time in two or three words, name (sftp-client.c). */
const LISTED = /^-\S+ +\S+ +\S+ +\S+ +(\d+) .* ([^ /]+|\S*\/[^ /]+)$/

export interface RemoteFile {
  readonly name: string
  /** Bytes. */
  readonly size: number
}

/** The regular files of a listing (`ls -lan`). */
export const listedFiles = (output: string): RemoteFile[] =>
  output.split('\n').flatMap((line) => {
    const [, size, path] = LISTED.exec(line.trimEnd()) ?? []
    return path === undefined ? [] : [{ name: path.replace(/^.*\//, ''), size: Number(size) }]
  })
