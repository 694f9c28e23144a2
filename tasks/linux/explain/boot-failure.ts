/**
 * Why a guest did not get to the end of its boot: the console's text in, a named guess out. A table; the first row that
 * matches wins, so the specific ones stand first.
 */
import { exitCodeText, initErrorText, mountText, rootDeviceText, rootDeviceWayOut, unitText } from './boot-numbers.ts'
import { inRange, parseVersion } from '../version.ts'

export interface BootGuess {
  readonly name: string
  readonly cause: string
  readonly wayOut: string
}

export interface BootFailure {
  readonly name: string
  readonly pattern: RegExp
  /** Text that every line which matches contains, one of them if there are several. */
  readonly needle: string | readonly string[]
  /** Kernels that can fail like this; all of them where it is left out. */
  readonly kernels?: string
  readonly cause: string | ((match: RegExpExecArray) => string)
  readonly wayOut: string | ((match: RegExpExecArray) => string)
}

/** The table itself; `lab explain` reads other texts with it than consoles. */
export const BOOT_FAILURES: readonly BootFailure[] = [
  {
    name: 'stack protector',
    needle: 'stack-protector: Kernel stack is corrupted',
    pattern: /stack-protector: Kernel stack is corrupted in: (start_secondary|start_kernel)/,
    kernels: '..v5.7',
    cause:
      'a kernel before 5.7 built with gcc >= 10: the compiler turns the last call of start_secondary into a jump (commit a9a3ed1eff36)',
    wayOut: 'keep `compat: auto`, or set `options: { STACKPROTECTOR: n }`',
  },
  {
    name: 'stack protector',
    needle: 'stack-protector: Kernel stack is corrupted',
    pattern: /stack-protector: Kernel stack is corrupted in: (\S+)/,
    cause: (match) =>
      `${match[1] ?? 'a function'} found its canary overwritten when it returned: something wrote beyond a local array (its own code, or what it called), or the canary itself changed meanwhile`,
    wayOut:
      'what changed in this function and its callees since it last worked? CONFIG_KASAN=y with CONFIG_KASAN_STACK=y reports the write itself; a transform of the source or a BPF/ftrace trampoline can be it too',
  },
  {
    name: 'initramfs',
    needle: ['RAMDISK: ', 'Initramfs unpacking failed', 'uncompression error', 'is not initramfs'],
    pattern:
      /RAMDISK: (?:EOF while reading compressed data|Couldn't find valid RAM disk image.*|incomplete write.*)|Initramfs unpacking failed: .*|uncompression error|rootfs image is not initramfs \([^)]*\).*/,
    cause:
      'the initial file system cannot be unpacked: it is cut short, there is too little memory, or its compression is not built in (RD_GZIP, RD_ZSTD, ...)',
    wayOut: 'raise `memory:` of the VM; file INITRD says how it is compressed',
  },
  {
    name: 'no root device',
    needle: ['VFS: ', 'mount root'],
    // Before 2.6.30 and in retold panics: "Unable to mount rootfs on unknown block(2,0)".
    pattern: /VFS:? (?:Cannot open root device[^\n]*|Unable to mount root fs[^\n]*)|unable to mount root ?fs [^\n]*/i,
    cause: (match) => rootDeviceText(match[0]),
    wayOut: (match) => rootDeviceWayOut(match[0]),
  },
  {
    name: 'no root device',
    needle: ['Waiting for root device', 'No filesystem could mount root', "Can't find ext4 filesystem"],
    pattern:
      /Waiting for root device (\S+?)\.*$|No filesystem could mount root, tried:.*|\((\w+)\): VFS: Can't find ext4 filesystem/m,
    cause: (match) =>
      match[1] !== undefined
        ? `the kernel waits (rootwait) for ${match[1]}, and it does not appear: the driver of the disk or of its bus is not built in, or the disk has another name`
        : match[2] !== undefined
          ? `${match[2]} holds no ext4: another file system, or a disk with partitions where the file system is meant (vda1)`
          : 'the disk is there, and no file system of this kernel can read it: its driver is a module or off, or root= names the disk instead of its partition',
    wayOut:
      'the list of partitions that the kernel prints shows what it sees; VIRTIO_BLK, VIRTIO_PCI (or SATA_AHCI, BLK_DEV_NVME) and EXT4_FS built in; blkid says what is on the disk',
  },
  {
    name: 'no console',
    needle: 'unable to open an initial console',
    pattern: /Warning: unable to open an initial console/,
    cause:
      'the root file system has no /dev/console when init starts: what init prints is lost. It is harmless if init mounts devtmpfs and opens the console itself',
    wayOut:
      'mknod -m 600 dev/console c 5 1 in the initramfs; console=ttyS0 for a serial line, with its driver built in (SERIAL_8250_CONSOLE)',
  },
  {
    name: 'no init',
    needle: ['Requested init', 'No working init found', 'exists but couldn', 'Failed to execute '],
    pattern:
      // "Run … as init process" is KERN_INFO and not on a console with loglevel=4; the panic is.
      /Requested init (\S+) failed(?: \(error (-\d+)\))?|No working init found|(?:Starting init: |Failed to execute )(\S+) (?:exists but couldn't execute it )?\(error (-\d+)\)/,
    cause: (match) => initErrorText(match[1] ?? match[3], Number(match[2] ?? match[4] ?? Number.NaN)),
    wayOut: 'look at `init:` in the recipe; a script needs BINFMT_SCRIPT, a 64-bit program BINFMT_ELF',
  },
  {
    name: 'no init in the root file system',
    needle: ['switch_root: ', 'run-init: '],
    pattern:
      /(?:switch_root|run-init): (?:can't execute |failed to execute |can not execute )?['"]?(\/[\w./-]+)['"]?: (?:[Nn]o such file or directory|[Pp]ermission denied|[Ee]xec format error)/,
    cause: (match) =>
      `the initramfs found the root file system and cannot start ${match[1]} in it: the file (or its interpreter or loader) is not there, or the file system that was mounted is another one`,
    wayOut:
      'mount the image and look: ls -l sbin/init, file sbin/init; init=/bin/sh on the command line starts a shell; compare root= with the image',
  },
  {
    name: 'an algorithm of the file system is missing',
    needle: 'Cannot load crc32c driver',
    pattern: /(?:EXT4-fs|BTRFS|F2FS-fs|XFS) ?\([\w-]+\): Cannot load crc32c driver\.?/,
    cause:
      'the file system adds up its metadata with crc32c, and the kernel has no driver for that: it is a module (crc32c_generic) that was not loaded before',
    wayOut:
      'load crc32c_generic first, or put it into the initramfs (Debian: add crc32c_generic to /etc/initramfs-tools/modules); in a kernel that is built: CRYPTO_CRC32C=y',
  },
  {
    name: 'the first program of the guest failed',
    needle: 'lab-init: failed',
    pattern: /lab-init: failed: ((?:mount|module|init) [^\n]*)/,
    cause: (match) => `it could not go on: ${match[1]}`,
    wayOut: 'what the kernel printed above it says why; the kernel needs the drivers of its disks and EXT4_FS',
  },
  {
    name: 'init ended',
    needle: ['Attempted to kill init', 'Attempting to kill init'],
    pattern: /Kernel panic - not syncing: Attempt(?:ed|ing) to kill init!(?: (?:exitcode=|Exit code = )0x([0-9a-f]+))?/,
    cause: (match) => exitCodeText(match[1] === undefined ? undefined : Number.parseInt(match[1], 16)),
    wayOut:
      'the lines above the panic are the last words of init; boot with `init: /bin/sh` in the recipe to look around',
  },
  {
    name: 'systemd on an old kernel',
    needle: ['Freezing execution', 'cgroup v1'],
    pattern: /Freezing execution|cgroup v1.*(?:refus|support)/i,
    cause: 'systemd >= 256 refuses cgroup v1, which is all that old kernels have (systemd issue 30852)',
    wayOut: 'boot our own init: `init: /usr/sbin/lab-init` in the recipe',
  },
  {
    name: 'a unit of systemd failed',
    needle: [
      'Failed to start ',
      'Failed to mount ',
      'emergency mode',
      'Dependency failed for',
      'root password for maintenance',
    ],
    pattern:
      /\[(?:FAILED|DEPEND)\] (?:Failed to (?:start|mount) ([^.]+)|Dependency failed for ([^.]+))|You are in emergency mode.*|Give root password for maintenance|Entering emergency mode.*/,
    cause: (match) => unitText(match[1] ?? match[2]),
    wayOut:
      'systemctl status UNIT and journalctl -xb in the guest; append systemd.unit=rescue.target or init=/bin/sh to the command line of the kernel to get a shell',
  },
  {
    name: 'a file system cannot be mounted',
    needle: [
      'wrong fs type',
      'tag <',
      'no channels available for device',
      'filesystem on ',
      'Failed to mount real root',
    ],
    pattern:
      /mount: .{0,200}wrong fs type, bad option, bad superblock.*|virtio-fs: tag <([^>]*)> not found|9pnet_virtio: no channels available for device (\S+)|(\w+): filesystem on \S+ not supported.*|Failed to mount real root.*/,
    cause: (match) => mountText(match[1] ?? match[2], match[3]),
    wayOut:
      'cat /proc/filesystems in the guest lists what its kernel has: EXT4_FS, OVERLAY_FS, VIRTIO_FS (5.4) or 9P_FS with NET_9P_VIRTIO have to be built in; compare the tag with that of QEMU (-device ...,tag= or mount_tag=)',
  },
  {
    name: 'initramfs finds no root file system',
    needle: ['ALERT!', 'Gave up waiting for root', 'dracut-initqueue', 'Unable to find root device'],
    pattern:
      /ALERT! +(\S+) does not exist.*|Gave up waiting for (?:root|suspend\/resume) (?:file system )?device.*|dracut-initqueue\[?\d*\]?: .*(?:timeout|Could not boot).*|(?:ERROR|error): [Uu]nable to find root device '?([^']+)'?.*/,
    cause:
      'the initramfs waited for the root file system and its disk did not appear: the driver of the disk is in neither kernel nor initramfs, or root= (UUID, name) is of another disk',
    wayOut:
      'cat /proc/cmdline; ls /dev/disk/by-uuid in its shell; build the driver in (VIRTIO_BLK, VIRTIO_PCI), or make the initramfs again with modules of this kernel (update-initramfs -c -k VERSION)',
  },
  {
    name: 'out of memory',
    needle: ['Out of memory', 'deadlocked on memory', 'ut of memory and no killable'],
    pattern: /Out of memory(?: and no killable processes)?|System is deadlocked on memory/,
    cause: 'the guest has too little memory',
    wayOut: 'raise `memory:` of the VM',
  },
  {
    name: 'kernel panic',
    needle: 'Kernel panic - not syncing',
    pattern: /Kernel panic - not syncing: .*/,
    cause: 'the kernel panicked; the console has the reason and the call trace',
    wayOut: 'read the lines above it; `lab console` and the console log have the rest',
  },
  {
    name: 'seed',
    needle: 'lab-init: failed',
    pattern: /lab-init: failed: (?:seed|no key in the seed)/,
    cause: 'the guest did not find the disk with its ssh keys',
    wayOut: 'the kernel needs VIRTIO_BLK and /sys/block/*/serial (SYSFS)',
  },
  {
    name: 'no network',
    needle: ['lab-init: failed', 'Cannot find device'],
    pattern: /lab-init: failed: network|Cannot find device "eth0"/,
    cause: 'the guest has no network card',
    wayOut: 'the configuration needs VIRTIO_NET, INET and PACKET: kernel/config/guest.config has them',
  },
  {
    name: 'sshd dead',
    needle: 'lab-init: failed',
    pattern: /lab-init: failed: the ssh server ended.*/,
    cause: 'the ssh server in the guest ends by itself',
    wayOut: 'the console has its last line; is dropbear in the recipe?',
  },
]

