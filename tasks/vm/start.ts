/** One VM from its disks to a guest that answers: booted, or restored from a snapshot. */
import { statSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResolvedDiskFile } from '../config/disk-file.ts'
import { mapEntries } from '../config/resolve.ts'
import type { Context, StepHandle } from '../engine/context.ts'
import { bootId, pidNamespace, startTimeOf, thisProcess } from '../engine/process.ts'
import { fingerprintOf, type Fingerprint } from '../engine/fingerprint.ts'
import { diskFailure } from '../engine/disk.ts'
import { chooseAccel, type Choice } from '../host/accel.ts'
import { qemuArgv, tcgThread, type DiskImage, type Machine } from '../host/qemu.ts'
import type { Qmp } from '../host/qmp.ts'
import type { Guest } from '../host/ssh.ts'
import { keysIn, type Keys } from '../host/ssh-keys.ts'
import { LOG_PATH } from '../host/sh.ts'
import { toolVersion } from '../host/tool-version.ts'
import { boot, type Booted, type BootRequest } from './boot.ts'
import { CONSOLE_LOG } from './console.ts'
import { diskImage, overlay } from './disks.ts'
import { cardsOf, joinNetworks, refuseTwin } from './network.ts'
import type { Places } from './places.ts'
import { bundleDir, writeSeed, type SeedBundle } from './seed.ts'
import { mountShares, prepareShares, type PreparedShares } from './shares.ts'
import { factsBy } from './wake.ts'
import { endVmAtForcedEnd, keepOwning, newVmDir, writeState, type SnapshotUse, type VmState } from './state.ts'
import { killedForMemory, memoryBefore, type MemoryBefore } from './out-of-memory.ts'
import type { Bootable } from '../build/bootable.ts'

/** A VM that answers, and how to let go of it. */
export interface OpenVm extends AsyncDisposable {
  readonly guest: Guest
  readonly state: VmState
  readonly dir: string
  /** The bundle that its boot brought along, if any. */
  readonly bundle: string | undefined
  /** `started` for this command, `restored` from a snapshot for it, or `up` already. */
  readonly origin: 'started' | 'restored' | 'up'
  /** Ends the machine of a run at once and keeps its directory until it is disposed of; the VM of `lab up` goes on. */
  readonly halt: () => Promise<void>
  /** Of a VM that this process has started. */
  readonly memory?: MemoryBefore
}

/** What a VM is booted from, and what it brings along. */
export interface VmRequest extends Bootable {
  /** Programs for the first run; no part of what the VM is. */
  readonly bundle?: SeedBundle | undefined
}

/**
 * A file on a disk as it is now: one of the host by its time and size, since a running VM is compared at each command.
 */
function stateOf(file: ResolvedDiskFile) {
  if (typeof file === 'string' || !('from' in file)) return file
  const stat = statSync(file.from, { throwIfNoEntry: false })
  return { from: file.from, size: stat?.size ?? null, mtimeMs: stat?.mtimeMs ?? null }
}

/** What makes this VM what it is; a running VM with another fingerprint is not the one that is wanted. */
export const fingerprint = ({ vm, kernel, image, accel, sharing }: VmRequest): Fingerprint =>
  fingerprintOf({
    format: 1,
    kernel: kernel.fingerprint,
    ...(kernel.initrd && { initrd: kernel.initrd.fingerprint }),
    image: image.fingerprint,
    cpus: vm.cpus,
    ...(vm.topology && { topology: vm.topology }),
    memory: vm.memory,
    ...(vm.numa && { numa: vm.numa.map((node) => ({ ...node })) }),
    accel: accel ?? vm.accel,
    disks: vm.disks.map((disk) => ({ ...disk, files: mapEntries(disk.files, (_, file) => stateOf(file)) })),
    ...(vm.cmdline && { cmdline: vm.cmdline }),
    ...(vm.qemu && { qemu: vm.qemu }),
    ...(vm.dump && { dump: vm.dump }),
    ...(sharing && { shares: vm.shares?.map((share) => ({ ...share })) ?? [], transport: sharing.transport }),
    ...(vm.networks && {
      networks: vm.networks.map(({ name, mac, address, hosts }) => ({ name, mac, address, hosts: [...hosts] })),
    }),
  })

