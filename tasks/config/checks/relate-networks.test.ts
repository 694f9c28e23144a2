import { expect, test } from 'vitest'
import { inNetworks } from '../networks.ts'
import type { ResolvedVm } from '../resolved.ts'
import { changed, complaints } from '../lab.fixture.ts'

const member = (name: string, more = '') => `  ${name}: { kernel: v5.10, image: minimal, networks: [lan]${more} }\n`
const inVms = (text: string): [string, string] => ['vms:\n', `vms:\n${text}`]

test('a network with one VM is reported, and one with two is not', () => {
  expect(complaints(changed(inVms(member('a'))))).toContain('vm a is alone in network lan')
  expect(complaints(changed(inVms(member('a') + member('b'))))).not.toContain('alone')
})

test('a VM that lets nothing in is in no network', () => {
  const sealed = member('a', ', deterministic: yes') + member('b')
  expect(complaints(changed(inVms(sealed)))).toContain('other VMs would answer when they like')
})

test('each VM has an address and a MAC of its own, whatever the order of the file', () => {
  const vms = { b: { networks: ['lan'] }, a: { networks: ['wan', 'lan'] }, c: { networks: ['wan'] } } as never
  const at = (name: string) => inNetworks({ name } as ResolvedVm, vms).networks ?? []
  expect(at('a').map(({ name, address, mac }) => [name, address, mac])).toEqual([
    ['wan', '10.77.2.1', '52:54:4c:41:02:01'],
    ['lan', '10.77.1.1', '52:54:4c:41:01:01'],
  ])
  expect(at('b')[0]?.hosts).toEqual([
    { name: 'a', address: '10.77.1.1' },
    { name: 'b', address: '10.77.1.2' },
  ])
  expect(at('c')[0]?.address).toBe('10.77.2.2')
})
