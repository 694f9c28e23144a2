/** A VM with everything deployed that the runs of an experiment need on its kernel. */
import type { Context } from '../../engine/context.ts'
import type { ExperimentRequest } from '../request.ts'
import type { RunArtefacts } from '../../build/artefacts.ts'
import { openVm, type OpenVm, type Places, type VmRequest } from '../../vm/vm.ts'
import { refuseWarm } from '../../vm/network.ts'
import { bundleDir } from '../../vm/seed.ts'
import { refuseWarmMachine } from '../../vm/shares.ts'
import { snapshotStep, warmVm, type Snapshot } from '../../vm/snapshot.ts'
import { bundleOf, deploy } from './deploy.ts'
import { needProgram } from './guest-run.ts'
import { recordedEvents } from './holder.ts'
import { bootMeta, type BootMeta } from './meta.ts'
import { deployables, type GuestSession } from './record.ts'
import { describeObjects } from './slots.ts'
import { mayUse, needSound } from './sound-guest.ts'

const bundleFor = (artefacts: RunArtefacts) => {
  const [holder, ...others] = deployables(artefacts)
  return bundleOf(holder, others)
}

/** Opens sessions of one experiment. Closing the VM of a session closes the session: it has nothing of its own. */
export class GuestSessions {
  readonly #wanted: ExperimentRequest
  readonly #places: Places
  readonly #context: Context
  readonly #events: readonly string[]
  readonly #snapshots = new Map<RunArtefacts, Promise<Snapshot>>()
  /** By kernel and boot: addresses are those of one boot. */
  readonly #metas = new Map<string, BootMeta>()
  readonly #described = new Map<RunArtefacts, GuestSession['described']>()

  constructor(request: ExperimentRequest, places: Places, context: Context) {
    this.#wanted = request
    this.#places = places
    this.#context = context
    this.#events = recordedEvents(request.experiment.trace.events)
  }

  #meta(artefacts: RunArtefacts, vm: OpenVm, bundle: string, fresh = false): Promise<BootMeta> {
    return bootMeta(vm, `${bundle}/${artefacts.holder.name}`, this.#events, this.#context, fresh)
  }

  async #session(artefacts: RunArtefacts, vm: OpenVm, known?: BootMeta): Promise<GuestSession> {
    try {
      const bundle = await deploy(vm, bundleFor(artefacts), this.#context.signal)
      const meta = known ?? (await this.#meta(artefacts, vm, bundle))
      const described = this.#described.get(artefacts) ?? (await describeObjects(artefacts.objects))
      this.#described.set(artefacts, described)
      const freshMeta = () => this.#meta(artefacts, vm, bundle, true)
      return { request: this.#wanted, artefacts, vm, bundle, meta, freshMeta, events: this.#events, described }
    } catch (error) {
      await vm[Symbol.asyncDispose]()
      throw error
    }
  }

  async #needs(vm: OpenVm, artefacts: RunArtefacts): Promise<void> {
    const { signal } = this.#context
    if (this.#wanted.strace === true) await needProgram(vm, '--strace', 'strace', signal)
    const script = artefacts.samples.find(({ object }) => object === undefined)
    if (script) await needProgram(vm, `probe ${script.probe}`, 'bpftrace', signal)
  }

  /** On a VM that `open` boots or has. */
  async open(artefacts: RunArtefacts, open: typeof openVm, ownOne: boolean): Promise<GuestSession> {
    const vm = await open({ ...artefacts.vm, bundle: bundleFor(artefacts) }, this.#places, this.#context, ownOne)
    let usable = false
    try {
      await this.#needs(vm, artefacts)
      // Others may have been in the VM of `lab up`; one of this command's own is watched run by run.
      usable = vm.state.owner !== 'up' || (await mayUse(vm, this.#wanted.experiment.allow, this.#context))
    } catch (error) {
      await vm[Symbol.asyncDispose]()
      throw error
    }
    if (usable) return await this.#session(artefacts, vm)
    await vm[Symbol.asyncDispose]()
    return await this.open(artefacts, openVm, true)
  }

  /** On a VM that goes on from a snapshot. The first one of a kernel takes it, if it is not there from another time. */
  async warm(artefacts: RunArtefacts): Promise<GuestSession> {
    refuseWarm(artefacts.vm.vm)
    refuseWarmMachine(artefacts.vm.vm)
    const bundle = bundleFor(artefacts)
    const vmRequest: VmRequest = { ...artefacts.vm, bundle }
    const wanted = {
      vm: vmRequest,
      holder: `${bundleDir(bundle.id)}/${artefacts.holder.name}`,
      preflight: async (vm: OpenVm) => {
        await this.#needs(vm, artefacts)
        await this.#meta(artefacts, vm, await deploy(vm, bundle, this.#context.signal))
        const { allow } = this.#wanted.experiment
        await needSound(vm, allow, `snapshot of vm ${vm.state.vm}`, this.#context.signal)
      },
    }
    const taking = this.#snapshots.get(artefacts) ?? snapshotStep(wanted, this.#places, this.#context)
    this.#snapshots.set(artefacts, taking)
    const { vm, snapshot } = await warmVm(wanted, await taking, this.#places, this.#context)
    this.#snapshots.set(artefacts, Promise.resolve(snapshot))
    // All copies of one boot have the same formats and symbols.
    const boot = `${vm.state.kernel.fingerprint} ${vm.state.guest.bootId}`
    const session = await this.#session(artefacts, vm, this.#metas.get(boot))
    this.#metas.set(boot, session.meta)
    return session
  }
}
