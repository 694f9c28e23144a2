/** mount, file systems and disks: what programs and the kernel say about them. */
import { errnoOf } from './errno.ts'
import type { PrintfKind } from './printf.ts'
import { group, type Row } from './row.ts'

export const DISK_KINDS: readonly PrintfKind[] = [
  {
    rule: 'a file system reports damage',
    formats: `
EXT4-fs error (device %s): %s
XFS (%s): Corruption detected
XFS (%s): metadata I/O error in %s
BTRFS error (device %s): open_ctree failed
BTRFS error (device %s) in %s
EXT4-fs (%s): error count since last fsck: %d
EXT4-fs (%s): Remounting filesystem read-only
JBD2: Error %d detected when updating journal superblock
F2FS-fs (%s): Can't find valid F2FS filesystem
Structure needs cleaning`,
    cause:
      'the file system on the disk contradicts itself: its disk lost writes, two machines wrote to one image, a machine was switched off, or the driver (or a change of it) has a fault',
    fixes: [
      'unmount it and let fsck -f look (xfs_repair, btrfs check); for an image of a VM: make it anew',
      'never boot one image twice at a time, and never mount it on the host while a guest has it',
    ],
    confidence: 'likely',
    sources: ['fs/ext4/super.c', 'fs/xfs', 'fs/btrfs/disk-io.c'],
  },
  {
    rule: 'a file system is newer than the kernel',
    formats: `
couldn't mount RDWR because of unsupported optional features
couldn't mount because of unsupported optional features
Superblock has unknown incompatible features
Superblock has unknown read-only compatible features
Superblock has unknown required compatible features
has unsupported feature(s): %s
cannot mount because of unsupported optional features`,
    cause:
      'the file system was made with features that this kernel does not have: mkfs is newer than the kernel (ext4: orphan_file since e2fsprogs 1.47, metadata_csum_seed; xfs: bigtime, inobtcount, nrext64)',
    fixes: [
      'mkfs.ext4 -O ^orphan_file,^metadata_csum_seed; mkfs.xfs -m bigtime=0,inobtcount=0,reflink=0 -i nrext64=0; tune2fs -O ^orphan_file DEVICE takes it away later',
      'a newer kernel in the guest',
    ],
    sources: ['fs/ext4/super.c', 'fs/xfs/xfs_sb.c'],
  },
  {
    rule: 'a file system needs its journal replayed',
    formats: `
recovery required on readonly filesystem
write access unavailable, cannot proceed
recovery required on readonly device
INFO: recovery required on %s`,
    cause:
      'it was not unmounted cleanly, and the kernel has to write to the disk before it can read it; a disk that is read-only does not allow it',
    fixes: ['attach the disk writable once (or give the VM an overlay); -o ro,noload skips the journal of ext4'],
    sources: ['fs/ext4/super.c'],
  },
  {
    rule: 'a disk has errors',
    formats: `
blk_update_request: I/O error, dev %s, sector %d
I/O error, dev %s, sector %d
Buffer I/O error on dev %s, logical block %d
print_req_error: I/O error, dev %s, sector %d
lost async page write
ata%s: failed command: %s
critical medium error, dev %s
nvme %s: I/O %d QID %d timeout`,
    cause:
      'the disk did not read or write a sector: a bad disk or cable; in a VM the file behind it (the disk of the host is full, the image is shorter than its partition table says). dev fd0 (a floppy drive without a floppy) and sr0 are harmless',
    fixes: [
      'smartctl -a DEVICE; df -h on the host of a VM; qemu-img check IMAGE',
      'for fd0: -nodefaults, or blacklist floppy',
    ],
    confidence: 'likely',
    sources: ['block/blk-core.c'],
  },
  {
    rule: 'no loop device',
    formats: `
failed to set up loop device: %s
losetup: cannot find an unused loop device
could not find any free loop device
No such device or address while trying to determine filesystem size
No such device or address while trying to open /dev/loop%s
is not a valid block device.
failed to setup loop device for %s
/dev/loop%s: No such file or directory`,
    cause:
      'the loop device, or the device of its partition (loop0p1), is not there: the module loop is not loaded, a container does not see devices that are made after its start, or the kernel was not told to read the partition table',
    fixes: [
      'modprobe loop; losetup -Pf --show IMAGE reads the partitions, partprobe or kpartx -a does it later',
      'a container: docker run --privileged -v /dev:/dev, better a VM; mke2fs -d DIR IMAGE makes a file system without mounting anything',
    ],
    confidence: 'likely',
    sources: ['losetup(8)'],
  },
  {
    rule: 'memory of the kernel in one piece',
    formats: `
page allocation failure: order:%d
SLUB: Unable to allocate memory on node %d
vmalloc error: size %d
vmap allocation for size %d failed`,
    cause:
      'the kernel found no free pages, or not 2^order of them side by side: memory is short or in pieces. A caller that can do without goes on (order 4 and more); in an interrupt it is usual under load',
    fixes: [
      'more memory; sysctl vm.min_free_kbytes=131072; echo 1 > /proc/sys/vm/compact_memory',
      'the stack below it shows who asked: a driver with large buffers, a large map or trace buffer',
    ],
    confidence: 'likely',
    sources: ['mm/page_alloc.c: warn_alloc'],
  },
]

