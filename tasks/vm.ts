/**
 * Step: vm, a service. Up when a command runs in the guest; closed when nobody needs it. A VM that `lab up` started is shared by later
 * runs, one after the other; a run that finds none starts its own, which dies with it whatever kills it.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResolvedVm } from './config/resolve.ts'
import { bootId, step, type Context, type StepHandle } from './engine/context.ts'
import { labError, messageOf } from './engine/error.ts'
import { fingerprintOf, type Fingerprint } from './engine/fingerprint.ts'
import { lock, type Lock } from './engine/lock.ts'
import { chooseAccel, type Choice } from './host/accel.ts'
import { qemuArgv, tcgThread } from './host/qemu.ts'
import { Qmp } from './host/qmp.ts'
import { Guest } from './host/ssh.ts'
import { keysIn, type Keys } from './host/ssh-keys.ts'
import type { ImageArtefact } from './image.ts'
import type { KernelArtefact } from './kernel.ts'
import { toolVersion } from './host/tool-version.ts'
import { boot, CONSOLE_LOG } from './vm/boot.ts'
import { diskImage, overlay } from './vm/disks.ts'
import type { Places } from './vm/places.ts'
import { writeSeed, type SeedBundle } from './vm/seed.ts'
import {
  isAlive,
  listVms,
  newVmDir,
  ownerLives,
  readState,
  startTimeOf,
  writeState,
  type KnownVm,
  type VmState,
} from './vm/state.ts'

export { placesOf, type Places } from './vm/places.ts'

/** A VM that answers, and how to let go of it. */
export interface OpenVm extends AsyncDisposable {
  readonly guest: Guest
  readonly state: VmState
  readonly dir: string
  /** The bundle that its boot brought along, if any. */
  readonly bundle: string | undefined
  /** `started` for this command, or `up` already. */
  readonly origin: 'started' | 'up'
}

export interface VmWanted {
  readonly vm: ResolvedVm
  readonly kernel: KernelArtefact
  /** The kernel that the lab file asks for, where a fallback was taken instead. */
  readonly kernelWanted: string
  readonly image: ImageArtefact
  readonly accel?: 'kvm' | 'tcg' | 'auto' | undefined
  /** Programs for the first run; no part of what the VM is. */
  readonly bundle?: SeedBundle | undefined
}

/** What makes this VM what it is; a running VM with another fingerprint is not the one that is wanted. */
export const fingerprint = ({ vm, kernel, image, accel }: VmWanted): Fingerprint =>
  fingerprintOf({
    format: 1,
    kernel: kernel.fingerprint,
    image: image.fingerprint,
    cpus: vm.cpus,
    memory: vm.memory,
    accel: accel ?? vm.accel,
    disks: vm.disks.map(({ fs, size, mount, files }) => ({ fs, size, mount, files: { ...files } })),
  })

async function prepare(dir: string, wanted: VmWanted, keys: Keys, choice: Choice, context: Context): Promise<string[]> {
  const { vm, kernel, image } = wanted
  const root = join(dir, 'root.qcow2')
  const disks = vm.disks.map((disk, index) => ({ disk, file: join(dir, `disk${index}.qcow2`) }))
  await Promise.all([
    overlay(image.disk, root, context.signal),
    writeSeed(join(dir, 'seed.tar'), vm.name, keys, vm.disks, wanted.bundle),
    ...disks.map(async ({ disk, file }) => overlay(await diskImage(disk, context), file, context.signal)),
  ])
  return qemuArgv({
    accel: choice.accel,
    tcgThread: tcgThread(await toolVersion('qemu-system-x86_64', context.cache, context.signal)),
    cpus: vm.cpus,
    memoryBytes: vm.memory,
    kernel: kernel.image,
    init: image.init,
    consoleLog: join(dir, CONSOLE_LOG),
    disks: [
      { file: root, format: 'qcow2', serial: 'lab-root' },
      { file: join(dir, 'seed.tar'), format: 'raw', readonly: true, serial: 'lab-seed' },
      ...disks.map(({ file }, index) => ({ file, format: 'qcow2' as const, serial: `lab-disk-${index}` })),
    ],
  })
}

