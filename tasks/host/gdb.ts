/** gdb on the kernel of a guest, over QEMU's gdbstub. */
import { join } from 'node:path'

/** Name of the stub's socket in the VM's directory, which is QEMU's working directory and only its owner may enter. */
export const GDB_SOCKET = 'gdb.sock'

/**
 * What QEMU's monitor, or its `-gdb`, makes the stub of: a unix socket, so that nobody on the network and no other user
 * gets at it.
 */
export const GDB_CHARDEV = `unix:${GDB_SOCKET},server=on,wait=off`

/** Name of the file with the commands below. */
export const GDB_INIT = 'lab.gdb'

/**
 * `lab-bt`: a backtrace along the frame pointers. Without DWARF gdb guesses at frames, and loses its way where a
 * function begins with the call of ftrace; the lab's kernels keep frame pointers (UNWINDER_FRAME_POINTER), which need
 * no guess.
 */
export const GDB_COMMANDS = `define lab-bt
  x/i $pc
  set $lab_frame = (unsigned long) $rbp
  set $lab_depth = 0
  while $lab_frame > 0xffff800000000000 && $lab_depth < 64
    x/a $lab_frame + 8
    set $lab_next = *(unsigned long *) $lab_frame
    if $lab_next <= $lab_frame
      set $lab_next = 0
    end
    set $lab_frame = $lab_next
    set $lab_depth = $lab_depth + 1
  end
end
document lab-bt
Backtrace along the frame pointers, for kernels without DWARF: one return address a line.
end
`

/** What gdb is to know of a kernel. */
export interface GdbKernel {
  /** Directory with `vmlinux`, and with `vmlinux-gdb.py` where the kernel was built with its scripts. */
  readonly dir: string
  /** How far the kernel stands from where its vmlinux says (CONFIG_RANDOMIZE_BASE). */
  readonly offset: bigint
}

/**
 * gdb's command line, to be started in the VM's directory. The socket's path is relative: sun_path has 108 bytes
 * (unix(7)).
 * @param commands typed for the user once gdb is connected; with any, gdb ends after the last
 */
export function gdbArgv({ dir, offset }: GdbKernel, commands: readonly string[]): string[] {
  const vmlinux = join(dir, 'vmlinux')
  const symbols = offset === 0n ? `file "${vmlinux}"` : `symbol-file -o 0x${offset.toString(16)} "${vmlinux}"`
  const first = [
    'set architecture i386:x86-64',
    // gdb runs scripts only from directories that it was told of; this one is in the lab's store.
    `add-auto-load-safe-path ${dir}`,
    ...(commands.length > 0 ? ['set pagination off', 'set confirm off'] : []),
    symbols,
    `source ${GDB_INIT}`,
    `target remote ${GDB_SOCKET}`,
  ]
  return [
    'gdb',
    '-q',
    ...(commands.length > 0 ? ['-batch'] : []),
    ...[...first, ...commands].flatMap((command) => ['-ex', command]),
  ]
}
