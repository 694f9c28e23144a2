import type { Example } from './example.fixture.ts'

export const BOOT: readonly Example[] = [
  ['virtio-fs: tag <root> not found', 'boot: a file system cannot be mounted', /name root[^]*virtiofsd/],
  ['[    0.3] overlay: filesystem on /opt not supported', 'boot: a file system cannot be mounted', /upper/],
  ['copyout at lib/iov_iter.c:145', 'place in the source', /copyout is at lib\/iov_iter\.c:145/],
  [' (inlined by) copy_to_user_iter at lib/iov_iter.c:160', 'place in the source', /inlined here/],
  ['no match for vfs_red+0x12', 'faddr2line finds no place', /another build/],
  [
    'skipping copyout address at 0xffffffff8100 due to size mismatch (0x30 != 0x40)',
    'faddr2line finds no place',
    /different builds/,
  ],
  ['[FAILED] Failed to start Remount Root and Kernel File Systems.', 'boot: a unit of systemd failed', /SECURITYFS/],
  ['[DEPEND] Dependency failed for /boot/efi.', 'boot: a unit of systemd failed', /fstab/],
  ['You are in emergency mode. After logging in, type ...', 'boot: a unit of systemd failed', /journalctl/],
  [
    'ALERT!  UUID=12-34 does not exist.  Dropping to a shell!',
    'boot: initramfs finds no root file system',
    /VIRTIO_BLK/,
  ],
  [
    '[ 0.1] Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: start_secondary+0x1/0x2',
    'boot: stack protector',
    /gcc >= 10/,
  ],
  [
    '[ 0.1] Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: foo+0x1/0x2',
    'boot: stack protector',
    /KASAN/,
  ],
  [
    '[ 1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
    'boot: no root device',
    /no disk of the name that root= gives/,
  ],
  [
    '[ 1.2] VFS: Cannot open root device "vda" or unknown-block(254,0): error -6',
    'boot: no root device',
    /no file system/,
  ],
  ['[ 1.0] Kernel panic - not syncing: Requested init /x failed (error -8).', 'boot: no init', /IA32_EMULATION/],
  ['[ 1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000004', 'boot: init ended', /-cpu/],
  [
    '[ 1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00007f00',
    'boot: init ended',
    /status 127.*not found/,
  ],
  ['[ 1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00008b00', 'boot: init ended', /SIGSEGV/],
  ['systemd[1]: Freezing execution.', 'boot: systemd on an old kernel', /cgroup v1/],
  ['[ 9.1] Out of memory: Killed process 44 (dropbear)', 'memory ran out', /killed dropbear/],
  ['[ 9.1] Kernel panic - not syncing: Out of memory and no killable processes...', 'boot: out of memory', /memory:/],
  ['lab-init: failed: no key in the seed', 'boot: seed', /serial/],
  [
    '[ 1.2] EXT4-fs (vda): Cannot load crc32c driver.',
    'boot: an algorithm of the file system is missing',
    /crc32c_generic/,
  ],
  [
    'lab-init: failed: mount /dev/vda: Invalid argument',
    'boot: the first program of the guest failed',
    /mount \/dev\/vda: Invalid argument/,
  ],
  ['Cannot find device "eth0"', 'boot: no network', /VIRTIO_NET/],
  ['lab-init: failed: the ssh server ended (status 1)', 'boot: sshd dead', /dropbear/],
  ['CPU:1 [LOST 12 EVENTS]', 'events were lost', /buffer/],
  ['** trace_printk() being used. Allocating extra memory.  **', 'bpf_trace_printk is in use', /nothing in a lab/],
  ['[ 1.0] ftrace failed to modify ', 'a function hook was removed', /patched/],
  ['not ok 2 b', 'tests that failed', /test 2 failed: b/],
  ['foo01    1  TFAIL  :  foo01.c:33: open succeeded', 'tests that failed', /LTP/],
]

/** A command and what its shell says about it. */
