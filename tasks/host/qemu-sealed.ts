/**
 * The QEMU command line of a sealed guest: one whose every instruction is decided by its kernel, its initramfs and this
 * list, so that two runs are the same run. Time is counted in instructions (docs/devel/tcg-icount.rst), and nothing of
 * the host gets in: no network, no disk (its answers would come when the host has them), no entropy device, no clock,
 * no input. What comes out goes to files, which never push back.
 */
export interface SealedMachine {
  readonly memoryBytes: number
  readonly kernel: string
  readonly initrd: string
  /** Program of the initramfs that becomes PID 1. */
  readonly init: string
  /** RAM disks, in KiB each. */
  /** Further parameters of the kernel. */
  readonly cmdline: readonly string[]
  readonly ramDisks: { readonly count: number; readonly kib: number }
}

/** Files in QEMU's working directory. */
export const SEALED_CONSOLE = 'console.log'
export const SEALED_OUTPUT = 'output'

/**
 * 2^shift nanoseconds of the guest's time for each instruction: 250 million instructions a second, about as fast as TCG
 * is.
 */
export const SHIFT = 2
/** Seeds QEMU's generator, and with it RDRAND and everything that the kernel draws at boot. */
export const SEED = 1
/** What the guest's clock shows when it starts. */
export const RTC_BASE = '2020-02-08T00:00:00'

/** The whole argv; start it in a directory of its own. */
export function sealedArgv({ memoryBytes, kernel, initrd, init, ramDisks, cmdline }: SealedMachine): string[] {
  const parameters = [
    'panic=-1',
    'console=ttyS0',
    'loglevel=4',
    `rdinit=${init}`,
    ...(ramDisks.count > 0 ? [`brd.rd_nr=${ramDisks.count}`, `brd.rd_size=${ramDisks.kib}`] : []),
    // As of every guest (qemu.ts): grace periods and calibration loops say nothing and cost time.
    'rcupdate.rcu_expedited=1',
    'lpj=4000000',
    'no_timer_check',
    ...cmdline,
  ]
  const toFile = (id: string, path: string) => ['-chardev', `file,id=${id},path=${path}`, '-serial', `chardev:${id}`]
  return [
    'qemu-system-x86_64',
    '-machine',
    'q35',
    '-accel',
    'tcg,thread=single',
    // sleep=off: a guest that waits is at once where its next timer is, so that idling takes no time of the host's.
    '-icount',
    `shift=${SHIFT},align=off,sleep=off`,
    '-rtc',
    `base=${RTC_BASE},clock=vm`,
    '-seed',
    String(SEED),
    '-cpu',
    'max',
    '-smp',
    '1',
    '-m',
    `${Math.floor(memoryBytes / 2 ** 20)}M`,
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-nic',
    'none',
    '-no-reboot',
    ...toFile('console', SEALED_CONSOLE),
    ...toFile('output', SEALED_OUTPUT),
    '-kernel',
    kernel,
    '-initrd',
    initrd,
    '-append',
    parameters.join(' '),
  ]
}
