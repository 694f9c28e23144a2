/**
 * virtiofsd, which serves a directory of the host to a guest (vhost-user). Each is confined twice: by namespaces of
 * ours, in which the directory is mounted as the lab file says (read-only: the C version, Debian's until 12, has no
 * option for that), and by its own, in which nothing but that directory is left.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { run } from './sh.ts'
import { which } from './which.ts'
import { inNamespaces, PARENT_CHECK } from './with-parent.ts'

/** Where Debian and its descendants have it: qemu-system-common until 12, then the package virtiofsd; Fedora. */
const PLACES = ['/usr/libexec/virtiofsd', '/usr/lib/qemu/virtiofsd', '/usr/lib/virtiofsd', 'virtiofsd']

/** The program, or undefined where the host has none. */
export const virtiofsd = (): string | undefined => PLACES.find((place) => which(place) !== undefined)

/** A daemon in a user namespace of its own cannot make devices. */
const NAMESPACES = inNamespaces({ options: ['--user', '--map-root-user', '--mount'] })
const [, , OUTSIDE, INSIDE] = NAMESPACES

/** Milliseconds for a few system calls on a busy host. */
const TRIAL = 20_000

/**
 * Whether this user may make the namespaces that a daemon and its own sandbox need. Containers and hardened hosts
 * refuse some of them.
 * @returns undefined, or what the host said
 */
export async function namespacesRefused(signal: AbortSignal): Promise<string | undefined> {
  const own = ['unshare', '--mount', '--pid', '--net', '--fork', 'mount', '-t', 'proc', 'proc', '/proc']
  const accept = Array.from({ length: 256 }, (_, status) => status)
  const { status, stderr } = await run([...NAMESPACES, ...own], { signal, timeout: TRIAL, accept })
  return status === 0 ? undefined : stderr.trim().split('\n')[0] || `status ${status}`
}

/** A directory that a daemon serves. */
export interface Served {
  /** Name of its socket in the VM's directory. It must be unique on the host: it is looked up in /proc/net/unix. */
  readonly socket: string
  /** An empty directory in the VM's directory. */
  readonly at: string
  /** Absolute path on the host, without symbolic links. */
  readonly from: string
  readonly write: boolean
}

export const newSocket = (): string => `share-${randomBytes(8).toString('hex')}.sock`

/**
 * Runs in our namespaces with the arguments socket, at, from and ro or rw; "$0" is the program. /run is covered because
 * the C version writes a file there. The source must be an absolute path, since the C version changes its directory,
 * and have no comma, which would end the option. "$2" holds the directory in case that is itself below /run.
 */
const CONFINED = `mount --bind "$3" "$2" && mount -t tmpfs -o size=1M none /run && mkdir /run/share &&
mount --bind "$2" /run/share && mount -o "remount,bind,nosuid,nodev,noexec,$4" /run/share &&
exec "$0" --socket-path="$1" --rlimit-nofile=0 -o source=/run/share -o sandbox=namespace -o cache=auto`

/** In the VM's directory while a daemon is waited for, and after one that did not come: its log, and what it serves. */
const WAITING = 'share.waiting'

/** A daemon that does not serve: the directory of the host, and the last lines of its log. */
export interface DaemonTrouble {
  readonly program: string
  readonly from: string
  readonly said: readonly string[]
}

/** Lines of its log that are shown. */
const SAID = 8

/** The daemon that a machine waits for, or waited for in vain; undefined where it is not that. @param dir of the VM */
export async function daemonTrouble(dir: string): Promise<DaemonTrouble | undefined> {
  const [log, from] = (await readFile(join(dir, WAITING), 'utf8').catch(() => '')).split('\n')
  if (!log || !from) return undefined
  const text = await readFile(join(dir, basename(log)), 'utf8').catch(() => '')
  const said = text.split('\n').filter((line) => line.trim() !== '')
  return { program: virtiofsd() ?? 'virtiofsd', from, said: said.slice(-SAID) }
}

/**
 * Starts a daemon for each share and then becomes QEMU. So the daemons are QEMU's children and are killed with it,
 * whoever kills it and whether or not the command that started it still runs; without a daemon QEMU does not start. A
 * daemon listens when its socket has the flag 00010000 (__SO_ACCEPTCON) in /proc/net/unix; the file is there earlier.
 * Arguments: four scripts, the program, the number of shares, four words of each, QEMU's command line.
 */
const SCRIPT = `check=$1; outside=$2; inside=$3; confined=$4; program=$5; count=$6; shift 6
while [ "$count" -gt 0 ]; do
  setpriv --pdeathsig=KILL sh -c "$check" sh $$ sh -c "$outside" "$inside" \
    sh -c "$confined" "$program" "$1" "$2" "$3" "$4" >"$1.log" 2>&1 &
  daemon=$!
  printf '%s\n' "$1.log" "$3" >${WAITING}
  until grep -q "00010000 .* $1$" /proc/net/unix; do
    kill -0 "$daemon" 2>/dev/null || { echo "virtiofsd did not start: $(tail -n 1 "$1.log")" >&2; exit 1; }
    sleep 0.01
  done
  rm ${WAITING}
  count=$((count - 1)); shift 4
done
exec "$@"`

/** A command line that starts the daemons and becomes `machine`. Paths are relative to the VM's directory. */
export const withDaemons = (program: string, served: readonly Served[], machine: readonly string[]): string[] => [
  'sh',
  '-c',
  SCRIPT,
  'sh',
  PARENT_CHECK,
  OUTSIDE,
  INSIDE,
  CONFINED,
  program,
  String(served.length),
  ...served.flatMap(({ socket, at, from, write }) => [socket, at, from, write ? 'rw' : 'ro']),
  ...machine,
]
