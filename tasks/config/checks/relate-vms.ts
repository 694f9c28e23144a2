/** Checks of VMs: what the host can give, and disks that fit together. */
import path from 'node:path'
import { describe, quoted, sizeText } from '../describe.ts'
import type { Path, Problem } from '../text/diagnostic.ts'
import { cpusOf } from '../lookup.ts'
import { repeated } from './lists.ts'
import type { Check } from './check.ts'
import { type Disk, type DiskFile, bytesOf } from '../schema/schema.ts'

/** Below this a Debian userland with an ssh server and trace buffers is killed for memory before it can say why. */
const LEAST_MEMORY = 64 * 2 ** 20
/**
 * With less, ext4 has no room for anything; more takes minutes and gigabytes to lay out, and no guest of a lab fills
 * it.
 */
const DISK = { least: 2 ** 20, most: 2 ** 40 }
/** Of one part of a path (ext4's limit); bytes. */
const LONGEST_NAME = 255
/** The kernel of the guest makes these; a disk there would hide them, and the guest would not start. */
const KERNEL_DIRECTORIES = ['/proc', '/sys', '/dev', '/run']
/** A disk on one of these hides the userland itself; below them a disk hides nothing. */
const USERLAND_DIRECTORIES = [
  '/',
  '/bin',
  '/boot',
  '/etc',
  '/lib',
  '/lib64',
  '/root',
  '/sbin',
  '/usr',
  '/usr/bin',
  '/usr/lib',
  '/usr/sbin',
]

/** What a lab's counters and files are made for. */
const MOST_CPUS = 64

const resources: Check = function* ({ lab: { vms }, host }) {
  for (const [name, vm] of Object.entries(vms)) {
    const { memory } = vm
    const cpus = cpusOf(vm)
    const bytes = memory === undefined ? undefined : bytesOf(memory)
    const at = { path: ['vms', name, 'memory'], at: 'value', severity: 'error' } as const
    if (bytes !== undefined && bytes < LEAST_MEMORY) {
      yield { ...at, message: `memory of vm ${name}: ${memory} is too little to boot`, wayOut: 'write at least 64M' }
    } else if (bytes !== undefined && bytes > host.memoryBytes) {
      const message = `memory of vm ${name}: ${memory} is more than this host has (${sizeText(host.memoryBytes)})`
      yield { ...at, message, wayOut: 'write less, or use a larger host' }
    }
    if (cpus > MOST_CPUS)
      yield {
        severity: 'error',
        path: ['vms', name, 'cpus'],
        at: 'value',
        message: `cpus of vm ${name}: sockets and cores make ${cpus} CPUs, more than ${MOST_CPUS}`,
        wayOut: 'write smaller numbers',
      }
    else if (vm.cpus !== undefined && cpus > host.cpus) {
      yield {
        severity: 'warning',
        path: ['vms', name, 'cpus'],
        at: 'value',
        message:
          `cpus of vm ${name}: ${cpus} is more than this host has (${host.cpus}): ` +
          "the guest's CPUs will take turns",
        wayOut: 'times measured in such a guest are not comparable; write less if they matter',
      }
    }
  }
}

/** One CPU and counted time are what makes it so; anything else would be dropped in silence. */
const determinism: Check = function* ({ lab: { vms } }) {
  for (const [name, vm] of Object.entries(vms)) {
    const { deterministic, accel } = vm
    if (deterministic !== 'yes') continue
    const cpus = cpusOf(vm)
    if (cpus > 1)
      yield {
        severity: 'error',
        path: ['vms', name, 'cpus'],
        at: 'value',
        message: `vm ${name} is deterministic and has ${cpus} CPUs: whose turn it is would be the host's decision`,
        wayOut: 'write 1, or leave it out',
      }
    if (accel === 'kvm')
      yield {
        severity: 'error',
        path: ['vms', name, 'accel'],
        at: 'value',
        message: `vm ${name} is deterministic: KVM cannot count its instructions`,
        wayOut: 'write tcg, or leave it out',
      }
  }
}

const fallbacks: Check = function* ({ lab: { vms } }) {
  for (const [name, { kernel }] of Object.entries(vms)) {
    if (typeof kernel === 'string') continue
    const at: Path = ['vms', name, 'kernel', 'fallback']
    yield* repeated(kernel.fallback ?? [], at)
    const index = kernel.fallback?.indexOf(kernel.use) ?? -1
    if (index < 0) continue
    const message = `kernel ${kernel.use} cannot be its own fallback`
    yield { severity: 'error', path: [...at, index], at: 'value', message, wayOut: 'name another kernel' }
  }
}

