/**
 * What is known of a running VM, in its directory: enough to reach it, to stop it and to tell whether it is what the
 * lab file asks for, whatever became of the lab file or of the process that started it.
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeDirectory } from '../engine/directory.ts'
import { codeOf, labError, type Failure } from '../engine/error.ts'
import { removeAtForcedEnd, undoAtForcedEnd } from '../engine/interruption.ts'
import { keepBeating, silence, SILENT } from '../engine/heartbeat.ts'
import {
  isAlive,
  isElsewhere,
  PARTIAL,
  partialIn,
  ProcessId,
  startTimeOf,
  thisProcess,
  whereabouts,
  whereText,
} from '../engine/process.ts'
import { programsIn } from '../host/open-files.ts'
import { QMP_SOCKET } from '../host/qemu.ts'
import { connectUnix } from '../host/unix-socket.ts'

/** The snapshot that a guest was restored from, and what was done so that it is no mere copy. */
const SnapshotUse = z.object({
  id: z.string(),
  taken: z.string(),
  qemu: z.string(),
})
export type SnapshotUse = z.infer<typeof SnapshotUse>

const State = z.object({
  vm: z.string(),
  /** `up`: lives until `lab down`. `run`: belongs to the process `ownerPid`. */
  owner: z.enum(['up', 'run']),
  ownerPid: z.int(),
  pid: z.int(),
  /** Field 22 of /proc/<pid>/stat: a pid alone may name somebody else by now. */
  startTime: z.string(),
  /** Of the host. */
  bootId: z.string(),
  pidNamespace: z.string().optional(),
  host: z.string().optional(),
  machine: z.string().optional(),
  port: z.int(),
  kernel: z.object({
    name: z.string(),
    fingerprint: z.string(),
    release: z.string(),
    source: z.string(),
    dir: z.string(),
    wanted: z.string(),
    compat: z.array(z.string()).default([]),
  }),
  image: z.object({ name: z.string(), fingerprint: z.string() }),
  accel: z.object({ accel: z.enum(['kvm', 'tcg']), asked: z.enum(['kvm', 'tcg', 'auto']), reason: z.string() }),
  /** Of everything that makes this VM what it is. */
  fingerprint: z.string(),
  argv: z.array(z.string()),
  since: z.string(),
  guest: z.object({ bootId: z.string(), clocksource: z.string() }),
  snapshot: SnapshotUse.optional(),
})
export type VmState = z.infer<typeof State>

/** Milliseconds in which a killed process is gone. */
const END = 2000

export const stateFile = (dir: string): string => join(dir, 'state.json')

/**
 * The process that made a directory, written down before anything is started there: whatever kills it, `lab gc` sees
 * that it is gone.
 */
const STARTER = 'starter.json'

/**
 * A new directory for one VM; `name` itself for the VM that `lab up` owns, a name with a random tail for a run's own.
 */
export async function newVmDir(vms: string, vm: string, owner: VmState['owner']): Promise<string> {
  const dir = join(vms, owner === 'up' ? vm : `${vm}.run-${process.pid}-${randomBytes(3).toString('hex')}`)
  const before = await starterOf(dir)
  if (before !== undefined && isElsewhere(before) && (await livesElsewhere(dir, before)))
    throw upElsewhere(vm, dir, before)
  // It gets its name with its starter in it: a directory that names nobody is one that `lab gc` removes.
  const fresh = partialIn(vms)
  const removed = removeAtForcedEnd(fresh)
  try {
    makeDirectory(fresh, 0o700)
    await writeFile(join(fresh, STARTER), `${JSON.stringify(thisProcess())}\n`, { mode: 0o600 })
    // A `lab up` that was killed while it booted leaves a QEMU that nobody knows.
    await endStrays(dir)
    await rm(dir, { recursive: true, force: true })
    await rename(fresh, dir)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    throw error
  } finally {
    removed()
  }
  return dir
}

/** What is said where a VM is up that cannot be ended, or not be seen, from here. */
export const upElsewhere = (vm: string, dir: string, starter: ProcessId): Failure =>
  labError({
    place: `vm ${vm}`,
    fact: `it is up${whereabouts(starter) === 'container' ? ' in another pid namespace (a container, or outside of this one)' : whereText(starter)}: ${dir} belongs to process ${starter.pid} there`,
    wayOut:
      whereabouts(starter) === 'container'
        ? '`lab down` ends it, here or there; a copy of the lab in another directory has a VM of its own'
        : '`lab down` there ends it; a copy of the lab in another directory has a VM of its own. If that host is gone for good, remove the directory',
  })

