/** QEMU before the guest has said anything. */
import { FILES } from './errno-perf.ts'
import type { PrintfKind } from './printf.ts'

export const QEMU_KINDS: readonly PrintfKind[] = [
  {
    rule: 'qemu: KVM',
    formats: `
Could not access KVM kernel module: %e
failed to initialize kvm: %e
failed to initialize KVM: %e
invalid accelerator kvm
-accel kvm: failed to initialize kvm
KVM not supported for this target
KVM is not supported
kvm: disabled by bios
KVM acceleration not available
CPU model 'host' requires KVM
CPU model 'host' requires KVM or HVF`,
    cause:
      'QEMU cannot use KVM: /dev/kvm is not there (no virtualisation in the CPU, the firmware or this VM), or this user may not open it',
    fixes: [
      'ls -l /dev/kvm; sudo usermod -aG kvm $USER, then log in again; turn VT-x or AMD-V on in the firmware',
      'run without KVM: -accel tcg -cpu max, about ten times slower (`lab run` does so by itself)',
    ],
    errors: FILES,
    confidence: 'likely',
    sources: ['accel/kvm/kvm-all.c of QEMU'],
  },
  {
    rule: 'qemu: KVM and the CPU',
    formats: `
error: failed to set MSR %x to %x
error: failed to get MSR %x
kvm_buf_set_msrs: Assertion \`%s' failed
KVM internal error. Suberror: %d
KVM: entry failed, hardware error %x
error: kvm run failed %s
host doesn't support requested feature: %s
This feature is not supported by the CPU
Guest CPU does not support %s
emulation failure`,
    cause:
      'KVM and the model of the CPU that QEMU shows do not fit together: in a VM inside a VM the outer one hides features, and old versions of QEMU set registers that this host does not have',
    fixes: [
      '-cpu host (or a simpler model: -cpu qemu64, -cpu Haswell); a newer QEMU; update the firmware of the host',
      'run without KVM: -accel tcg -cpu max',
    ],
    confidence: 'likely',
    sources: ['target/i386/kvm/kvm.c of QEMU'],
  },
  {
    rule: 'qemu: file of the kernel or disk',
    formats: `
qemu: could not load kernel '%s': %s
could not load kernel '%s'
qemu: could not open kernel file '%s': %s
could not load initrd '%s'
qemu: could not load initrd '%s'
Could not open '%s': %e
error reading initrd %s: %e
Invalid image size
Could not read image for determining its format: %s
Image is not in qcow2 format
error loading uncompressed kernel without PVH ELF Note
Error loading uncompressed kernel without PVH ELF Note`,
    cause:
      'QEMU cannot read the file: it is not there, belongs to another user, or is not in the format that the command gives (x86 boots bzImage, not vmlinux before 5.0 with PVH)',
    fixes: [
      '-kernel arch/x86/boot/bzImage (arm64: arch/arm64/boot/Image); -drive file=...,format=raw or qcow2: qemu-img info says which',
      'check the path and its permissions',
    ],
    errors: FILES,
    confidence: 'likely',
    sources: ['hw/i386/x86-common.c and block.c of QEMU'],
  },
  {
    rule: 'qemu: disk in use',
    formats: `
Failed to get "write" lock
Failed to get shared "write" lock
Is another process using the image`,
    cause: 'another QEMU has the image open, and two guests that write to one file system destroy it',
    fixes: [
      'end the other VM (ps ax | grep qemu), or give each VM an overlay: qemu-img create -f qcow2 -b BASE -F raw OVERLAY',
    ],
    sources: ['block/file-posix.c of QEMU'],
  },
  {
    rule: 'qemu: network',
    formats: `
Could not set up host forwarding rule '%s'
could not set up host forwarding rule '%s'
network backend 'user' is not compiled into this binary
Parameter 'type' expects a netdev backend type
could not configure /dev/net/tun%s: %e
failed to launch bridge helper
failed to parse default acl file`,
    cause:
      'QEMU cannot set up the network of the guest: the port of the host is taken, this build lacks user networking (slirp), or tap and bridge need rights',
    fixes: [
      'take another port: -nic user,hostfwd=tcp:127.0.0.1:2223-:22; ss -ltnp shows who has the port',
      '-nic user needs no rights; install a QEMU with slirp (Debian: qemu-system-x86)',
    ],
    confidence: 'likely',
    sources: ['net/slirp.c and net/tap.c of QEMU'],
  },
  {
    rule: 'qemu: device not there',
    formats: `
'%s' is not a valid device model name
-device %s: Device '%s' not found
No '%s-bus' bus found for device
There is no option group '%s'
fsdev support is disabled
Use -machine help to list supported machines
unsupported machine type
Unable to find CPU definition
unable to find CPU model '%s'
vnc server could not be started`,
    cause:
      'this QEMU does not have the device, machine, CPU or display: it is misspelt, of another version, or in a package of its own',
    fixes: [
      'qemu-system-x86_64 -device help, -machine help, -cpu help list what there is; -nographic needs no display',
      'Debian and Ubuntu split QEMU: qemu-system-gui, qemu-system-modules-spice',
    ],
    confidence: 'likely',
    sources: ['QEMU'],
  },
  {
    rule: 'qemu: memory',
    formats: `
cannot set up guest memory '%s': %e
Cannot set up guest memory '%s': %e
qemu_ram_alloc: %s
ram size too large`,
    cause: 'the host does not have the memory that the guest asks for (or huge pages were not reserved)',
    fixes: ['a smaller -m; free -m shows what is free; sysctl vm.nr_hugepages for -mem-path /dev/hugepages'],
    confidence: 'likely',
    sources: ['softmmu/physmem.c of QEMU'],
  },
  {
    rule: 'qemu: display or module',
    formats: `
Could not initialize SDL%s
gtk initialization failed
Failed to initialize module: %s
Note: only modules from the same build can be loaded.
Display '%s' is not available%s
Could not open module %s`,
    cause:
      'QEMU cannot show a window (no display over ssh or in CI), or its modules are of another build than the program: half of an update, or two packages of QEMU',
    fixes: [
      '-nographic (or -display none -serial stdio) with console=ttyS0 for the kernel',
      'apt install --reinstall qemu-system-x86 (and qemu-system-gui): program and modules of one version',
    ],
    confidence: 'likely',
    sources: ['util/module.c of QEMU'],
  },
]