/** The version line of the QEMU that would be started. */
export const qemuVersion = ({ cache, signal }: Context): Promise<string> =>
  toolVersion('qemu-system-x86_64', cache, signal)

/** Settles the accelerator and says so where that is not the best there is. */
export async function accelOf(request: VmRequest, context: Context, handle: StepHandle): Promise<Choice> {
  const asked = request.accel ?? request.vm.accel
  if (asked !== 'tcg') handle.progress('try KVM')
  const choice = await chooseAccel(asked, context.cache, request.kernel.image, context.signal)
  if (asked === 'auto' && choice.accel === 'tcg')
    context.emit({
      type: 'notice',
      level: 'warning',
      standing: true,
      place: `vm ${request.vm.name}`,
      text: `runs under TCG (software emulation): ${choice.reason}`,
    })
  return choice
}

/** The disks of a machine below `dir`, in the order in which the guest sees them. */
export function diskList(dir: string, { vm }: VmRequest, seed: string): DiskImage[] {
  return [
    { file: join(dir, 'root.qcow2'), format: 'qcow2', serial: 'lab-root' },
    { file: seed, format: 'raw', readonly: true, serial: 'lab-seed' },
    ...vm.disks.map((_, index) => ({
      file: join(dir, `disk${index}.qcow2`),
      format: 'qcow2' as const,
      serial: `lab-disk-${index}`,
    })),
  ]
}

/** Throw-away overlays over image and data disks, and a seed. */
export async function freshDisks(dir: string, request: VmRequest, keys: Keys, context: Context): Promise<DiskImage[]> {
  const { vm, image } = request
  const seed = join(dir, 'seed.tar')
  const disks = diskList(dir, request, seed)
  const [root, , ...data] = disks.map(({ file }) => file)
  await Promise.all([
    overlay({ file: image.disk, format: 'raw' }, root ?? '', context.signal),
    writeSeed(seed, vm.name, keys, vm.disks, request.bundle, request.sharing?.modules),
    ...vm.disks.map(async (disk, index) =>
      overlay({ file: await diskImage(disk, context), format: 'raw' }, data[index] ?? '', context.signal),
    ),
  ])
  return disks
}

/** The machine itself; its disks, and where its memory comes from, are the caller's. */
export async function machineArgv(
  { vm, kernel, image }: VmRequest,
  choice: Choice,
  parts: Pick<Machine, 'disks' | 'memory' | 'incoming' | 'cards' | 'shares'>,
  context: Context,
): Promise<string[]> {
  return qemuArgv({
    accel: choice.accel,
    tcgThread: tcgThread(await qemuVersion(context)),
    cpus: vm.cpus,
    topology: vm.topology,
    memoryBytes: vm.memory,
    numa: vm.numa,
    kernel: kernel.image,
    initrd: kernel.initrd?.file,
    init: image.init,
    consoleLog: LOG_PATH,
    parameters: vm.cmdline ?? [],
    further: vm.qemu ?? [],
    stopsAtPanic: vm.dump !== undefined,
    ...parts,
  })
}

/** How a machine comes to life: its command line, and what makes its guest answer. */
export interface Launch {
  readonly owner: VmState['owner']
  readonly argv: (dir: string, keys: Keys) => Promise<string[]>
  readonly boot: (request: BootRequest, context: Context, handle: StepHandle) => Promise<Booted>
  readonly snapshot?: SnapshotUse
}

/** Ends a machine that has booted. */
async function end({ guest, qmp, process: machine }: Booted): Promise<void> {
  guest.close()
  qmp.close()
  machine.kill('SIGKILL')
  await machine.ended
}

