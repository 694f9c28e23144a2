/**
 * Numbers in panics of a boot, as words: the exit code of init, the error of its exec, the device of the root file
 * system.
 */
import { constants } from 'node:os'

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]))

/** What ends an init like this, as far as one can tell from the outside. */
const BY_SIGNAL: Readonly<Record<string, string>> = {
  SIGILL:
    'the program has instructions that this CPU does not have: it was built for a newer CPU than the one that QEMU shows (-cpu)',
  SIGSEGV:
    'it crashed; an init that is built for another kernel or C library does that, and so does a kernel whose syscalls are broken',
  SIGBUS: 'a page of the program could not be read: the image is damaged or cut short',
  SIGABRT: 'it gave up by itself (abort); its last words are above',
  SIGKILL: 'it was killed, by the OOM killer as a rule: more memory for the VM',
}

/** Exit statuses with a meaning that shells agree on. */
const BY_STATUS: Readonly<Record<number, string>> = {
  0: 'it came to its end without an error; an init must never return',
  1: 'a command of it failed',
  2: 'a shell uses 2 for wrong usage and syntax errors, and a program in Go ends with 2 when it panics',
  126: 'a shell uses 126 for a file that cannot be executed (mode, format)',
  127: 'a shell uses 127 for a command that is not found, and ld.so for a library that is missing',
}

/**
 * exitcode= of "Attempted to kill init!": the wait status of process 1 (kernel/exit.c), in the low 7 bits the signal,
 * above bit 8 the status of exit().
 */
export function exitCodeText(code: number | undefined): string {
  if (code === undefined) return 'process 1 ended, and the kernel cannot go on without it'
  const signal = code & 0x7f
  if (signal === 0) {
    const status = (code >> 8) & 0xff
    const ended = SIGNALS.get(status - 128)
    const known = BY_STATUS[status] ?? (ended && `a shell adds 128 to the signal that ended its command: ${ended}`)
    return `init ran and ended with status ${status}${known === undefined ? '' : ` (${known})`}; process 1 must not end`
  }
  const name = SIGNALS.get(signal) ?? `signal ${signal}`
  const why = BY_SIGNAL[name]
  return `init was ended by ${name}${why === undefined ? '' : `: ${why}`}`
}

const BY_ERROR: Readonly<Record<number, string>> = {
  2: 'there is no such file, or its interpreter is missing: the program behind #! of a script, or the dynamic loader (ld-linux) of a program that is not static',
  8: 'it is not in a format that this kernel can execute: another architecture, a 32-bit program without IA32_EMULATION, a script without BINFMT_SCRIPT or without #!, or an empty file',
  13: 'the file is not executable (chmod +x), or its file system is mounted noexec',
  5: 'the file cannot be read: the disk or its image is damaged',
  12: 'there is too little memory to start it',
  20: 'a part of the path is not a directory',
  21: 'the path is a directory',
  40: 'symbolic links lead in a circle',
}

/** "Requested init X failed (error -2)": a negative errno of execve(). */
export function initErrorText(program: string | undefined, error: number): string {
  const why = BY_ERROR[-error]
  if (program === undefined)
    return 'none of /sbin/init, /etc/init, /bin/init and /bin/sh can be executed in the root file system'
  return why === undefined
    ? `the program that the image names as init, ${program}, is missing or cannot be executed`
    : `the kernel cannot execute ${program}: ${why}`
}

/** Major numbers of Documentation/admin-guide/devices.txt that say more than "a disk". */
const BY_MAJOR: Readonly<Record<number, string>> = {
  1: 'the root device is a RAM disk (/dev/ram0): the kernel was given no initial RAM disk (-initrd), it could not be unpacked, or RAM disks are not built in (CONFIG_BLK_DEV_RAM)',
  2: 'the kernel tried the floppy drive, which is what an old kernel does when root= is missing on its command line and there is no initramfs that it could unpack',
  31: 'the kernel tried a flash partition (mtdblock): root= names the device of another board than the one that QEMU emulates',
}

const NFS =
  'the root file system is to be mounted over NFS, and the kernel has no network card that it can use, or reaches no server'

/**
 * unknown-block(0,0): no driver has a device of this name; (0,255): a root file system on NFS; other numbers: there is
 * a disk, and its file system is the problem.
 */
export function rootDeviceText(line: string): string {
  if (/via NFS/.test(line)) return NFS
  const device = /unknown[- ]block ?\((\d+)[, ](\d+)\)/.exec(line)
  if (device === null) return 'the kernel found no disk, or cannot read its file system'
  const [major, minor] = [Number(device[1]), Number(device[2])]
  if (major === 0 && minor === 255) return NFS
  if (major !== 0)
    return (
      BY_MAJOR[major] ??
      'the kernel found the disk of root= but no file system on it that it knows: the driver of the file system is not built in, or the image is damaged'
    )
  const error = /error (-\d+)/.exec(line)?.[1]
  if (error === '-19')
    return 'the kernel knows no file system of the type that rootfstype= names (9p and virtiofs for a directory of the host, nfs, or that of a disk): its driver is not built in'
  if (error === '-2')
    return 'nothing of the name that root= gives is there: QEMU offers no directory under this tag (-device virtio-9p-pci,mount_tag=... or vhost-user-fs-pci,tag=...), or the kernel has no driver for the bus that it is on (VIRTIO_PCI, VIRTIO_MMIO)'
  return 'the kernel found no disk of the name that root= gives: the driver of the disk or of its bus is not built in (a module cannot help before the root file system, except in an initramfs), or root= names another disk'
}

