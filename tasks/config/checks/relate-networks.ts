/** Checks of networks between VMs: somebody is at the other end, and nobody has the same address twice. */
import { vmOf } from '../lookup.ts'
import { networksOf } from '../networks.ts'
import type { Path } from '../text/diagnostic.ts'
import { repeated } from './lists.ts'
import type { Check } from './check.ts'

/** As many as an address has room for (config/networks.ts). */
const MOST = 250

const networks: Check = function* ({ lab: { vms } }) {
  const all = networksOf(vms)
  for (const [name, { networks: own, deterministic }] of Object.entries(vms)) {
    if (own === undefined) continue
    const at: Path = ['vms', name, 'networks']
    yield* repeated(own, at)
    if (deterministic === 'yes')
      yield {
        severity: 'error',
        path: at,
        at: 'key',
        message: `vm ${name} is deterministic: other VMs would answer when they like`,
        wayOut: 'take one of the two out',
      }
    for (const [index, network] of own.entries()) {
      const members = all.get(network)?.length ?? 0
      if (members === 1)
        yield {
          severity: 'warning',
          path: [...at, index],
          at: 'value',
          message: `vm ${name} is alone in network ${network}`,
          wayOut: 'write the network in another VM too',
        }
      if (members > MOST || all.size > MOST)
        yield {
          severity: 'error',
          path: [...at, index],
          at: 'value',
          message: `there are more than ${MOST} VMs in network ${network}, or more than ${MOST} networks`,
          wayOut: 'take some of them out',
        }
    }
  }
}

/** Copies of a VM, and VMs that go on from a snapshot, would have the addresses of one. */
const copies: Check = function* ({ lab: { vms, experiments } }) {
  for (const [name, experiment] of Object.entries(experiments)) {
    const { parallel, start } = experiment
    const vm = vmOf(experiment, Object.keys(vms)) ?? ''
    if (!Object.hasOwn(vms, vm) || vms[vm]?.networks === undefined) continue
    if (parallel !== undefined && parallel !== 1)
      yield {
        severity: 'error',
        path: ['experiments', name, 'parallel'],
        at: 'value',
        message: `vm ${vm} is in a network: several copies of it would have the same addresses`,
        wayOut: 'write 1, or leave it out',
      }
    if (start === 'warm')
      yield {
        severity: 'error',
        path: ['experiments', name, 'start'],
        at: 'value',
        message: `vm ${vm} is in a network: a snapshot of it knows nothing of what the others have become`,
        wayOut: 'write shared or cold',
      }
  }
}

export const NETWORK_CHECKS: readonly Check[] = [networks, copies]
