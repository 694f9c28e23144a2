/** QEMU and its helpers: devices, files and sockets of a machine. */
import { FILES } from './errno-perf.ts'
import type { PrintfKind } from './printf.ts'

export const QEMU_MORE_KINDS: readonly PrintfKind[] = [
  {
    rule: 'qemu: option or property not there',
    formats: `
Property '%s' not found
Property '%s.%s' not found
Invalid parameter '%s'
invalid option
Parameter '%s' is missing
Parameter '%s' expects %s
Parameter '%s' does not accept value '%s'
A block device must be specified for "file"
Unable to find a satisfying hotplug slot
QXL VGA not available
is not compiled in this binary
is not available in this QEMU
Unknown device '%s' for default sysbus
'-no-acpi' is deprecated
Unsupported machine type
9p is not available`,
    cause:
      'this QEMU does not know the option or property: it is misspelt, came with another version, was removed (virgl=on became virtio-vga-gl in 6.1), or was left out of this build',
    fixes: [
      'qemu-system-x86_64 --version; -device NAME,help lists the properties; docs/about/removed-features says what took the place of an old one',
    ],
    confidence: 'likely',
    sources: ['qom/object.c of QEMU'],
  },
  {
    rule: 'qemu: vhost-user or virtiofsd',
    formats: `
Failed to connect to '%s': %s
Failed to connect socket: %s
Failed to connect socket %s: %s
vhost-user server failed to start
Failed to write msg. Wrote -1 instead of %d.
Failed to set msg fds.
Failed to read msg header. Read %d instead of %d.
vhost VQ %d ring restore failed: %s
vhost_set_vring_call failed: %s
vhost_set_mem_table failed: %s
vhost_dev_init failed
vhost initialization failed
Error starting vhost: %d
Unexpected end-of-file before all data were read`,
    cause:
      'the other side of a vhost-user device (virtiofsd, DPDK) does not run, has ended, or cannot map the memory of the guest: its socket is not there, or the memory is not shared',
    fixes: [
      'start virtiofsd before QEMU: virtiofsd --socket-path=/tmp/vfs.sock --shared-dir DIR (or -o source=DIR for the old one); its own output says why it ended',
      'the memory has to be shared: -object memory-backend-memfd,id=mem,size=4G,share=on -numa node,memdev=mem (size as in -m)',
    ],
    confidence: 'likely',
    sources: ['hw/virtio/vhost-user.c of QEMU'],
  },
  {
    rule: 'qemu: port or socket in use',
    formats: `
Failed to find an available port: %s
Failed to bind socket: %s
Failed to bind socket to %s: %s
Failed to get FD: %s
Failed to unlink socket %s: %s`,
    cause: 'the port or socket of -gdb, -s, -monitor, -serial, -qmp or -vnc is taken: often by a QEMU that still runs',
    fixes: ['ss -ltnp shows who has the port; ps ax | grep qemu; another one: -gdb tcp::1235, or unix:/tmp/x.sock'],
    confidence: 'likely',
    sources: ['util/qemu-sockets.c of QEMU'],
  },
  {
    rule: 'qemu: firmware file',
    formats: `
Could not find ROM image file %s
failed to find romfile "%s"
could not load PC BIOS '%s'
could not read keymap file: '%s'
could not load firmware '%s'
Could not find ROM image '%s'
Unable to load the RISC-V firmware "%s"
Could not open '%s_CODE%s`,
    cause: 'a firmware file that the machine needs is not where this QEMU looks: packages of their own have them',
    fixes: [
      'apt install seabios ovmf ipxe-qemu qemu-efi-aarch64 opensbi qemu-system-data, as the name says; -L DIR names the directory',
      'a network card wants its boot ROM: -device virtio-net-pci,romfile= does without',
    ],
    sources: ['QEMU'],
  },
  {
    rule: 'qemu: hypervisor of macOS',
    formats: `
Error: HV_%s
Error: ret = HV_%s
failed to initialize hvf: %s
HVF is not supported`,
    cause:
      'QEMU asked the hypervisor framework of macOS (hvf) for a VM and was refused: the machine is itself a VM, the program is not signed for it, or macOS is too old for this QEMU',
    fixes: ['-accel tcg does without; brew reinstall qemu (signed); sysctl kern.hv_support must be 1'],
    confidence: 'likely',
    sources: ['accel/hvf of QEMU'],
  },
  {
    rule: 'qemu: CPU features',
    formats: `
warning: TCG doesn't support requested feature: %s
warning: host doesn't support requested feature: %s`,
    cause:
      'the CPU model has features that the emulator (or this host) does not: QEMU leaves them out and goes on. It is no error',
    fixes: ['nothing, unless the guest needs it; -cpu max (TCG) or -cpu host (KVM) ask only for what there is'],
    sources: ['target/i386/cpu.c of QEMU'],
  },
  {
    rule: 'qemu: size of the machine',
    formats: `
Invalid SMP CPUs %d. The max CPUs supported by machine '%s' is %d
phys-bits too low
Number of SMP CPUs requested (%d) exceeds max CPUs supported by machine '%s' (%d)
cpu topology: sockets (%s
Invalid CPU topology: %s
total memory for NUMA nodes (%s
number of hotpluggable cpus requested (%d) exceeds`,
    cause:
      'the machine cannot have so many CPUs or so much memory, or the parts of -smp and -numa do not multiply to the whole',
    fixes: ['-machine q35 takes more CPUs; -smp 8,sockets=1,cores=4,threads=2; the memory backends must add up to -m'],
    sources: ['hw/core/machine-smp.c of QEMU'],
  },
  {
    rule: 'qemu: ended by a signal',
    formats: `
terminating on signal %d`,
    cause:
      'somebody ended QEMU: a signal (15 is kill or a script that cleans up, 2 is ^C, 1 a terminal that was closed)',
    fixes: ['nothing, if it was meant; the pid in the line says who sent it; nohup or tmux outlives a terminal'],
    sources: ['system/runstate.c of QEMU'],
  },
  {
    rule: 'qemu-img',
    formats: `
Backing file specified without backing format
qemu-img: Could not create '%s': %e
qemu-img: %s: Could not create file: %e
Image size must be specified
Use of backing file format %s not allowed
qemu-img: %s: error while converting %s: %s
Could not open backing file: %s
Image is corrupt`,
    cause:
      'the image cannot be made or opened: since 6.1 the format of a backing file must be given (-F), the backing file moved, or the disk is full',
    fixes: [
      'qemu-img create -f qcow2 -b BASE -F raw OVERLAY; qemu-img info --backing-chain FILE; df -h; qemu-img check FILE',
    ],
    errors: FILES,
    confidence: 'likely',
    sources: ['qemu-img.c of QEMU'],
  },
]