const WAY_OUT_BY_MAJOR: Readonly<Record<number, string>> = {
  1: 'give the kernel its initial RAM disk (QEMU: -initrd FILE, a boot loader: initrd), or root= of a disk; "Trying to unpack rootfs image" in the log says that it got one',
  2: 'add root=/dev/vda (or the disk that you mean) to the command line of the kernel, or -initrd',
  31: 'root= of the disk that this machine has: the list of partitions that the kernel prints before the panic names them',
}

/** What to do about the panic of rootDeviceText(). */
export function rootDeviceWayOut(line: string): string {
  if (/via NFS/.test(line))
    return 'nfsroot=SERVER:/PATH,v3,tcp and ip=dhcp on the command line; the path in /etc/exports with no_root_squash; showmount -e SERVER; ROOT_NFS, IP_PNP and the driver of the card built in'
  const major = Number(/unknown[- ]block ?\((\d+)/.exec(line)?.[1] ?? 0)
  if (major === 0 && /error -(?:19|2)\b/.test(line))
    return '9p: NET_9P, NET_9P_VIRTIO, 9P_FS; virtiofs: FUSE_FS, VIRTIO_FS (5.4); both VIRTIO_PCI; all of them built in (=y), since modules of a kernel of a distribution come too late without an initramfs'
  return (
    WAY_OUT_BY_MAJOR[major] ??
    (major === 0
      ? 'the configuration needs PCI, VIRTIO_PCI, VIRTIO_BLK and EXT4_FS built in: kernel/config/guest.config has them; the list of partitions in the log shows which disks the kernel has'
      : 'blkid IMAGE says what is on the disk; build its file system in (EXT4_FS), name the partition (vda1) where it has a partition table, and give QEMU the format of the image (format=qcow2 or raw)')
  )
}

/** What an option of the kernel has to do with a unit that failed. */
const BY_UNIT: readonly (readonly [unit: RegExp, cause: string])[] = [
  [
    /Remount Root and Kernel File Systems|Remount Root/i,
    'a line of /etc/fstab cannot be mounted: the file system that it names is not in this kernel (debugfs, securityfs: SECURITYFS; configfs: CONFIGFS_FS; binfmt_misc: BINFMT_MISC), or root= names another device than fstab',
  ],
  [
    /Load Kernel Modules/i,
    'modules that /etc/modules names are not installed for this kernel: make modules_install into the image, or build them in',
  ],
  [
    /network|Raise network/i,
    'the network card has another name or no driver: net.ifnames=0 keeps eth0; VIRTIO_NET or E1000 must be built in',
  ],
  [
    /Journal|udev|tmpfiles|cgroup|Control Group/i,
    'the kernel lacks what systemd needs: CGROUPS, DEVTMPFS, INOTIFY_USER, SIGNALFD, TIMERFD, EPOLL, TMPFS, FHANDLE, AUTOFS_FS',
  ],
  [
    /\/(?:sys|proc|dev)|Debug|Trace|Configuration File System|FUSE|Huge Pages/i,
    'the kernel was built without this file system: CONFIGFS_FS, SECURITYFS, DEBUG_FS, HUGETLBFS, FUSE_FS',
  ],
  [
    /File System Check|\/dev\/|\.mount|\/mnt|\/boot|\/home|swap/i,
    'the disk that /etc/fstab names is not there, or is damaged',
  ],
]

/** "[FAILED] Failed to start X." of systemd; undefined: the emergency mode that follows. */
export function unitText(unit: string | undefined): string {
  if (unit === undefined)
    return 'a unit that the boot cannot do without failed (usually a line of /etc/fstab that cannot be mounted), and systemd stops in a shell'
  const known = BY_UNIT.find(([pattern]) => pattern.test(unit))
  return known === undefined
    ? `systemd could not start ${unit}: the program failed, or the kernel lacks an option that it needs`
    : `systemd could not start ${unit}: ${known[1]}`
}

/** A mount that failed: of a shared directory by its tag, of a file system by its name, or of anything. */
export function mountText(tag: string | undefined, type: string | undefined): string {
  if (tag !== undefined)
    return `the guest looks for a directory that the host shares under the name ${tag}, and QEMU offers none of that name: it was started without the device, virtiofsd does not run, or the names differ`
  if (type === 'overlay')
    return 'an overlay needs upper and lower directories on a file system that supports it: one that is shared from the host (9p, some virtiofs) cannot hold the upper one'
  return 'the kernel of the guest does not have this file system, or there is none of this type on the device'
}
