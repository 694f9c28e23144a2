/** Which VM has which addresses in the networks of a lab. */
import type { ResolvedNetwork, ResolvedVm } from './resolved.ts'
import type { Lab } from './schema/schema.ts'

/** Names of the networks, and of the VMs in each; by the alphabet, so that the order of the file changes no address. */
export function networksOf(vms: Readonly<Record<string, Pick<Lab['vms'][string], 'networks'>>>): Map<string, string[]> {
  const all = Object.entries(vms).flatMap(([vm, { networks = [] }]) =>
    networks.map((network) => [network, vm] as const),
  )
  const names = [...new Set(all.map(([network]) => network))].toSorted()
  return new Map(names.map((name) => [name, all.flatMap(([network, vm]) => (network === name ? [vm] : [])).toSorted()]))
}

/**
 * Addresses below 10.77.0.0/16, which QEMU's own network for ssh (10.0.2.0/24) is not in. Both numbers begin with 1.
 */
const addressOf = (network: number, vm: number): string => `10.77.${network}.${vm}`

/** Locally administered (IEEE 802): 52:54 is what QEMU's own begin with, 4c41 is "LA". */
const macOf = (network: number, vm: number): string =>
  ['52', '54', '4c', '41', ...[network, vm].map((byte) => byte.toString(16).padStart(2, '0'))].join(':')

/** A VM with its cards. `vms` are all of the lab. */
export function inNetworks(vm: ResolvedVm, vms: Lab['vms']): ResolvedVm {
  const own = vms[vm.name]?.networks
  if (own === undefined) return vm
  const all = [...networksOf(vms)]
  const networks = own.map((name): ResolvedNetwork => {
    const index = all.findIndex(([network]) => network === name) + 1
    const members = all[index - 1]?.[1] ?? []
    const number = members.indexOf(vm.name) + 1
    const hosts = members.map((host, at) => ({ name: host, address: addressOf(index, at + 1) }))
    return { name, mac: macOf(index, number), address: addressOf(index, number), hosts }
  })
  return { ...vm, networks }
}