/** Boots a VM into a directory of its own and writes its state. */
async function startVm(
  wanted: VmWanted,
  owner: VmState['owner'],
  places: Places,
  context: Context,
  handle: StepHandle,
): Promise<OpenVm> {
  const { vm, kernel, image } = wanted
  const place = `vm ${vm.name}`
  const asked = wanted.accel ?? vm.accel
  const keys = await keysIn(places.keys)
  if (asked !== 'tcg') handle.progress('try KVM')
  const choice = await chooseAccel(asked, context.cache, kernel.image, context.signal)
  if (asked === 'auto' && choice.accel === 'tcg')
    context.emit({
      type: 'notice',
      level: 'warning',
      place,
      text: `runs under TCG (software emulation): ${choice.reason}`,
    })
  handle.progress('make its disks')
  const dir = await newVmDir(places.vms, vm.name, owner)
  try {
    const argv = await prepare(dir, wanted, keys, choice, context)
    handle.progress('boot: firmware')
    const address = { privateKey: keys.userPrivate, hostKey: keys.hostPublic }
    const booted = await boot(
      { argv, dir, accel: choice.accel, dieWithUs: owner === 'run', address, place },
      context,
      handle,
    )
    const { port, facts, guest, qmp } = booted
    const state: VmState = {
      ...{
        vm: vm.name,
        owner,
        ownerPid: process.pid,
        pid: booted.process.pid,
        startTime: startTimeOf(booted.process.pid) ?? '',
        bootId: bootId(),
        port,
      },
      kernel: {
        name: kernel.name,
        fingerprint: kernel.fingerprint,
        release: facts.release,
        source: kernel.source,
        dir: kernel.dir,
        wanted: wanted.kernelWanted,
        compat: [...kernel.compat],
      },
      image: { name: image.name, fingerprint: image.fingerprint },
      accel: choice,
      fingerprint: fingerprint(wanted),
      argv: [...argv],
      since: new Date().toISOString(),
      guest: { bootId: facts.bootId, clocksource: facts.clocksource },
    }
    await writeState(dir, state)
    qmp.close()
    const close = async () => {
      guest.close()
      if (owner === 'up') return
      booted.process.kill('SIGKILL')
      await booted.process.ended
      await rm(dir, { recursive: true, force: true })
    }
    return { guest, state, dir, bundle: wanted.bundle?.id, origin: 'started', [Symbol.asyncDispose]: close }
  } catch (error) {
    // A directory without a log tells nobody anything; one with a log is named in the message and stays until `lab gc`.
    if (context.signal.aborted || !existsSync(join(dir, CONSOLE_LOG))) await rm(dir, { recursive: true, force: true })
    throw error
  }
}

/** Connects to a VM that `lab up` started. */
async function attach(known: KnownVm & { state: VmState }, places: Places): Promise<Guest> {
  const keys = await keysIn(places.keys)
  try {
    return await Guest.connect(
      { port: known.state.port, privateKey: keys.userPrivate, hostKey: keys.hostPublic },
      20_000,
    )
  } catch (error) {
    throw labError({
      place: `vm ${known.state.vm}`,
      fact: `it runs (process ${known.state.pid}) but does not answer: ${messageOf(error)}`,
      wayOut: '`lab console` shows what it says; `lab down` ends it',
      log: join(known.dir, CONSOLE_LOG),
    })
  }
}

const vmLock = (places: Places, vm: string) => join(places.vms, `${vm}.lock`)

/** The living VM that `lab up` owns, if any. */
export async function upVm(places: Places, vm: string): Promise<(KnownVm & { state: VmState }) | undefined> {
  const dir = join(places.vms, vm)
  const state = await readState(dir)
  return state && isAlive(state) ? { dir, id: vm, state, alive: true } : undefined
}

/** A VM for the length of one command: the one that is up if it is what is wanted (and nobody else uses it), or one of our own. */
export async function openVm(wanted: VmWanted, places: Places, context: Context, ownOne = false): Promise<OpenVm> {
  const name = `vm ${wanted.vm.name}`
  return await step(context, name, name, async (handle) => {
    const up = ownOne ? undefined : await upVm(places, wanted.vm.name)
    if (up && up.state.fingerprint === fingerprint(wanted)) {
      const held: Lock = await lock(vmLock(places, wanted.vm.name), context.signal, () =>
        handle.progress('wait for another run on this VM'),
      )
      const still = await upVm(places, wanted.vm.name)
      if (still?.state.pid === up.state.pid) {
        const guest = await attach(still, places)
        const close = async () => {
          guest.close()
          await held.release()
        }
        const value: OpenVm = {
          guest,
          state: still.state,
          dir: still.dir,
          bundle: undefined,
          origin: 'up',
          [Symbol.asyncDispose]: close,
        }
        return { outcome: 'fresh', detail: `${still.state.guest.clocksource}, up since ${still.state.since}`, value }
      }
      await held.release()
    } else if (up)
      context.emit({
        type: 'notice',
        level: 'info',
        place: name,
        text: 'the VM that is up is not what this run needs; the run gets one of its own',
      })
    const value = await startVm(wanted, 'run', places, context, handle)
    return { outcome: 'done', detail: `${value.state.kernel.release} under ${value.state.accel.accel}`, value }
  })
}

