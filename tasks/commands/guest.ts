/** The guest that `ssh`, `exec`, `cp` and `console` talk to: a VM that is up, whatever lab.yaml says by now. */
import { labError, messageOf, userError } from '../engine/error.ts'
import { Guest } from '../host/ssh.ts'
import { keysIn } from '../host/ssh-keys.ts'
import { listVms, type KnownVm, type VmState } from '../vm/state.ts'
import { openApp, type Session } from './app.ts'

export type UpVm = KnownVm & { readonly state: VmState }

/** The named VM, `default`, or the only one that is up. */
export async function upVmOf(session: Session, name: unknown): Promise<UpVm> {
  const { places } = openApp(session)
  const up = (await listVms(places.vms)).filter((one): one is UpVm => one.alive && one.state?.owner === 'up')
  const wanted = typeof name === 'string' ? name : undefined
  const found =
    up.find(({ id }) => id === (wanted ?? 'default')) ?? (wanted === undefined && up.length === 1 ? up[0] : undefined)
  if (found) return found
  throw userError({
    fact:
      wanted === undefined ? (up.length === 0 ? 'no VM is up' : 'several VMs are up') : `the VM ${wanted} is not up`,
    wayOut: up.length === 0 ? 'start one: `lab up`' : `name one that is: ${up.map(({ id }) => id).join(', ')}`,
  })
}

export async function connectGuest(session: Session, { state }: UpVm): Promise<Guest> {
  const { places } = openApp(session)
  const keys = await keysIn(places.keys)
  return await Guest.connect(
    { port: state.port, privateKey: keys.userPrivate, hostKey: keys.hostPublic },
    20_000,
  ).catch((error: unknown) => {
    throw labError({
      place: `vm ${state.vm}`,
      fact: `it does not answer: ${messageOf(error)}`,
      wayOut: '`lab console` shows what it says; `lab down` ends it',
    })
  })
}
