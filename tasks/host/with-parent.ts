/**
 * Programs that end with their parent, whatever ends it. The kernel sends a program a signal at its parent's death
 * (prctl(2), PR_SET_PDEATHSIG), but only if the program has asked for it by then. A parent that dies earlier leaves a
 * program that runs for ever, so each program asks first and then looks whether its parent is still there.
 */

/** The exit status of a program whose parent had died; nobody is left to read it. */
const ORPHAN = 125

/** A script of sh whose $1 is the pid of its parent; it becomes the program that the other arguments name. */
export const PARENT_CHECK = `[ "$PPID" = "$1" ] || exit ${ORPHAN}; shift; exec "$@"`

/** The command line of a program that this process starts, and that ends with it. */
export const withParent = (signal: 'TERM' | 'KILL', argv: readonly string[]): readonly string[] => [
  'setpriv',
  `--pdeathsig=${signal}`,
  'sh',
  '-c',
  PARENT_CHECK,
  'sh',
  String(process.pid),
  ...argv,
]

/**
 * Sets `found` to a process's own value in /proc. It is the pid in the namespace that /proc was mounted in, which both
 * ends of a new pid namespace share; there, getppid() says 0.
 */
const read = (key: 'Pid' | 'PPid'): string =>
  `while read -r key found; do [ "$key" != ${key}: ] || break; done </proc/self/status`

/** "$1" is the pid of the parent, outside. */
const CHECK_INSIDE = `${read('PPid')}; [ "$found" = "$1" ] || exit ${ORPHAN}; shift`

/** As unshare --mount-proc does it, which would hide the parent. */
const MOUNT_PROC = 'mount -t proc -o nosuid,nodev,noexec proc /proc || exit 1'

export interface Namespaces {
  /** Options of unshare(1), other than --pid. */
  readonly options: readonly string[]
  /** The programs inside see a /proc of their own. Needs --mount. */
  readonly mountProc?: boolean
}

/**
 * The first words of a command line that runs in namespaces of its own, with a pid namespace among them: whatever ends
 * the process that made them, which is the one that is started, ends everything in them.
 */
export const inNamespaces = ({
  options,
  mountProc = false,
}: Namespaces): [shell: string, option: string, outside: string, inside: string] => [
  'sh',
  '-c',
  `${read('Pid')}; exec unshare ${[...options, '--pid', '--fork', '--kill-child=KILL'].join(' ')} -- sh -c "$0" sh "$found" "$@"`,
  [CHECK_INSIDE, ...(mountProc ? [MOUNT_PROC] : []), 'exec "$@"'].join('; '),
]
