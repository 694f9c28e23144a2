/** Firecracker before the guest has said anything. */
import type { PrintfKind } from './printf.ts'

export const FIRECRACKER_KINDS: readonly PrintfKind[] = [
  {
    rule: 'firecracker: the kernel',
    formats: `
The kernel file cannot be opened: %s
Cannot start microvm without kernel configuration
Cannot load kernel due to invalid memory configuration or invalid kernel image
Invalid ELF magic number`,
    cause:
      'Firecracker has no kernel that it can start: kernel_image_path names a file that is not there (the path is that of the process, in its jail), or one that is not a vmlinux: on x86-64 it takes the uncompressed ELF file and no bzImage',
    fixes: [
      'ls -l the path of boot-source; file FILE says "ELF 64-bit ... executable" for a vmlinux',
      'vmlinux is in the top directory of the build; scripts/extract-vmlinux of the kernel gets it out of a bzImage; arm64 takes arch/arm64/boot/Image',
    ],
    confidence: 'likely',
    sources: ['docs/rootfs-and-kernel-setup.md of Firecracker'],
  },
  {
    rule: 'firecracker: KVM',
    formats: `
Error creating the Kvm object: Error(%d)
Error creating KVM object: %s`,
    cause:
      'Firecracker needs /dev/kvm, and cannot open it: Error(2) means that it is not there, Error(13) that this user may not',
    fixes: ['ls -l /dev/kvm; sudo setfacl -m u:$USER:rw /dev/kvm; a VM needs nested virtualisation'],
    confidence: 'likely',
    sources: ['docs/getting-started.md of Firecracker'],
  },
]
