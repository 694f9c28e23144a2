/**
 * Step: vm, a service. Up when a command runs in the guest; closed when nobody needs it. A VM that `lab up` started is
 * shared by later runs, one after the other; a run that finds none starts its own, which dies with it whatever kills
 * it.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { step, type Context } from '../engine/context.ts'
import { interrupted, labError, messageOf, userError } from '../engine/error.ts'
import { isLocked, lock, lockNow, type Lock } from '../engine/lock.ts'
import { Qmp } from '../host/qmp.ts'
import { Guest } from '../host/ssh.ts'
import { keysIn } from '../host/ssh-keys.ts'
import { CONSOLE_LOG } from './console.ts'
import type { Places } from './places.ts'
import { fingerprint, startVm, type OpenVm, type VmRequest } from './start.ts'
import { isAlive, whereabouts } from '../engine/process.ts'
import { fullDiskOf } from './stopped.ts'
import { endStrays, listVms, readState, upElsewhere, type KnownVm, type VmState } from './state.ts'

export { placesOf, type Places } from './places.ts'
export { fingerprint, type OpenVm, type VmRequest } from './start.ts'

/**
 * Connects to a VM that `lab up` started. @throws a lab's Failure where it does not answer, with why where that is
 * known
 */
export async function attach(known: KnownVm & { state: VmState }, places: Places): Promise<Guest> {
  const keys = await keysIn(places.keys)
  try {
    return await Guest.connect(
      { port: known.state.port, privateKey: keys.userPrivate, hostKey: keys.hostPublic },
      20_000,
    )
  } catch (error) {
    const full = await fullDiskOf(known.dir, `vm ${known.state.vm}`)
    if (full) throw full
    throw labError({
      place: `vm ${known.state.vm}`,
      fact: `it runs (process ${known.state.pid}) but does not answer: ${messageOf(error)}`,
      wayOut: '`lab console` shows what it prints; `lab down` ends it',
      log: join(known.dir, CONSOLE_LOG),
    })
  }
}

const vmLock = (places: Places, vm: string) => join(places.vms, `${vm}.lock`)

/** The living VM that `lab up` owns, if any. */
export async function upVm(places: Places, vm: string): Promise<(KnownVm & { state: VmState }) | undefined> {
  const dir = join(places.vms, vm)
  const state = await readState(dir)
  return state && isAlive(state) ? { dir, id: vm, state, alive: true, owned: true } : undefined
}

/**
 * A VM for the length of one command: the one that is up if it is what is wanted (and nobody else uses it), or one of
 * our own.
 */
