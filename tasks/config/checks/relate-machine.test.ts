import { expect, test } from 'vitest'
import { changed, problemsIn } from '../lab.fixture.ts'

const vm = (line: string) => problemsIn(changed(['    accel: auto\n', `    accel: auto\n    ${line}\n`]))
const disk = (words: string) => problemsIn(changed(['size: 64M, mount', `size: 64M, ${words}, mount`]))

test('what adds to a machine is taken', () => {
  expect(vm('cmdline: [isolcpus=1, nokaslr, "systemd.unit=x"]')).toEqual([])
  expect(vm('qemu: [-device, "edu,dma_mask=0xff", -object, rng-builtin, -cpu, "max,-rdrand"]')).toEqual([])
  expect(disk('mkfs: [-b, "1024", -O, ^has_journal, -m, "0"], options: "data=journal,noatime"')).toEqual([])
})

test.each([
  ['root=/dev/vdb', 'the lab sets root= itself: the root disk is an image of the lab'],
  ['init=/bin/sh', 'the lab sets init= itself: the first program is that of the image'],
  ['console=ttyS1', 'the lab sets console= itself'],
])('of the kernel’s parameters %s is the lab’s', (parameter, problem) => {
  expect(vm(`cmdline: ["${parameter}"]`).join()).toContain(problem)
})

test.each([
  ['[-netdev, user]', 'the lab decides -netdev of QEMU itself'],
  ['[-kernel, x]', 'the lab decides -kernel of QEMU itself'],
  ['[-S]', 'the lab decides -S of QEMU itself'],
  ['[-device]', '-device of QEMU has no value'],
  ['[-device, "vfio-pci,host=01:00.0"]', 'would connect the guest with something of the host'],
  ['[-device, "loader,addr=0"]', 'would connect the guest with something of the host'],
  ['[-object, "memory-backend-file,id=x"]', 'would connect the guest with something of the host'],
  ['[-object, "rng-random,filename=x"]', 'would connect the guest with something of the host'],
  ['[-device, "virtio-blk-pci,drive=disk0"]', 'would connect the guest with something of the host'],
  ['[-device, "x,y=/etc/passwd"]', 'names no file of the host'],
])('of QEMU, %s reaches too far', (words, problem) => {
  expect(vm(`qemu: ${words}`).join()).toContain(problem)
})

test.each([
  ['mkfs: [-d, x]', '-d is not for a lab file'],
  ['mkfs: [-U, random]', '-U is not for a lab file'],
  ['mkfs: [-J, device=UUID]', 'a disk of a guest cannot have its journal on another device'],
  ['mkfs: [x]', '"x" belongs to no option of mke2fs'],
  ['mkfs: [-b, "1024", "4096"]', '"4096" belongs to no option of mke2fs'],
])('of mke2fs, %s', (words, problem) => {
  expect(disk(words).join()).toContain(problem)
})

test('a deterministic guest has no device of one’s own', () => {
  const text = changed(
    ['    cpus: 2\n', ''],
    ['    accel: auto\n', '    deterministic: yes\n    qemu: [-device, edu]\n'],
  )
  expect(problemsIn(text).join()).toContain('vm default is deterministic')
})

test('a file of a disk: one of the host must be there, a pattern must fit', () => {
  expect(
    problemsIn(changed(['files: { f: "1 2 3\\n" }', 'files: { f: { from: bpf/readiter.bpf.c }, g: { size: 1M } }'])),
  ).toEqual([])
  expect(problemsIn(changed(['files: { f: "1 2 3\\n" }', 'files: { f: { from: no.bin } }'])).join()).toContain(
    'file "no.bin" does not exist',
  )
  expect(
    problemsIn(changed(['files: { f: "1 2 3\\n" }', 'files: { f: { size: 100M, fill: random } }'])).join(),
  ).toContain('64M cannot hold its files (100M)')
})

test('a sysctl of `before:` takes parameters, and knows no pid yet', () => {
  const before = (value: string) =>
    problemsIn(changed(['    repeat: 5\n', `    repeat: 5\n    before: [{ sysctl: { vm.swappiness: "${value}" } }]\n`]))
  expect(before('${count}')).toEqual([])
  expect(before('${cuont}').join()).toContain('no parameter "cuont" is declared')
  expect(before('${workload.pid}').join()).toContain('no parameter "workload.pid" is declared')
})