/** Why nothing of the lab may be mounted there. */
export function mountProblem(mount: string): Pick<Problem, 'message' | 'wayOut'> | undefined {
  const plain = mount.length > 1 ? mount.replace(/\/$/, '') : mount
  if (path.posix.normalize(plain) !== plain) {
    return {
      message: `the mount point "${mount}" is written in a roundabout way`,
      wayOut: `write ${path.posix.normalize(plain)}`,
    }
  }
  const taken =
    KERNEL_DIRECTORIES.find((directory) => plain === directory || plain.startsWith(`${directory}/`)) ??
    USERLAND_DIRECTORIES.find((directory) => plain === directory)
  if (taken === undefined) return undefined
  return {
    message: `the mount point "${mount}" would hide the guest's own ${taken}`,
    wayOut: 'mount it elsewhere, for example on /data',
  }
}

function* mounts(disks: Readonly<Record<string, Disk>>, at: Path): Iterable<Problem> {
  const taken = new Map<string, string>()
  for (const [name, { mount }] of Object.entries(disks)) {
    const here = { severity: 'error', path: [...at, name, 'mount'], at: 'value' } as const
    const problem = mountProblem(mount)
    if (problem !== undefined) yield { ...here, ...problem }
    const plain = mount.replace(/\/$/, '')
    const other = taken.get(plain)
    if (other !== undefined) {
      yield {
        ...here,
        message: `disk ${other} is mounted on ${plain} already`,
        wayOut: 'give each disk a mount point of its own',
      }
    }
    taken.set(plain, name)
  }
}

/** Why a name of a file on a disk cannot be used. */
function fileProblem(name: string, all: readonly string[]): Pick<Problem, 'message' | 'wayOut'> | undefined {
  const normal = path.posix.normalize(name)
  if (name.split('/').some((part) => Buffer.byteLength(part) > LONGEST_NAME))
    return {
      message: `the name of the file ${quoted(name)} is too long`,
      wayOut: `write at most ${LONGEST_NAME} bytes`,
    }
  if (path.posix.isAbsolute(name)) {
    return {
      message: `the file ${quoted(name)} is not relative to the disk`,
      wayOut: `write ${name.replace(/^\/+/, '') || 'a name'}`,
    }
  }
  if (normal === '..' || normal.startsWith('../')) {
    return {
      message: `the file ${quoted(name)} would be outside the disk`,
      wayOut: 'write a path below the mount point',
    }
  }
  if (normal !== name || name.endsWith('/') || name === '.') {
    const better = normal.replace(/\/$/, '')
    return {
      message: `the file ${quoted(name)} is not a plain path`,
      wayOut: better === '.' ? 'write a name' : `write ${better}`,
    }
  }
  const below = all.find((other) => other.startsWith(`${name}/`))
  if (below === undefined) return undefined
  return {
    message: `${quoted(name)} is a file here and a directory in ${quoted(below)}`,
    wayOut: 'rename one of the two',
  }
}

/** What a file will take; of one of the host, whose size is known when the disk is made, nothing. */
function knownSize(file: DiskFile): number {
  if (typeof file === 'string') return Buffer.byteLength(file)
  return 'size' in file ? bytesOf(file.size) : 0
}

function* contents({ size, files = {} }: Disk, at: Path): Iterable<Problem> {
  const names = Object.keys(files)
  for (const name of names) {
    const problem = fileProblem(name, names)
    if (problem !== undefined) yield { severity: 'error', path: [...at, 'files', name], at: 'key', ...problem }
  }
  const bytes = bytesOf(size)
  const here = { severity: 'error', path: [...at, 'size'], at: 'value' } as const
  if (bytes < DISK.least || bytes > DISK.most) {
    const [word, limit] = bytes < DISK.least ? ['small', 'at least 1M'] : ['large', 'at most 1024G']
    yield { ...here, message: `${describe([...at, 'size'])}: ${size} is too ${word}`, wayOut: `write ${limit}` }
    return
  }
  const total = Object.values(files).reduce((sum, file) => sum + knownSize(file), 0)
  if (total <= bytes) return
  const message = `${describe([...at, 'size'])}: ${size} cannot hold its files (${sizeText(total)})`
  yield { ...here, message, wayOut: 'make the disk larger' }
}

const disks: Check = function* ({ lab: { vms } }) {
  for (const [name, vm] of Object.entries(vms)) {
    const at: Path = ['vms', name, 'disks']
    yield* mounts(vm.disks ?? {}, at)
    for (const [disk, value] of Object.entries(vm.disks ?? {})) yield* contents(value, [...at, disk])
  }
}

export const VM_CHECKS: readonly Check[] = [resources, determinism, fallbacks, disks]