export async function openVm(request: VmRequest, places: Places, context: Context, ownOne = false): Promise<OpenVm> {
  const name = `vm ${request.vm.name}`
  return await step(context, name, name, async (handle) => {
    const up = ownOne ? undefined : await upVm(places, request.vm.name)
    if (up && up.state.fingerprint === fingerprint(request)) {
      const held: Lock = await lock(vmLock(places, request.vm.name), context.signal, () =>
        handle.progress('wait for another run on this VM'),
      )
      const still = await upVm(places, request.vm.name)
      if (still?.state.pid === up.state.pid) {
        const guest = await attach(still, places).catch(async (error: unknown) => {
          await held.release()
          throw error
        })
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
          halt: () => Promise.resolve(guest.close()),
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
    const value = await startVm(request, 'run', places, context, handle)
    return { outcome: 'done', detail: `${value.state.kernel.release} under ${value.state.accel.accel}`, value }
  })
}

/** Milliseconds in which a guest that lives answers `true`, also on a busy host under TCG. */
const SIGN_OF_LIFE = 20_000

/**
 * Ends a VM whose guest does not answer any more: a kernel that has panicked leaves QEMU a moment to live, and nobody
 * may take that for a guest. The VM of `lab up` is not ours to end; its QEMU is waited for.
 * @returns whether it answers on this connection; of one that does not, nothing more can be had
 */
export async function endIfDead({ guest, state }: Pick<OpenVm, 'guest' | 'state'>): Promise<boolean> {
  const answers = await guest.exec(['true'], { timeout: SIGN_OF_LIFE, limit: 1024 }).then(
    ({ status }) => status === 0,
    () => false,
  )
  if (answers) return true
  if (state.owner === 'run' && isAlive(state)) process.kill(state.pid, 'SIGKILL')
  for (const until = performance.now() + QUIT; isAlive(state) && performance.now() < until;)
    await new Promise((resolve) => setTimeout(resolve, 20))
  return false
}

/** `lab up`: converges to a running VM of this declaration. */
export async function upStep(request: VmRequest, places: Places, context: Context): Promise<VmState> {
  if (request.vm.deterministic)
    throw userError({
      place: `vm ${request.vm.name}`,
      fact: 'it is deterministic: it boots for each run and takes no input, so nobody can get into it',
      wayOut: '`lab run EXPERIMENT` runs in it; a VM without `deterministic: yes` stays up',
    })
  const name = `vm ${request.vm.name}`
  return await step(context, name, name, async (handle) => {
    await using _lock = await lock(vmLock(places, request.vm.name), context.signal, () =>
      handle.progress('wait for a run on this VM'),
    )
    const up = await upVm(places, request.vm.name)
    if (up?.state.fingerprint === fingerprint(request))
      return { outcome: 'fresh', detail: `${up.state.kernel.release}, up since ${up.state.since}`, value: up.state }
    if (up) {
      handle.progress('stop the VM of an older declaration')
      await stop(up, context)
    }
    await using started = await startVm(request, 'up', places, context, handle)
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
  if (state && known.alive) {
    await Qmp.open(join(dir, 'qmp.sock')).then(
      async (qmp) => {
        await qmp.execute('quit').catch(() => undefined)
        qmp.close()
      },
      () => undefined,
    )
    for (const until = performance.now() + QUIT; isAlive(state) && performance.now() < until;)
      await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await endStrays(dir)
  await rm(dir, { recursive: true, force: true })
  if (context.signal.aborted) throw interrupted()
}

/** @throws Failure (user) where a run is going on in a VM: it would lose its guest, and all that it has recorded */
async function refuseUsed(places: Places, vm: string): Promise<void> {
  if (!(await isLocked(vmLock(places, vm)))) return
  throw userError({
    place: `vm ${vm}`,
    fact: 'a run is going on in it, which would lose its guest',
    wayOut: '`lab down --wait` stops it when the run is over; Ctrl-C ends the run (`lab ps` says whose it is)',
  })
}

/**
 * Stops the named VM, or every VM that `lab up` started. With `wait`, runs on them are waited for. Returns the names.
 */
export async function downStep(
  places: Places,
  vm: string | undefined,
  context: Context,
  wait = false,
): Promise<string[]> {
  const known = (await listVms(places.vms)).filter(
    (listed) => listed.state?.owner === 'up' && (vm === undefined || listed.state.vm === vm),
  )
  // Before the first is stopped: of several, none or all.
  for (const { dir, state, starter } of known)
    if (starter !== undefined && whereabouts(starter) === 'another host')
      throw upElsewhere(state?.vm ?? '', dir, starter)
  if (!wait) for (const { state } of known) await refuseUsed(places, state?.vm ?? '')
  for (const vm of known) {
    await using _lock = await lock(vmLock(places, vm.state?.vm ?? ''), context.signal, () =>
      context.emit({ type: 'notice', level: 'info', place: `vm ${vm.id}`, text: 'waits for the run on it' }),
    )
    await stop(vm, context)
  }
  return known.map(({ id }) => id)
}

/** Ends a VM that nobody owned, unless somebody has begun to use its name since that was found out. */
export async function stopOrphan(known: KnownVm, places: Places, context: Context): Promise<void> {
  await using held = await lockNow(vmLock(places, known.id))
  if (held === undefined) return
  const still = (await orphans(places)).find(({ dir }) => dir === known.dir)
  if (still) await stop(still, context)
}

/** VMs and directories that nobody owns any more: their run was killed, or their QEMU. */
export async function orphans(places: Places): Promise<KnownVm[]> {
  return (await listVms(places.vms)).filter(({ owned }) => !owned)
}