/** What the console's text says about a boot that failed; undefined when no rule knows it. */
export function guessBootFailure(console: string): (BootGuess & { readonly evidence: string }) | undefined {
  const kernel = parseVersion(/\bLinux version (\S+)/.exec(console)?.[1] ?? '')
  for (const { name, pattern, kernels, cause, wayOut } of BOOT_FAILURES) {
    if (kernel !== undefined && kernels !== undefined && !inRange(kernel, kernels)) continue
    const match = pattern.exec(console)
    if (match === null) continue
    const evidence = match[0].split('\n')[0] ?? ''
    return {
      name,
      evidence,
      wayOut: typeof wayOut === 'string' ? wayOut : wayOut(match),
      cause: typeof cause === 'string' ? cause : cause(match),
    }
  }
  return undefined
}

/** The phases that our init announces on the console, in order. */
export const PHASES = ['mounts', 'seed', 'disks', 'network', 'ssh'] as const

/** The last phase that the console shows: `firmware` (nothing yet), `kernel`, or one of PHASES. */
export function bootPhase(console: string): string {
  // Only whole lines: the console is read while it is written.
  const phases = [...console.matchAll(/^lab-init: phase (\w+)\r?\n/gm)]
  const last = phases.at(-1)?.[1]
  if (last !== undefined) return last
  return /\S/.test(console) ? 'kernel' : 'firmware'
}
