import { expect, test } from 'vitest'
import { nodesOf } from '../lookup.ts'
import { changed, complaints } from '../lab.fixture.ts'

const complaint = (keys: string) =>
  complaints(changed(['vms:\n', `vms:\n  a: { kernel: v5.10, image: minimal, ${keys} }\n`]))

test.each([
  ['cpus: 3, numa: 2', '2 equal nodes cannot share 3 CPUs'],
  ['cpus: 2, memory: 513M, numa: 2', '2 equal nodes cannot share 2 CPUs'],
  ['cpus: 2, numa: [{ cpus: 1, memory: 512M }, { cpus: 2, memory: 512M }]', 'its nodes have 3 CPUs, and the VM has 2'],
  ['cpus: 2, numa: [{ cpus: 1, memory: 1G }, { cpus: 1, memory: 1G }]', 'of memory, and the VM has'],
  ['cpus: 2, numa: [{ cpus: 0, memory: 512M }, { cpus: 2, memory: 512M }]', 'its first node has no CPU'],
  ['cpus: 1, deterministic: yes, numa: [{ cpus: 1, memory: 512M }, { cpus: 0, memory: 512M }]', 'one CPU and one node'],
  ['cpus: 2, numa: 2, qemu: [-numa, "node,nodeid=2"]', 'has nodes here and in `qemu:`'],
])('%s is refused', (keys, message) => {
  expect(complaint(keys)).toContain(message)
})

test.each([
  'cpus: 4, numa: 2',
  'cpus: 2, numa: 2, qemu: [-numa, "dist,src=0,dst=1,val=30"]',
  'cpus: 2, numa: [{ cpus: 2, memory: 768M }, { cpus: 0, memory: 256M }]',
])('%s is right', (keys) => {
  expect(complaint(keys)).not.toContain('numa')
})

test('equal nodes share the CPUs and the memory', () => {
  expect(nodesOf({ cpus: 4, memory: '1G', numa: 2 })).toEqual([
    { cpus: 2, memory: 2 ** 29 },
    { cpus: 2, memory: 2 ** 29 },
  ])
})
