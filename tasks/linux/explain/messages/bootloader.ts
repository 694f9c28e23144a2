/** Before the kernel and around it: GRUB, shim, U-Boot, and tools that make an initramfs. */
import type { PrintfKind } from './printf.ts'

export const BOOTLOADER_KINDS: readonly PrintfKind[] = [
  {
    rule: 'boot loader: signature',
    formats: `
error: bad shim signature.
error: %s has invalid signature.
error: verification requested but nobody cares%s
error: prohibited by secure boot policy
Verification failed: (0x1A) Security Violation`,
    cause:
      'Secure Boot is on, and the kernel (or module, or boot loader) is not signed with a key that the firmware or shim knows',
    fixes: [
      'sign it: sbsign --key MOK.key --cert MOK.crt vmlinuz, after mokutil --import MOK.der and a boot; or turn Secure Boot off (mokutil --disable-validation, the firmware)',
    ],
    sources: ['shim, grub-core/kern/verifiers.c'],
  },
  {
    rule: 'boot loader: kernel file',
    formats: `
error: invalid magic number.
error: you need to load the kernel first.
error: no such device: %s
error: unknown filesystem.
error: file \`%s' not found.
Bad Linux ARM64 Image magic!
Wrong Image Format for bootm command
Wrong Ramdisk Image Format
linux kernel too old to load a ram disk
error: couldn't find suitable memory target.`,
    cause:
      'the boot loader does not find the kernel or initramfs, or the file is not one that it can start (vmlinux in the place of bzImage, another architecture, damaged)',
    fixes: [
      'file KERNEL: x86 wants bzImage ("Linux kernel x86 boot executable"), arm64 wants Image; ls of the boot loader shows its files',
      'update-grub after make install; blkid and search --fs-uuid name the same device',
    ],
    confidence: 'likely',
    sources: ['Documentation/arch/x86/boot.rst'],
  },
  {
    rule: 'initramfs cannot be made',
    formats: `
mkinitramfs: failed to determine device for /
W: Couldn't identify type of root file system
W: Possible missing firmware %s
dracut: Failed to install module %s
dracut-install: ERROR: installing %s
dracut: FAILED: %s
==> ERROR: module not found: %s
==> WARNING: Possibly missing firmware for module: %s
cp: failed to access '/lib/modules/%s`,
    cause:
      'the tool that makes the initramfs misses something: the modules of this kernel are not installed, the root device cannot be told (in a container or chroot), or firmware that most machines do not need',
    fixes: [
      'make modules_install first; ls /lib/modules/VERSION; update-initramfs -c -k VERSION',
      'missing firmware is a warning only: it matters on machines with that card',
      'in a chroot: mount /proc, /sys and /dev; MODULES=most in /etc/initramfs-tools/initramfs.conf',
    ],
    confidence: 'likely',
    sources: ['mkinitramfs(8), dracut(8), mkinitcpio(8)'],
  },
]
