/** The guest that `ssh`, `exec`, `cp` and `console` talk to: a VM that is up, whatever lab.yaml says by now. */
import { userError } from '../../engine/error.ts'
import type { Guest } from '../../host/ssh.ts'
import { attach } from '../../vm/vm.ts'
import { listVms, type KnownVm, type VmState } from '../../vm/state.ts'
import { labPlaces } from './places.ts'
import type { Session } from './session.ts'

export type UpVm = KnownVm & { readonly state: VmState }

/** The named VM, `default`, or the only one that is up. */
export async function upVmOf(session: Session, wanted: string | undefined): Promise<UpVm> {
  const up = (await listVms(labPlaces(session).vms)).filter((vm): vm is UpVm => vm.alive && vm.state?.owner === 'up')
  const found =
    up.find(({ id }) => id === (wanted ?? 'default')) ?? (wanted === undefined && up.length === 1 ? up[0] : undefined)
  if (found) return found
  throw userError({
    fact:
      wanted === undefined ? (up.length === 0 ? 'no VM is up' : 'several VMs are up') : `the VM ${wanted} is not up`,
    wayOut: up.length === 0 ? 'start one: `lab up`' : `name one that is: ${up.map(({ id }) => id).join(', ')}`,
  })
}

export const connectGuest = (session: Session, up: UpVm): Promise<Guest> => attach(up, labPlaces(session))
