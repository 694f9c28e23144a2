/** One VM for several experiments of a command: a boot costs more than most experiments. */
import type { Context } from '../engine/context.ts'
import type { OpenVm, Places, VmRequest, openVm } from './vm.ts'
import { isAlive } from '../engine/process.ts'
import { retiredBecause } from './retired.ts'

export type Open = typeof openVm

const isUsable = ({ state, guest }: OpenVm): boolean =>
  isAlive(state) && guest.connected && retiredBecause(guest) === undefined

/**
 * Keeps the VM that was opened last until another one is wanted, it has died, or the command ends. A VM that `lab up`
 * started is not kept: others wait for it.
 */
export class SharedVm implements AsyncDisposable {
  readonly #open: Open
  readonly #fingerprint: (request: VmRequest) => string
  #held: { readonly vm: OpenVm; readonly fingerprint: string } | undefined

  constructor(open: Open, fingerprint: (request: VmRequest) => string) {
    this.#open = open
    this.#fingerprint = fingerprint
  }

  /** As `openVm`; closing what it returns closes nothing that is shared. */
  readonly open: Open = async (request: VmRequest, places: Places, context: Context, ownOne) => {
    if (ownOne === true) return await this.#open(request, places, context, true)
    const fingerprint = this.#fingerprint(request)
    const held = this.#held
    if (held?.fingerprint === fingerprint && isUsable(held.vm))
      return { ...held.vm, origin: 'up', [Symbol.asyncDispose]: () => Promise.resolve() }
    await this[Symbol.asyncDispose]()
    const vm = await this.#open(request, places, context)
    if (vm.origin === 'up') return vm
    this.#held = { vm, fingerprint }
    return { ...vm, [Symbol.asyncDispose]: () => Promise.resolve() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const held = this.#held
    this.#held = undefined
    await held?.vm[Symbol.asyncDispose]()
  }
}