/** Registers a VM that is not to outlive a command which is ended by force. @returns takes it back */
export const endVmAtForcedEnd = (dir: string): (() => void) =>
  undoAtForcedEnd(() => {
    for (const pid of programsIn(dir, 'qemu-system-')) process.kill(pid, 'SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })

/** The process that made a directory, where that is known. */
async function starterOf(dir: string): Promise<ProcessId | undefined> {
  try {
    return ProcessId.parse(JSON.parse(await readFile(join(dir, STARTER), 'utf8')))
  } catch {
    return undefined
  }
}

/**
 * A VM without a control socket is one that is made ready just now, or a sealed one, and none of those takes longer.
 * Milliseconds.
 */
const WITHOUT_SOCKET = 3600 * 1000

/** Shows other hosts that a VM is its command's, as long as that lives. */
export const keepOwning = (dir: string): Disposable => keepBeating(join(dir, STARTER))

/**
 * Whether a VM of another pid namespace lives: its processes cannot be seen from here, but a socket that takes a
 * connection has somebody behind it, and one that refuses has nobody. No socket reaches another host, so that there the
 * sign of life of its command decides. The VM of `lab up` has no command that could give one: it counts as alive.
 */
async function livesElsewhere(dir: string, starter: ProcessId): Promise<boolean> {
  if (whereabouts(starter) === 'another host') {
    if ((await readState(dir))?.owner === 'up') return true
    return ((await silence(join(dir, STARTER))) ?? SILENT) < SILENT
  }
  try {
    const socket = await connectUnix(join(dir, QMP_SOCKET))
    socket.destroy()
    return true
  } catch (error) {
    if (codeOf(error) === 'ECONNREFUSED') return false
    const begun = await stat(join(dir, STARTER)).catch(() => undefined)
    return begun !== undefined && Date.now() - begun.mtimeMs < WITHOUT_SOCKET
  }
}

/** Ends every QEMU that runs in a directory, known or not: its working directory is the VM's. */
export async function endStrays(dir: string): Promise<void> {
  for (const pid of programsIn(dir, 'qemu-system-')) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile, or belongs to somebody else.
    }
    for (const until = performance.now() + END; startTimeOf(pid) !== undefined && performance.now() < until;)
      await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function writeState(dir: string, state: VmState): Promise<void> {
  const file = stateFile(dir)
  await writeFile(`${file}.new`, `${JSON.stringify(state, null, 1)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/** The state of a directory, or undefined if there is none or it cannot be read. */
export async function readState(dir: string): Promise<VmState | undefined> {
  try {
    return State.parse(JSON.parse(await readFile(stateFile(dir), 'utf8')))
  } catch {
    return undefined
  }
}

export interface KnownVm {
  readonly dir: string
  readonly id: string
  readonly state: VmState | undefined
  readonly alive: boolean
  /**
   * Whether somebody still cares for it: a VM of `lab up` that has booted is everybody's, any other one is its
   * command's.
   */
  readonly owned: boolean
  /** The process that made the directory, where that is known. */
  readonly starter?: ProcessId | undefined
}

/** Every VM directory of a lab, with or without a readable state. */
export async function listVms(vms: string): Promise<KnownVm[]> {
  const names = await readdir(vms, { withFileTypes: true }).catch(() => [])
  return await Promise.all(
    names
      .filter(({ name }) => !name.startsWith(PARTIAL) && !name.endsWith('.lock'))
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => {
        const dir = join(vms, name)
        const [state, starter] = [await readState(dir), await starterOf(dir)]
        if (starter !== undefined && isElsewhere(starter)) {
          const lives = await livesElsewhere(dir, starter)
          return { dir, id: name, state, alive: state !== undefined && lives, owned: lives, starter }
        }
        const alive = state !== undefined && isAlive(state)
        const owned = state?.owner === 'up' ? alive : starter !== undefined && isAlive(starter)
        return { dir, id: name, state, alive, owned, starter }
      }),
  )
}