type Meaning = readonly [cause: string, fix: string]

const MOUNT: readonly (readonly [words: RegExp, meaning: Meaning])[] = [
  [
    /unknown filesystem type/,
    [
      'the kernel has no driver for this file system, and no module of it could be loaded',
      'cat /proc/filesystems; modprobe TYPE; build it in (EXT4_FS, XFS_FS, BTRFS_FS, VIRTIO_FS, 9P_FS, OVERLAY_FS)',
    ],
  ],
  [
    /special device .* does not exist|No such device or address/,
    [
      'there is no such disk in this machine: it has another name, or its driver is missing',
      'lsblk; cat /proc/partitions; ls /dev/disk/by-id; in a VM: -drive if=virtio is vda, if=ide sda',
    ],
  ],
  [
    /mount point (?:does not exist|not exist)|mount point .* does not exist/,
    ['the directory to mount on is not there', 'mkdir -p DIRECTORY'],
  ],
  [
    /permission denied|Operation not permitted|only root|must be superuser/i,
    [
      'only root with CAP_SYS_ADMIN may mount: in a container it may not either, and in a user namespace only few file systems (tmpfs, overlay, proc of its own)',
      'sudo; docker run --privileged; unshare -rm for a namespace of your own; in a chroot without rights use --mode=unshare of mmdebstrap',
    ],
  ],
  [
    /already mounted|busy/,
    [
      'the device or directory is in use: it is mounted already, or part of LVM or RAID',
      'findmnt; lsblk; fuser -vm DIRECTORY',
    ],
  ],
  [
    /write-protected|read-only/i,
    ['the device can only be read', 'the image or drive is read-only (readonly=on, a file of root); -o ro'],
  ],
  [
    /failed to setup loop device/,
    [
      'no free loop device, no module loop, or a container without /dev/loop*',
      'modprobe loop; losetup -f; docker run --privileged -v /dev:/dev; guestfish or debugfs read an image without mounting',
    ],
  ],
]

export const DISK_ROWS: readonly Row[] = [
  {
    rule: 'mount failed',
    needle: ['mount: ', 'ailed to mount', 'annot mount', 'rror mounting'],
    pattern:
      /(?:^|\s)(?:u?mount(?:\.\w+)?: (?:([^\s:]\S*): )?|(?:[Ff]ailed to|[Cc]annot|[Ee]rror) mount(?:ing)? ['"]?([^\s'":]+)['"]?.{0,120}?: )((?:unknown filesystem type|special device|mount point|permission denied|only root|must be superuser|.{0,40}already mounted|.{0,40}is busy|target is busy|device is busy|.{0,60}write-protected|failed to setup loop device|mount failed: |mount\(2\) system call failed: )?.{0,160})$/i,
    key: (match) => group(match, 3),
    answer: (match) => {
      const words = group(match, 3)
      const errno = errnoOf(words.split(': ').at(-1) ?? '')
      const known =
        MOUNT.find(([pattern]) => pattern.test(words)) ??
        (errno === 'ENODEV' ? MOUNT[0] : errno === 'ENOENT' ? MOUNT[2] : undefined)
      const [cause, fix] = known?.[1] ?? []
      return cause === undefined || fix === undefined
        ? undefined
        : {
            what: `${match[1] ?? match[2] ?? 'mount'}: ${words}`,
            cause,
            fixes: [fix, 'dmesg | tail often has the words of the file system itself'],
            confidence: 'likely',
            sources: ['mount(8)', 'mount(2)'],
          }
    },
  },
]
