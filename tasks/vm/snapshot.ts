/**
 * Warm VMs: a guest that has booted and answered is kept as it is (`machine/` of a store entry: memory, device state,
 * disks) and goes on from there as often as a run needs it. Nothing of it is copied: each restore maps the memory
 * privately, writes to overlays of its own, and has sockets and an ssh port of its own.
 */
import { mkdir, readFile, stat, statfs, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { step, type Context, type StepHandle } from '../engine/context.ts'
import { codeOf, Failure, interrupted, labError, messageOf } from '../engine/error.ts'
import { changedInputs, fingerprintOf, hashText, type Inputs, type InputValue } from '../engine/fingerprint.ts'
import { removeAside } from '../engine/lease.ts'
import { lock } from '../engine/lock.ts'
import { diskFull, isDiskFailure } from '../engine/disk.ts'
import { type StoredEntry } from '../engine/store.ts'
import type { Choice } from '../host/accel.ts'
import { saveMachine } from '../host/migration.ts'
import { openConnections, type Qmp } from '../host/qmp.ts'
import { keysIn, type Keys } from '../host/ssh-keys.ts'
import { boot, resume } from './boot.ts'
import { diskImage, overlay } from './disks.ts'
import type { Places } from './places.ts'
import {
  accelOf,
  diskList,
  fingerprint,
  freshDisks,
  launch,
  machineArgv,
  qemuVersion,
  type OpenVm,
  type VmRequest,
} from './start.ts'
import type { SnapshotUse } from './state.ts'
import { wakeUp } from './wake.ts'

/** Kind of the store entries. */
export const SNAPSHOTS = 'snapshot'
/**
 * A directory of the entry and not the entry itself: the store hashes files, and a guest's memory is a gigabyte of
 * mostly nothing.
 */
const MACHINE = 'machine'
const MEMORY = 'memory'
const STATE = 'state'
const SEED = 'seed.tar'
const ABOUT = 'about.json'

const FileFacts = z.object({ size: z.number(), mtimeMs: z.number() })
const About = z.object({
  taken: z.string(),
  files: z.record(z.string(), FileFacts),
  /** Directory of the keys that its guest knows. */
  keys: z.string(),
})

/** What was noted when a snapshot was taken. @throws where that cannot be read */
export const snapshotAbout = async (dir: string): Promise<z.infer<typeof About>> =>
  About.parse(JSON.parse(await readFile(join(dir, ABOUT), 'utf8')))

/** Names the keys of a lab. @throws if there are none */
export async function publicKeysHash(dir: string): Promise<string> {
  const keys = await Promise.all(['host_key.pub', 'id_ed25519.pub'].map((name) => readFile(join(dir, name), 'utf8')))
  return hashText(keys.join('\n'))
}

/** A snapshot that can be restored. */
export interface Snapshot {
  readonly dir: string
  readonly use: SnapshotUse
  readonly choice: Choice
}

export interface SnapshotRequest {
  readonly vm: VmRequest
  /** Path of the holder in the guest; the bundle brings it. */
  readonly holder: string
  /** What the guest has to be good for before it is kept. */
  readonly preflight: (vm: OpenVm) => Promise<void>
}

const textOf = (value: InputValue | undefined): string => (typeof value === 'string' ? value : 'unknown')

/** What tells a file from another one in its place. Whole milliseconds: finer ones do not survive every copy. */
export async function factsOf(file: string): Promise<z.infer<typeof FileFacts>> {
  const { size, mtimeMs } = await stat(file)
  return { size, mtimeMs: Math.floor(mtimeMs) }
}

/**
 * Everything that a saved machine depends on. Another QEMU, kernel, image, disk, program, key or host CPU is another
 * snapshot.
 */
async function inputsOf(
  { vm: request }: SnapshotRequest,
  choice: Choice,
  keys: string,
  context: Context,
): Promise<Inputs> {
  const { vm, kernel, image, bundle } = request
  const bases = [image.disk, ...(await Promise.all(vm.disks.map((disk) => diskImage(disk, context))))]
  return {
    format: 1,
    vm: vm.name,
    kernel: kernel.fingerprint,
    image: image.fingerprint,
    machine: fingerprint(request),
    programs: bundle?.id ?? null,
    qemu: await qemuVersion(context),
    accel: choice.accel,
    // Its time stamp counter is the guest's clock, and its features are the guest's with KVM.
    hostCpu: cpus()[0]?.model ?? null,
    keys,
    // The overlays of a snapshot fit these very files: an image that is made again may have its blocks elsewhere.
    bases: await Promise.all(bases.map(async (file) => ({ file, ...(await factsOf(file)) }))),
  }
}

/** The snapshot of an entry, if its files are still what was saved. */
async function whole({ dir, inputs }: StoredEntry, id: string, choice: Choice): Promise<Snapshot | undefined> {
  try {
    const { taken, files } = await snapshotAbout(dir)
    for (const [name, { size, mtimeMs }] of Object.entries(files)) {
      const now = await factsOf(join(dir, MACHINE, name))
      if (now.size !== size || now.mtimeMs !== mtimeMs) return undefined
    }
    return { dir: join(dir, MACHINE), use: { id, taken, qemu: textOf(inputs['qemu']) }, choice }
  } catch {
    return undefined
  }
}

/** QEMU dies of a mapped page that the disk has no room for, so that room is asked for before. */
async function needRoom(dir: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir)
  if (bavail * bsize >= bytes) return
  const needed = `it may take as much as the guest's memory: ${Math.ceil(bytes / 2 ** 20)} MB, and ${Math.floor((bavail * bsize) / 2 ** 20)} are free`
  throw diskFull(`snapshot, below ${dir}`, [needed], { path: dir })
}

