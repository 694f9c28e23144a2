/**
 * Checks of what a VM adds to its kernel's command line, to QEMU and to mke2fs: nothing that the lab decides itself.
 */
import type { Path, Problem } from '../text/diagnostic.ts'
import { MKFS_FLAGS } from '../schema/schema-vm.ts'
import type { Check } from './check.ts'

/** Parameters by which the lab finds and follows its guest, and why. */
const OWN_PARAMETERS: Readonly<Record<string, string>> = {
  root: 'the root disk is an image of the lab',
  init: 'the first program is that of the image',
  rdinit: 'the first program is that of the image',
  console: 'the lab reads the first serial line to follow the boot',
  panic: 'a panic ends the VM at once, and is reported',
  initrd: 'the lab brings its own',
}

/** Options of QEMU that add to a machine and leave what the lab needs of it alone. */
const QEMU_OPTIONS = ['-device', '-object', '-cpu', '-global', '-smbios', '-numa', '-smp', '-rtc', '-watchdog-action']

/** Devices and objects that reach into the host. */
const REACHES_OUT =
  /^(?:vfio|vhost|usb-host|ivshmem|loader|guest-loader|pvmemcontrol|memory-backend-(?:file|memfd|shm|epc)|filter-dump|secret|tls-|authz|input-linux|can-host|qtest|x-remote|cryptodev|virtio-9p|virtio-(?:serial|net)|e1000|rtl8139|vmxnet3|isa-serial|pci-serial)/

/** Keys of a device or object that name something of the host. */
const HOST_KEY = /(?:^|,)(?:file|path|mem-path|filename|host|hostaddr|fd|fds|chardev|netdev|drive|command|script)=/

function qemuProblem(words: readonly string[], index: number): Pick<Problem, 'message' | 'wayOut'> | undefined {
  const word = words[index] ?? ''
  if (index % 2 === 0) {
    if (QEMU_OPTIONS.includes(word)) {
      if (words[index + 1] !== undefined) return undefined
      return { message: `${word} of QEMU has no value`, wayOut: `write ["${word}", "..."]` }
    }
    return {
      message: `the lab decides ${word || 'this'} of QEMU itself, or it would reach out of the guest`,
      wayOut: `options here are ${QEMU_OPTIONS.join(', ')}, each followed by its value; disks, memory and the kernel's parameters have keys of their own`,
    }
  }
  if (!REACHES_OUT.test(word) && !HOST_KEY.test(word)) return undefined
  return {
    message: `"${word}" would connect the guest with something of the host`,
    wayOut: 'a guest has its own disks and ssh, and nothing else of the host',
  }
}

function mkfsProblem(words: readonly string[], index: number): Pick<Problem, 'message' | 'wayOut'> | undefined {
  const word = words[index] ?? ''
  if (!word.startsWith('-')) {
    if (index > 0 && (words[index - 1] ?? '').startsWith('-') && words[index - 1] !== '-j') return undefined
    return { message: `"${word}" belongs to no option of mke2fs`, wayOut: `options are ${MKFS_FLAGS.join(', ')}` }
  }
  if ((MKFS_FLAGS as readonly string[]).includes(word)) {
    const value = words[index + 1] ?? ''
    if (word === '-J' && /device=|^location=/.test(value))
      return {
        message: 'a disk of a guest cannot have its journal on another device',
        wayOut: 'write size=, or -O ^has_journal',
      }
    return undefined
  }
  return { message: `${word} is not for a lab file`, wayOut: `options of mke2fs are ${MKFS_FLAGS.join(', ')}` }
}

function* each(
  words: readonly string[] | undefined,
  at: Path,
  problemOf: (words: readonly string[], index: number) => Pick<Problem, 'message' | 'wayOut'> | undefined,
): Iterable<Problem> {
  for (const index of (words ?? []).keys()) {
    const problem = problemOf(words ?? [], index)
    if (problem !== undefined) yield { severity: 'error', path: [...at, index], at: 'value', ...problem }
  }
}

const machine: Check = function* ({ lab: { vms } }) {
  for (const [name, { cmdline, qemu, dump, deterministic, disks }] of Object.entries(vms)) {
    const at: Path = ['vms', name]
    yield* each(cmdline, [...at, 'cmdline'], (words, index) => {
      const parameter = /^[^=]+/.exec(words[index] ?? '')?.[0] ?? ''
      const why = Object.hasOwn(OWN_PARAMETERS, parameter) ? OWN_PARAMETERS[parameter] : undefined
      return why === undefined
        ? undefined
        : { message: `the lab sets ${parameter}= itself: ${why}`, wayOut: 'take it out' }
    })
    yield* each(qemu, [...at, 'qemu'], qemuProblem)
    if (deterministic === 'yes' && qemu !== undefined)
      yield {
        severity: 'error',
        path: [...at, 'qemu'],
        at: 'key',
        message: `vm ${name} is deterministic: a device of one's own could answer when the host likes`,
        wayOut: 'take one of the two out',
      }
    if (deterministic === 'yes' && dump !== undefined)
      yield {
        severity: 'error',
        path: [...at, 'dump'],
        at: 'key',
        message: `vm ${name} is deterministic: nobody can ask such a guest for its memory`,
        wayOut: 'take one of the two out',
      }
    for (const [disk, { mkfs }] of Object.entries(disks ?? {}))
      yield* each(mkfs, [...at, 'disks', disk, 'mkfs'], mkfsProblem)
  }
}

export const MACHINE_CHECKS: readonly Check[] = [machine]
