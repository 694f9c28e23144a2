/** Processes by what names them beyond doubt: a pid alone may be somebody else's by now. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { printable } from './printable.ts'

/** Names this boot of the host; verdicts that hold until the next boot are kept under it. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/**
 * Names the numbering of processes that ours is one of: in a container the same number is another process, and a
 * process outside is none.
 */
export const pidNamespace = (): string => readlinkSync('/proc/self/ns/pid')

/** Start time of a process in clock ticks since boot, or undefined if there is none (proc(5), field 22 of stat). */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie is an ended process that nobody has asked about yet.
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/**
 * A host as others can name it: its name with the machine id, as a digest, since that id is not to be shown
 * (machine-id(5)). Empty where there is no machine id, as in many containers: then nobody can tell a reboot of this
 * host from another host.
 */
function machineDigest(): string {
  try {
    const id = readFileSync('/etc/machine-id', 'utf8').trim()
    return id === '' ? '' : digest(`${hostname()}\0${id}`)
  } catch {
    return ''
  }
}

const digest = (text: string): string => createHash('sha256').update(`lab\0${text}`).digest('hex').slice(0, 16)

/** A process as it is written down for others, who may be on another host that shares the directory. */
export const ProcessId = z.object({
  pid: z.int(),
  startTime: z.string(),
  bootId: z.string(),
  /** Older versions wrote neither this nor what follows. */
  pidNamespace: z.string().optional(),
  /** The host's name, for people. */
  host: z.string().optional(),
  /** Names the host across its boots; empty where nothing does. */
  machine: z.string().optional(),
})
export type ProcessId = z.infer<typeof ProcessId>

/** This process. */
export const thisProcess = (): Required<ProcessId> => ({
  pid: process.pid,
  startTime: startTimeOf(process.pid) ?? '',
  bootId: bootId(),
  pidNamespace: pidNamespace(),
  host: hostname(),
  machine: machineDigest(),
})

type Where = Pick<ProcessId, 'bootId' | 'pidNamespace' | 'host' | 'machine'>

/**
 * Where a process that was written down runs, or ran. `here`: its number can be looked up. `container`: on this host,
 * in another pid namespace. `another host`: as far as can be seen; whether it lives, only a heartbeat says
 * (engine/heartbeat.ts). `earlier boot`: on this host, which was started again since, so that it is gone.
 */
export type Whereabouts = 'here' | 'container' | 'another host' | 'earlier boot'

/** @param now what this process is part of; given in tests */
export function whereabouts(where: Where, now: Where = thisProcess()): Whereabouts {
  if (where.bootId === now.bootId) {
    // Copies of one running machine have its boot id, and are told apart by their names.
    if (where.host !== undefined && where.host !== now.host) return 'another host'
    return where.pidNamespace === undefined || where.pidNamespace === now.pidNamespace ? 'here' : 'container'
  }
  // Before notes named the boot.
  if (where.bootId === '') return 'earlier boot'
  return where.machine !== undefined && where.machine !== '' && where.machine === now.machine
    ? 'earlier boot'
    : 'another host'
}

/** Whether a process cannot be seen from here: one of a container (or outside of ours), or of another host. */
export const isElsewhere = (process: ProcessId): boolean => ['container', 'another host'].includes(whereabouts(process))

/** Whether a process that was written down runs here. Of one that `isElsewhere` this says nothing. */
export const isAlive = (process: ProcessId): boolean =>
  whereabouts(process) === 'here' && startTimeOf(process.pid) === process.startTime

/**
 * Says where a process is, after "process 4711": " of another pid namespace (a container)", " on host n2", or nothing.
 */
export function whereText(process: ProcessId): string {
  const where = whereabouts(process)
  if (where === 'container') return ' of another pid namespace (a container)'
  return where === 'another host'
    ? ` on ${process.host === undefined ? 'another host' : `host ${printable(process.host, 80)}`}`
    : ''
}

/** Prefix of what is being written or removed, before the tag of its process; `lab gc` removes leftovers. */
export const PARTIAL = '.partial-'

const namespaceNumber = (): string => /\d+/.exec(pidNamespace())?.[0] ?? ''

/** Letters for a host's boot, and for the host across boots, in names of files. Eight hexadecimal digits each. */
const bootMark = (): string => digest(`${hostname()}\0${bootId()}`).slice(0, 8)
const machineMark = (): string => machineDigest().slice(0, 8) || '0'.repeat(8)

/**
 * Names this process in the name of a file, before a dash: "4711n4026531836h0123abcd4567cdef" (its host, and the boot
 * of that).
 */
export const processTag = (): string => `${process.pid}n${namespaceNumber()}h${machineMark()}${bootMark()}`

/** A new name in a directory, for what this process will rename or remove. */
export const partialIn = (dir: string): string =>
  join(dir, `${PARTIAL}${processTag()}-${randomBytes(4).toString('hex')}`)

/**
 * What became of the process that a name begins with; undefined: it begins with none. Names of older versions do not
 * say which host they are of, so that a number that nobody has here may be somebody's elsewhere.
 */
export function fateOfTag(name: string): 'alive' | 'gone' | 'elsewhere' | undefined {
  const [, pid, namespace, machine, boot] = /^(\d+)(?:n(\d+)(?:h([0-9a-f]{8})([0-9a-f]{8}))?)?-/.exec(name) ?? []
  if (pid === undefined) return undefined
  if (boot !== undefined && boot !== bootMark())
    return machine === machineMark() && machine !== '0'.repeat(8) ? 'gone' : 'elsewhere'
  if (namespace !== undefined && namespace !== namespaceNumber()) return 'elsewhere'
  if (startTimeOf(Number(pid)) !== undefined) return 'alive'
  return boot === undefined ? 'elsewhere' : 'gone'
}