/** A VM in a directory of its own, with its state written down. The control socket is the caller's to close. */
export async function launch(
  request: VmRequest,
  choice: Choice,
  how: Launch,
  places: Places,
  context: Context,
  handle: StepHandle,
): Promise<OpenVm & { readonly qmp: Qmp }> {
  const { vm, kernel, image } = request
  const { owner, snapshot } = how
  const place = `vm ${vm.name}`
  const refused = (error: unknown): never => {
    throw diskFailure(error, place, places.vms)
  }
  const keys = await keysIn(places.keys).catch(refused)
  handle.progress('make its disks')
  const dir = await newVmDir(places.vms, vm.name, owner).catch(refused)
  const undone = endVmAtForcedEnd(dir)
  const memory = memoryBefore(vm.memory)
  const owning = keepOwning(dir)
  let booted: Booted | undefined
  try {
    const argv = await how.argv(dir, keys)
    const address = { privateKey: keys.userPrivate, hostKey: keys.hostPublic }
    booted = await how.boot(
      { argv, dir, accel: choice.accel, dieWithUs: owner === 'run', address, place, memory },
      context,
      handle,
    )
    const { port, facts, guest, qmp, process: machine } = booted
    const state: VmState = {
      vm: vm.name,
      owner,
      ownerPid: process.pid,
      pid: machine.pid,
      startTime: startTimeOf(machine.pid) ?? '',
      bootId: bootId(),
      pidNamespace: pidNamespace(),
      host: thisProcess().host,
      machine: thisProcess().machine,
      port,
      kernel: {
        name: kernel.name,
        fingerprint: kernel.fingerprint,
        release: facts.release,
        source: kernel.source,
        dir: kernel.dir,
        wanted: request.kernelWanted,
        compat: [...kernel.compat],
      },
      image: { name: image.name, fingerprint: image.fingerprint },
      accel: choice,
      fingerprint: fingerprint(request),
      argv: [...argv],
      since: new Date().toISOString(),
      guest: { bootId: facts.bootId, clocksource: facts.clocksource },
      ...(snapshot && { snapshot }),
    }
    await writeState(dir, state)
    // From here on the VM of `lab up` is everybody's.
    if (owner === 'up') undone()
    const halt = async () => {
      guest.close()
      qmp.close()
      if (owner === 'up') return
      machine.kill('SIGKILL')
      await machine.ended
    }
    const close = async () => {
      await halt()
      owning[Symbol.dispose]()
      if (owner === 'run') await rm(dir, { recursive: true, force: true })
      undone()
    }
    const origin = snapshot ? 'restored' : 'started'
    return { guest, qmp, state, dir, memory, bundle: request.bundle?.id, origin, halt, [Symbol.asyncDispose]: close }
  } catch (error) {
    // A machine whose state is not written down is one that `lab down` does not know.
    if (booted) await end(booted)
    const failure = diskFailure(error, place, dir)
    // A directory without a log tells nobody anything; one with a log is named in the message and stays until `lab gc`.
    const said = await stat(join(dir, CONSOLE_LOG)).catch(() => undefined)
    const useless = (said?.size ?? 0) === 0 || failure !== error
    if (context.signal.aborted || useless) await rm(dir, { recursive: true, force: true }).catch(() => undefined)
    undone()
    owning[Symbol.dispose]()
    throw failure === error ? (killedForMemory(place, memory) ?? error) : failure
  }
}

/** Boots a VM. */
export async function startVm(
  request: VmRequest,
  owner: VmState['owner'],
  places: Places,
  context: Context,
  handle: StepHandle,
): Promise<OpenVm> {
  await refuseTwin(request.vm, places)
  const choice = await accelOf(request, context, handle)
  const { bundle, sharing } = request
  let prepared: PreparedShares | undefined
  const argv = async (dir: string, keys: Keys) => {
    const disks = await freshDisks(dir, request, keys, context)
    prepared = await prepareShares(request.vm, sharing, dir, places, context.cache)
    handle.progress('boot: firmware')
    const { shares } = prepared
    return await machineArgv(request, choice, { disks, cards: cardsOf(request.vm, places), shares }, context)
  }
  const hello = bundle && factsBy(`${bundleDir(bundle.id)}/${bundle.holder}`)
  const how = {
    owner,
    argv,
    boot: async (machine: BootRequest, ...rest: [Context, StepHandle]) => {
      const started = prepared?.started(machine.argv) ?? machine.argv
      const booted = await boot({ ...machine, argv: started }, ...rest, hello)
      try {
        await joinNetworks(booted.guest, request.vm, context.signal)
        await mountShares(booted.guest, request.vm, sharing, context.signal)
        return booted
      } catch (error) {
        await end(booted)
        throw error
      }
    },
  }
  const vm = await launch(request, choice, how, places, context, handle)
  vm.qmp.close()
  return vm
}
