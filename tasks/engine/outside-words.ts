/**
 * The words of programs and libraries that are not ours, where nothing else says what happened: no exit status, no
 * error code. This is the only place where such text is matched. Programs run with LC_ALL=C (host/sh), so these are
 * their English words.
 */
import { codeOf, messageOf } from './error.ts'

/** strerror(3) of ENOSPC and EDQUOT; GNU tar on a full disk (seen in 1.34). */
const DISK_FULL = /No space left on device|Disk quota exceeded|Wrote only \d+ of \d+ bytes/

/** Whether a line of a program's output says that a disk is full. */
export const saysNoSpace = (line: string): boolean => DISK_FULL.test(line)

/** git fetch, where the repository answered and has no such branch or tag (builtin/fetch-pack.c, remote.c). */
export const saysNoSuchRef = (line: string): boolean => line.includes("couldn't find remote ref")

/** The programs that confine another one, about themselves: they begin each line with their name. */
export const saysConfinementFailed = (line: string): boolean => /^(bwrap|unshare|setpriv|prlimit): /.test(line)

/**
 * DuckDB's errors have neither code nor class, but each message begins with its kind ("IO Error: ...",
 * duckdb/common/exception.hpp). Errors of other kinds may quote any text of a statement or a value, so the kind comes
 * first in every pattern.
 */
const OF_DUCKDB = {
  interrupted: /^INTERRUPT Error\b/,
  'disk-full': new RegExp(`^(?:IO|Out of Memory|TransactionContext|FATAL) Error\\b[^]*(?:${DISK_FULL.source})`),
  /** The statement reads a file, or changes something. */
  forbidden: /^Permission Error\b/,
  /** The statement names what does not exist. */
  'unknown-name': /^(?:Catalog|Binder) Error\b.*does not exist/,
  /** The statement is wrong in itself, whatever the files hold. */
  statement: /^(?:Failed to extract|(?:Parser|Catalog|Binder|Permission) Error\b)/,
} as const

/** What DuckDB says about its own failure; a message may fit more than one. */
export const saysDuckdb = (error: unknown, what: keyof typeof OF_DUCKDB): boolean =>
  codeOf(error) === undefined && OF_DUCKDB[what].test(messageOf(error))

/**
 * apt, about a file that it could not fetch: "E: Failed to fetch http://... 404 Not Found [IP: ...]"
 * (apt-pkg/acquire-item.cc).
 */
const APT_FAILED = /^E: Failed to fetch \S+\s+(.+)$/
/** Its other lines about that: the last one, "E: Download Failed", says nothing. */
const APT_LINE = /^(?:E: (?!Download Failed)|W: )|Could not/

/** Why apt could not fetch a file, without the address that it asked: "404  Not Found [IP: 127.0.0.1 80]". */
export function aptReason(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const [, reason] = APT_FAILED.exec(line) ?? []
    if (reason !== undefined) return reason
  }
  return lines.find((line) => APT_LINE.test(line))
}

/** What ssh(1) says when it cannot connect (OpenSSH 9.2: sshconnect.c, sshconnect2.c, packet.c, misc.c). */
const OF_SSH = {
  'changed-host': /REMOTE HOST IDENTIFICATION HAS CHANGED|^Host key for .* has changed/,
  'unknown-host': /^No \S+ host key is known for|^Host key verification failed/,
  'key-refused': /Permission denied \(|Too many authentication failures/,
  unreachable:
    /^ssh: (?:connect to host|Could not resolve)|^kex_exchange_identification|Connection (?:refused|timed out|reset)/,
} as const

/** Why ssh cannot connect, if a line of its output says so. */
export const saysOfSsh = (line: string): keyof typeof OF_SSH | undefined =>
  (Object.keys(OF_SSH) as (keyof typeof OF_SSH)[]).find((kind) => OF_SSH[kind].test(line))

/** Whether sftp(1) says that a file or directory does not exist. */
export const saysNotThere = (line: string): boolean => /not found|No such file or directory/.test(line)

/**
 * sbatch, where it refuses a job (slurm_errno of slurm 22.05, src/common/slurm_errno.c), and what helps. The rest of a
 * line names the value that is refused.
 */
const SLURM_REFUSES: readonly (readonly [RegExp, string])[] = [
  [/Invalid partition name|invalid partition specified/i, '`sinfo -s` lists the partitions; name one as `partition:`'],
  [/time limit is invalid|exceeds? .*time limit/i, '`sinfo -s` shows the longest time; set a shorter `time:`'],
  [
    /Requested node configuration is not available|Memory specification can not be satisfied|CPU count/i,
    'no node of the partition has so many CPUs and so much memory: see `sinfo -N -l`; make the VM smaller or take another `partition:`',
  ],
  [/Invalid account/i, '`sacctmgr show associations user=$USER` lists your accounts; name one as `account:`'],
  [/Invalid qos/i, '`sacctmgr show associations user=$USER` lists your QOS; name one as `qos:`'],
  [/Invalid feature|feature specification/i, '`sinfo -o "%N %f"` lists the features; change `constraint:`'],
  [/QOSMaxSubmit|AssocMaxSubmit|violates accounting/i, 'wait for jobs to end, or set a smaller `tasks:`'],
  [/Unable to contact slurm controller|Socket timed out|Connection refused/i, 'try again later: Slurm does not answer'],
  [/Could not establish a configuration source/i, 'this machine belongs to no cluster: log in to one that does'],
]

/** Whether sacct says that the cluster keeps no accounts (`AccountingStorageType=accounting_storage/none`). */
export const saysNoAccounts = (text: string): boolean => /accounting storage is disabled/i.test(text)

/** What helps against a refusal of Slurm; undefined where nothing is known. */
export const afterSlurmRefused = (text: string): string | undefined =>
  SLURM_REFUSES.find(([pattern]) => pattern.test(text))?.[1]
