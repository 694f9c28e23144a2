/** Disks without room: which one is full, and what to do about that one. */
import { existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { codeOf, failedBy, Failure, labError, messageOf } from './error.ts'
import { saysDuckdb } from './outside-words.ts'
import { printable } from './printable.ts'

/** What a directory is for: it decides the way out. */
export type DiskRole = 'cache' | 'temp' | 'lab' | 'output'

const ROLES: Readonly<Record<DiskRole, { readonly name: string; readonly wayOut: string }>> = {
  cache: {
    name: 'the cache',
    wayOut: 'free some space, or set LAB_CACHE_DIR to another disk; `lab gc` removes what nobody needs',
  },
  temp: { name: 'temporary files', wayOut: 'set TMPDIR to a directory that has room' },
  lab: {
    name: 'the lab: results and VMs',
    wayOut: 'free some space there (`lab results rm RUN` removes a run), or move the lab to another disk',
  },
  output: { name: 'the output', wayOut: 'name a place that has room' },
}

/** Where the failing file system is not known; `df` lists all of them. */
const UNKNOWN = 'free some space; `df -h` shows which disk is full'

const known = new Map<string, DiskRole>()

/**
 * Says that this command writes below a directory, so that it is asked for room when something fails. The first role of
 * a directory stays.
 */
export function noteDisk(role: DiskRole, dir: string): void {
  const path = resolve(dir)
  if (!known.has(path)) known.set(path, role)
}

/**
 * Below this nothing of ours fits any more: an ext4 or tmpfs that has just said ENOSPC has less, whatever was removed
 * since. Bytes.
 */
const NO_ROOM = 2 ** 20

interface Disk {
  /** The nearest directory that exists. */
  readonly dir: string
  readonly device: number
  readonly free: number
  readonly size: number
  /** No more files can be made, however much room there is. */
  readonly noFiles: boolean
}

function diskOf(path: string): Disk | undefined {
  let dir = resolve(path)
  while (!existsSync(dir) && dir !== dirname(dir)) dir = dirname(dir)
  try {
    const { bavail, bsize, blocks, files, ffree } = statfsSync(dir)
    // Btrfs and others that make inodes as they are needed say that they have none at all.
    const noFiles = files > 0 && ffree === 0
    return { dir, device: statSync(dir).dev, free: bavail * bsize, size: blocks * bsize, noFiles }
  } catch {
    return undefined
  }
}

const isFull = ({ free, noFiles }: Disk): boolean => free < NO_ROOM || noFiles

/** The role of a path: that of the longest known directory above it. */
function roleOf(path: string): DiskRole | undefined {
  const above = [...known].filter(([dir]) => `${resolve(path)}/`.startsWith(`${dir}/`))
  return above.toSorted(([a], [b]) => b.length - a.length)[0]?.[1]
}

const size = (bytes: number): string =>
  bytes < 2 ** 20 ? `${Math.floor(bytes / 1024)} kB` : `${Math.floor(bytes / 2 ** 20)} MB`

const lineOf = ({ dir, free, size: all, noFiles }: Disk, role: DiskRole | undefined): string =>
  `full: ${printable(dir, 200)}${role === undefined ? '' : ` (${ROLES[role].name})`}, ${
    noFiles ? 'no more files can be made' : `${size(free)} free`
  } of ${size(all)}`

/** Known directories whose disk has no room now, each disk once for each role. */
function fullNow(also: readonly string[]): { disk: Disk; role: DiskRole | undefined }[] {
  const found = new Map<string, { disk: Disk; role: DiskRole | undefined }>()
  for (const path of [...known.keys(), ...also]) {
    const disk = diskOf(path)
    const role = roleOf(path)
    if (disk && isFull(disk)) found.set(`${disk.device} ${role ?? ''}`, { disk, role })
  }
  return [...found.values()]
}

/** Whether a program that failed did so where there was no room, whatever it said about it. */
export const isRoomGone = (dirs: readonly string[]): boolean => fullNow(dirs).length > 0

/** Whether a failure says that there is no room: whatever else is written next will fail too. */
export const isDiskFull = (failure: Failure): boolean => failure.reason === 'disk-full'

/**
 * The failure of a disk without room; the same words wherever it shows, with the disk that is full and what helps
 * there.
 * @param path where there was no room, if that is known; otherwise the disks that this command writes to are looked at
 * @param near where it probably was: more directories to look at, and the first of them is named where there is room
 * everywhere by now
 */
export function diskFull(
  place: string | undefined,
  lines: readonly string[] = [],
  {
    path,
    wayOut,
    near = [],
  }: { path?: string | undefined; wayOut?: string | undefined; near?: readonly string[] } = {},
): Failure {
  const roleIn = (at: string | undefined) => {
    const disk = at === undefined ? undefined : diskOf(at)
    return disk && at !== undefined ? [{ disk, role: roleOf(at) }] : []
  }
  const now = path === undefined ? fullNow(near) : roleIn(path)
  const full = now.length > 0 ? now : roleIn(near[0])
  const roles = [...new Set(full.map(({ role }) => role))]
  const ways = roles.map((role) => (role === undefined ? UNKNOWN : ROLES[role].wayOut))
  return labError({
    place,
    reason: 'disk-full',
    fact: 'the disk is full',
    lines: [...full.map((full) => lineOf(full.disk, full.role)), ...lines],
    wayOut: wayOut ?? (ways.length === 0 ? UNKNOWN : ways.join('; ')),
  })
}

/** Whether an error is ours, the system's, or DuckDB's about a disk without room. */
export function saysDiskFull(error: unknown): boolean {
  const code = codeOf(error)
  if (code !== undefined) return code === 'ENOSPC' || code === 'EDQUOT'
  return failedBy(error, 'disk-full') || saysDuckdb(error, 'disk-full')
}

/** The file that an error of the system is about: of a copy or a rename, the one that is written. */
export const pathOfError = (error: unknown): string | undefined => {
  const { dest, path } = (error ?? {}) as { dest?: unknown; path?: unknown }
  return [dest, path].find((path): path is string => typeof path === 'string')
}

/** What a person can do about a place that takes no files. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  EACCES: 'make it writable for you',
  EPERM: 'make it writable for you',
  EROFS: 'mount it so that it can be written',
  ENOTDIR: 'a file stands where a directory is needed: move it away',
}

/**
 * Turns "no space left" and its kin into a failure with a way out; everything else passes through. `near`: as for
 * `diskFull`.
 */
export function diskFailure(error: unknown, place: string | undefined, near?: string): unknown {
  const code = codeOf(error)
  if (saysDiskFull(error))
    return error instanceof Failure
      ? error
      : diskFull(place, [], { path: pathOfError(error), near: near === undefined ? [] : [near] })
  const wayOut = code === undefined ? undefined : WAYS_OUT[code]
  if (wayOut === undefined) return error
  const elsewhere = 'or work elsewhere: LAB_CACHE_DIR is the cache; .lab and results are next to lab.yaml'
  return labError({ place, fact: printable(messageOf(error), 300), wayOut: `${wayOut}, ${elsewhere}` }, error)
}

/** Whether a failure is the disk's, full or not to be written, and says nothing of what was to be done with it. */
export const isDiskFailure = (failure: Failure): boolean =>
  isDiskFull(failure) || WAYS_OUT[codeOf(failure.cause) ?? ''] !== undefined