/** Milliseconds for the guest's end of the last connection. */
const GOODBYE = 5000

/** Waits until no connection is left in the guest: a copy of it would wait for a peer that never comes. */
async function alone(qmp: Qmp): Promise<void> {
  for (const until = performance.now() + GOODBYE; performance.now() < until;) {
    if (openConnections(await qmp.human('info usernet')) === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw labError({
    place: 'snapshot',
    fact: 'the guest keeps a connection open',
    wayOut: 'run it again; `start: cold` needs no snapshot',
  })
}

/** Boots a guest, lets `preflight` look at it and leaves what it is in `dir`. */
async function take(
  request: SnapshotRequest,
  choice: Choice,
  dir: string,
  places: Places,
  context: Context,
  handle: StepHandle,
): Promise<void> {
  const machine = join(dir, MACHINE)
  await mkdir(machine, { mode: 0o700 })
  await needRoom(dir, request.vm.vm.memory)
  const memory = { file: join(machine, MEMORY), share: 'shared' } as const
  const argv = async (_dir: string, keys: Keys) => {
    const disks = await freshDisks(machine, request.vm, keys, context)
    return await machineArgv(request.vm, choice, { disks, memory }, context)
  }
  await using vm = await launch(request.vm, choice, { owner: 'run', argv, boot }, places, context, handle)
  handle.progress('preflight')
  await request.preflight(vm)
  await vm.guest.exec(['sync'], { signal: context.signal, timeout: 60_000 })
  vm.guest.close()
  await alone(vm.qmp)
  handle.progress('save')
  await writeFile(join(machine, STATE), await saveMachine(vm.qmp, vm.dir), { mode: 0o600 })
  await vm.halt()
  const names = [MEMORY, STATE, SEED, ...diskList('', request.vm, SEED).map(({ file }) => file)]
  const files = Object.fromEntries(
    await Promise.all([...new Set(names)].map(async (name) => [name, await factsOf(join(machine, name))] as const)),
  )
  await writeFile(
    join(dir, ABOUT),
    `${JSON.stringify({ taken: new Date().toISOString(), files, keys: places.keys }, null, 1)}\n`,
  )
}

/** Names of inputs as a person calls them. */
const WHY: Readonly<Record<string, string>> = {
  qemu: 'QEMU',
  kernel: 'the kernel',
  image: 'the image',
  machine: "the VM's declaration",
  programs: 'the programs',
  accel: 'the accelerator',
  hostCpu: "the host's CPU",
  keys: "the lab's keys",
  bases: 'the disks',
}

/** Which inputs differ from those of the newest snapshot of this VM and kernel, for people. */
async function changedSince(inputs: Inputs, context: Context): Promise<string | undefined> {
  const before = await context.store.newest(SNAPSHOTS, ({ vm, keys }) => vm === inputs['vm'] && keys === inputs['keys'])
  if (before === undefined) return undefined
  const names = [...new Set(changedInputs(before.inputs, inputs).map((name) => name.split('.')[0] ?? name))]
  if (names.includes('qemu'))
    context.emit({
      type: 'notice',
      level: 'info',
      place: `snapshot of vm ${textOf(inputs['vm'])}`,
      text: `the snapshot of ${textOf(before.inputs['qemu'])} is not for ${textOf(inputs['qemu'])}; it is taken again`,
    })
  return names.map((name) => WHY[name] ?? name).join(', ')
}

/** The snapshot that a run starts from: the one that is kept, or a new one. One process at a time takes it. */
export async function snapshotStep(request: SnapshotRequest, places: Places, context: Context): Promise<Snapshot> {
  const name = `snapshot of vm ${request.vm.vm.name}, kernel ${request.vm.kernel.name}`
  return await step(context, name, name, async (handle) => {
    const choice = await accelOf(request.vm, context, handle)
    await keysIn(places.keys)
    const inputs = await inputsOf(request, choice, await publicKeysHash(places.keys), context)
    const key = fingerprintOf(inputs)
    const find = async () => {
      const entry = await context.store.get(SNAPSHOTS, key)
      if (entry === undefined) return undefined
      const found = await whole(entry, key.slice(0, 16), choice)
      if (found !== undefined) return found
      await forget({ dir: join(entry.dir, MACHINE) }, 'its files are not what was saved', request, context)
      return undefined
    }
    const kept = await find()
    if (kept) return { outcome: 'restored', detail: `taken ${kept.use.taken}`, value: kept }
    await using _lock = await lock(join(context.cache, 'locks', `snapshot-${key.slice(0, 32)}`), context.signal, () =>
      handle.progress('wait for another lab to take it'),
    )
    const theirs = await find()
    if (theirs) return { outcome: 'restored', detail: `taken ${theirs.use.taken}`, value: theirs }
    const changed = await changedSince(inputs, context)
    await context.store.put(SNAPSHOTS, key, inputs, (dir) => take(request, choice, dir, places, context, handle))
    if (context.signal.aborted) throw interrupted()
    const value = await find()
    if (value === undefined) throw new Error('a snapshot that was just taken is not whole')
    return { outcome: 'done', detail: changed === undefined ? 'first of this VM' : `changed: ${changed}`, value }
  })
}

/** Throws a snapshot away and says why. */
async function forget(
  snapshot: Pick<Snapshot, 'dir'>,
  why: string,
  request: SnapshotRequest,
  context: Context,
): Promise<void> {
  await removeAside(join(snapshot.dir, '..'))
  context.emit({
    type: 'notice',
    level: 'warning',
    place: `snapshot of vm ${request.vm.vm.name}`,
    text: `${why}; it is discarded and taken again`,
  })
}

/** A guest that goes on from a snapshot. */
async function restore(
  request: SnapshotRequest,
  { dir: machine, use, choice }: Snapshot,
  places: Places,
  context: Context,
  handle: StepHandle,
): Promise<OpenVm> {
  const state = await readFile(join(machine, STATE))
  const argv = async (dir: string) => {
    const disks = diskList(dir, request.vm, join(machine, SEED))
    const written = disks.filter(({ readonly }) => readonly !== true)
    const kept = diskList(machine, request.vm, SEED).filter(({ readonly }) => readonly !== true)
    await Promise.all(
      written.map(({ file }, index) =>
        overlay({ file: kept[index]?.file ?? '', format: 'qcow2' }, file, context.signal),
      ),
    )
    const memory = { file: join(machine, MEMORY), share: 'private' } as const
    return await machineArgv(request.vm, choice, { disks, memory, incoming: true }, context)
  }
  const how = {
    owner: 'run' as const,
    argv,
    snapshot: use,
    boot: (boot: Parameters<typeof resume>[0], ...rest: [Context, StepHandle]) =>
      resume(boot, state, wakeUp(request.holder), ...rest),
  }
  const vm = await launch(request.vm, choice, how, places, context, handle)
  vm.qmp.close()
  return vm
}

/** Restores are too many and too short to be steps of their own. */
const SILENT: StepHandle = { progress: () => undefined }

/**
 * A VM restored from a snapshot. One that cannot be restored is thrown away, said, and taken again, once.
 * @returns the VM, and the snapshot that it came from
 */
export async function warmVm(
  request: SnapshotRequest,
  snapshot: Snapshot,
  places: Places,
  context: Context,
): Promise<{ vm: OpenVm; snapshot: Snapshot }> {
  try {
    return { snapshot, vm: await restore(request, snapshot, places, context, SILENT) }
  } catch (error) {
    // What the disk does to the overlays says nothing about the snapshot.
    const useless =
      error instanceof Failure ? error.kind === 'lab' && !isDiskFailure(error) : codeOf(error) === 'ENOENT'
    if (context.signal.aborted || !useless) throw error
    // Another worker or lab may have put a new one in its place: that one stays.
    const now = await snapshotAbout(join(snapshot.dir, '..')).catch(() => undefined)
    const fact = error instanceof Failure ? error.parts.fact : messageOf(error)
    if (now?.taken === snapshot.use.taken) await forget(snapshot, `it cannot be restored (${fact})`, request, context)
    const fresh = await snapshotStep(request, places, context)
    return { snapshot: fresh, vm: await restore(request, fresh, places, context, SILENT) }
  }
}
