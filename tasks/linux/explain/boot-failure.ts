/**
 * Why a guest did not get to the end of its boot: the console's text in, a named guess out. A table; the first row that matches wins,
 * so the specific ones stand first.
 */
export interface BootGuess {
  readonly name: string
  readonly cause: string
  readonly wayOut: string
}

/** The table itself; `lab explain` reads other texts with it than consoles. */
export const BOOT_FAILURES: readonly (BootGuess & { readonly pattern: RegExp })[] = [
  {
    name: 'stack protector',
    pattern: /stack-protector: Kernel stack is corrupted in: (start_secondary|start_kernel)/,
    cause:
      'a kernel before 5.7 built with gcc >= 10: the compiler turns the last call of start_secondary into a jump (commit a9a3ed1eff36)',
    wayOut: 'keep `compat: auto`, or set `options: { STACKPROTECTOR: n }`',
  },
  {
    name: 'no root device',
    pattern: /VFS: (?:Cannot open root device|Unable to mount root fs)/,
    cause: 'the kernel found no disk, or cannot read its file system',
    wayOut:
      'the configuration needs PCI, VIRTIO_PCI, VIRTIO_BLK and EXT4_FS built in: kernel/config/guest.config has them',
  },
  {
    name: 'no init',
    pattern:
      // "Run … as init process" is KERN_INFO and not on a console with loglevel=4; the panic is.
      /Requested init .* failed|No working init found|Kernel panic - not syncing: Attempted to kill init.*/,
    cause: 'the program that the image names as init is missing, cannot be executed, or ended',
    wayOut: 'look at `init:` in the recipe; a script needs BINFMT_SCRIPT, a 64-bit program BINFMT_ELF',
  },
  {
    name: 'systemd on an old kernel',
    pattern: /Freezing execution|cgroup v1.*(?:refus|support)/i,
    cause: 'systemd >= 256 refuses cgroup v1, which is all that old kernels have (systemd issue 30852)',
    wayOut: 'boot our own init: `init: /usr/sbin/lab-init` in the recipe',
  },
  {
    name: 'out of memory',
    pattern: /Out of memory|System is deadlocked on memory/,
    cause: 'the guest has too little memory',
    wayOut: 'raise `memory:` of the VM',
  },
  {
    name: 'kernel panic',
    pattern: /Kernel panic - not syncing: .*/,
    cause: 'the kernel panicked; the console has the reason and the call trace',
    wayOut: 'read the lines above it; `lab console` and the console log have the rest',
  },
  {
    name: 'seed',
    pattern: /lab-init: failed: (?:seed|no key in the seed)/,
    cause: 'the guest did not find the disk with its ssh keys',
    wayOut: 'the kernel needs VIRTIO_BLK and /sys/block/*/serial (SYSFS)',
  },
  {
    name: 'no network',
    pattern: /lab-init: failed: network|Cannot find device "eth0"/,
    cause: 'the guest has no network card',
    wayOut: 'the configuration needs VIRTIO_NET, INET and PACKET: kernel/config/guest.config has them',
  },
  {
    name: 'sshd dead',
    pattern: /lab-init: failed: the ssh server ended.*/,
    cause: 'the ssh server in the guest ends by itself',
    wayOut: 'the console has its last line; is dropbear in the recipe?',
  },
]

/** What the console's text says about a boot that failed; undefined when no rule knows it. */
export function guessBootFailure(console: string): (BootGuess & { readonly evidence: string }) | undefined {
  for (const { pattern, ...guess } of BOOT_FAILURES) {
    const match = pattern.exec(console)
    if (match) return { ...guess, evidence: match[0].split('\n')[0] ?? '' }
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