export const VIRTIOFSD_KINDS: readonly PrintfKind[] = [
  {
    rule: 'qemu: sandbox of virtiofsd',
    formats: `
Error creating sandbox: %s
Error entering sandbox: %s
Failure when trying to set the limit to %s
Failed to set up rlimit: %s
fuse: failed to lock %s`,
    cause:
      'virtiofsd locks itself into namespaces, and this user or container may not make them. A warning about the limit of open files does no harm',
    fixes: [
      'virtiofsd --sandbox none (or chroot, as root); apt install uidmap; a container needs --privileged or CAP_SYS_ADMIN',
    ],
    confidence: 'likely',
    sources: ['README of virtiofsd'],
  },
  {
    rule: 'kvm: another hypervisor has it',
    formats: `
kvm: already loaded the other module
kvm: enabling virtualization on CPU%d failed
VT-x is being used by another hypervisor
kvm: no hardware support
kvm: support for 'kvm_intel' disabled by bios
kvm: disabled by bios
kvm_amd: SVM disabled
kvm_intel: VMX not supported by CPU %d`,
    cause:
      'the virtualisation of the CPU is not free: VirtualBox or VMware uses it (EBUSY), the firmware has it off, or this is a VM whose host does not pass it on',
    fixes: [
      'sudo rmmod vboxdrv (stop its VMs first); turn VT-x or AMD-V on in the firmware; nested=1 of kvm_intel on the host',
      '-accel tcg does without',
    ],
    confidence: 'likely',
    sources: ['virt/kvm/kvm_main.c'],
  },
]