/** Milliseconds in which a guest that lives answers `true`, also on a busy host under TCG. */
const SIGN_OF_LIFE = 20_000

/**
 * Ends a VM whose guest does not answer any more: a kernel that has panicked leaves QEMU a moment to live, and nobody may take that for a
 * guest. The VM of `lab up` is not ours to end; its QEMU is waited for.
 */
export async function endIfDead({ guest, state }: Pick<OpenVm, 'guest' | 'state'>): Promise<void> {
  const answers = await guest.exec(['true'], { timeout: SIGN_OF_LIFE, limit: 1024 }).then(
    ({ status }) => status === 0,
    () => false,
  )
  if (answers) return
  if (state.owner === 'run' && isAlive(state)) process.kill(state.pid, 'SIGKILL')
  for (const until = performance.now() + QUIT; isAlive(state) && performance.now() < until;)
    await new Promise((resolve) => setTimeout(resolve, 20))
}

/** `lab up`: converges to a running VM of this declaration. */
export async function upStep(wanted: VmWanted, places: Places, context: Context): Promise<VmState> {
  const name = `vm ${wanted.vm.name}`
  return await step(context, name, name, async (handle) => {
    await using _lock = await lock(vmLock(places, wanted.vm.name), context.signal, () =>
      handle.progress('wait for a run on this VM'),
    )
    const up = await upVm(places, wanted.vm.name)
    if (up?.state.fingerprint === fingerprint(wanted))
      return { outcome: 'fresh', detail: `${up.state.kernel.release}, up since ${up.state.since}`, value: up.state }
    if (up) {
      handle.progress('stop the VM of an older declaration')
      await stop(up, context)
    }
    await using started = await startVm(wanted, 'up', places, context, handle)
    const { state } = started
    return {
      outcome: 'done',
      detail: `${state.kernel.release} under ${state.accel.accel}, ssh on 127.0.0.1:${state.port}`,
      value: state,
    }
  })
}

/** Milliseconds that QEMU has to end after it was asked to. */
const QUIT = 3000

/** Ends a VM and removes its directory. Its disks are throw-away, so nothing needs a clean shutdown. */
export async function stop(known: KnownVm, context: Context): Promise<void> {
  const { state, dir } = known
  if (state && isAlive(state)) {
    await Qmp.open(join(dir, 'qmp.sock')).then(
      async (qmp) => {
        await qmp.execute('quit').catch(() => undefined)
        qmp.close()
      },
      () => undefined,
    )
    for (const until = performance.now() + QUIT; isAlive(state) && performance.now() < until;)
      await new Promise((resolve) => setTimeout(resolve, 20))
    if (isAlive(state)) process.kill(state.pid, 'SIGKILL')
  }
  await rm(dir, { recursive: true, force: true })
  if (context.signal.aborted) throw context.signal.reason
}

/** Stops the named VM, or every VM that `lab up` started. Returns the names. */
export async function downStep(places: Places, vm: string | undefined, context: Context): Promise<string[]> {
  const known = (await listVms(places.vms)).filter(
    (one) => one.state?.owner === 'up' && (vm === undefined || one.state.vm === vm),
  )
  for (const one of known) await stop(one, context)
  return known.map(({ id }) => id)
}

/** VMs and directories that nobody owns any more: their run was killed, or their QEMU. */
export async function orphans(places: Places): Promise<KnownVm[]> {
  return (await listVms(places.vms)).filter(({ state, alive, dir }) => {
    if (state) return !alive || !ownerLives(state)
    // No state yet: it is booting, if the process that its name carries lives.
    const pid = /\.run-(\d+)-/.exec(dir)?.[1]
    return pid === undefined || startTimeOf(Number(pid)) === undefined
  })
}
