/**
 * Networks between the VMs of one lab (`networks:`). Each is a multicast group on loopback that every QEMU of the
 * network is in: no TAP device, no root, and no way out of the host (the packets have the loopback interface as
 * theirs).
 */
import { createHash } from 'node:crypto'
import type { ResolvedVm } from '../config/resolved.ts'
import { labError, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import type { NetworkCard } from '../host/qemu.ts'
import type { Guest } from '../host/ssh.ts'
import type { Places } from './places.ts'
import { listVms } from './state.ts'

/** Milliseconds for three commands in a guest that is not busy. */
const SETUP = 60_000

/** Ports of groups: above those that services have, below those that the kernel gives away (ip_local_port_range). */
const PORTS = { first: 20_000, count: 12_000 }

/**
 * The group of a network: a digest of the lab's place and the network's name, in the range that is free for everybody's
 * own use (239.0.0.0/8, RFC 2365). Two labs of one host meet in the same group and port once in 200 billion pairs.
 */
export function groupOf(vms: string, network: string): string {
  const digest = createHash('sha256').update(`${vms}\0${network}`).digest()
  return `239.${digest.readUInt8(0)}.${digest.readUInt8(1)}.${digest.readUInt8(2)}:${PORTS.first + (digest.readUInt16BE(3) % PORTS.count)}`
}

/** The network cards of a VM, after the one for ssh. */
export const cardsOf = ({ networks = [] }: ResolvedVm, { vms }: Pick<Places, 'vms'>): NetworkCard[] =>
  networks.map(({ name, mac }) => ({ mac, group: groupOf(vms, name) }))

/** @throws a user's Failure where another VM of this name is in the network: both would have the same addresses */
export async function refuseTwin({ name, networks }: ResolvedVm, places: Places): Promise<void> {
  if (networks === undefined) return
  const twin = (await listVms(places.vms)).find(({ state, alive }) => alive && state?.vm === name)
  if (twin === undefined) return
  throw userError({
    place: `vm ${name}`,
    fact: `another VM of this name is up (${twin.id}): both would have the same addresses in ${networks.map((network) => network.name).join(', ')}`,
    wayOut:
      '`lab down` ends it, or wait for the run that it belongs to; a run takes the VM of `lab up` if it is as lab.yaml says',
  })
}

/** @throws a user's Failure for a warm start, which is asked for on the command line too */
export function refuseWarm({ name, networks }: ResolvedVm): void {
  if (networks === undefined) return
  throw userError({
    place: `vm ${name}`,
    fact: 'it is in a network: a snapshot of it knows nothing of what the other VMs have become',
    wayOut: 'start it otherwise: `--start shared` or `--start cold`',
  })
}

/** Gives the guest its addresses and the names of the others. */
export async function joinNetworks(
  guest: Guest,
  { name, networks = [] }: ResolvedVm,
  signal: AbortSignal,
): Promise<void> {
  if (networks.length === 0) return
  const hosts = networks.flatMap((network) => network.hosts.map((host) => `${host.address} ${host.name}\n`)).join('')
  const script = `printf %s "$1" >> /etc/hosts; shift
n=1; for address; do ip link set "eth$n" up && ip address add "$address/24" dev "eth$n" || exit 1; n=$((n + 1)); done`
  const argv = ['sh', '-c', script, 'sh', hosts, ...networks.map(({ address }) => address)]
  const { status, stderr } = await guest.exec(argv, { signal, timeout: SETUP, limit: 2 ** 16 })
  if (status === 0) return
  throw labError({
    place: `vm ${name}`,
    fact: `it could not join its networks: ${printable(stderr.trim(), 200) || `status ${status}`}`,
    wayOut: 'its kernel needs VIRTIO_NET and INET, and its image `ip` (package iproute2)',
  })
}
