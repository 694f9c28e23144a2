/**
 * The QEMU command line as a pure function. Each device yields its QEMU arguments *and* the kernel parameters that
 * belong to it, so that the pair cannot be half applied (the idea is vimto's).
 */
export type Accel = 'kvm' | 'tcg'

/** One host thread for all CPUs of a guest under TCG, or one for each. */
export type TcgThread = 'single' | 'multi'

/**
 * Before QEMU 8.1 a CPU could translate a page while another one wrote to it, and keep what it had read (fixed by
 * commit deba78709ae8, "accel/tcg: Always lock pages before translation"). Arming a kprobe is such a write. Seen with
 * 7.2: after a probe was removed, both CPUs ran into its int3 for ever, once in some hundred runs. One thread for all
 * CPUs cannot race, and was no slower here.
 * @param version what `qemu-system-x86_64 --version` says first: "QEMU emulator version 7.2.22 (Debian ...)"
 */
export function tcgThread(version: string): TcgThread {
  const [, major = '0', minor = '0'] = /version (\d+)\.(\d+)/.exec(version) ?? []
  return Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 1) ? 'multi' : 'single'
}

export interface DiskImage {
  readonly file: string
  readonly format: 'raw' | 'qcow2'
  readonly readonly?: boolean
  /** At most 20 characters (VIRTIO_BLK_ID_BYTES); the guest finds its disks by it. */
  readonly serial: string
}

export interface Machine {
  readonly accel: Accel
  readonly tcgThread: TcgThread
  readonly cpus: number
  /** Their product is `cpus`. QEMU's default is one core for each socket. */
  readonly topology?: { readonly sockets: number; readonly cores: number } | undefined
  readonly memoryBytes: number
  /** NUMA nodes, whose CPUs and bytes add up to those of the machine; not together with `memory`. */
  readonly numa?: readonly { readonly cpus: number; readonly memory: number }[] | undefined
  readonly kernel: string
  /** Of a kernel that has its disk drivers as modules. */
  readonly initrd?: string | undefined
  readonly init: string
  /** The first is the root disk. */
  readonly disks: readonly DiskImage[]
  /** Further parameters of the kernel, after those of the lab. */
  readonly parameters: readonly string[]
  /** Further arguments, after those of the lab. */
  readonly further: readonly string[]
  /** File for what the console says. */
  readonly consoleLog: string
  /**
   * Where the guest's memory is kept, when it is to outlive the machine. Private: what the guest writes stays out of
   * the file.
   */
  readonly memory?: { readonly file: string; readonly share: 'shared' | 'private' } | undefined
  /** Cards after the one for ssh: eth1, eth2 and so on. */
  readonly cards?: readonly NetworkCard[] | undefined
  /** Directories of the host; the guest mounts them by their tags. */
  readonly shares?: readonly SharedDirectory[] | undefined
  /** A panic stops the machine and does not end it, so that its memory can be kept. */
  readonly stopsAtPanic?: boolean | undefined
  /** The machine waits for a saved state (host/migration) and does not boot. */
  readonly incoming?: boolean | undefined
}

/** A card in a network of VMs (vm/network.ts). */
export interface NetworkCard {
  readonly mac: string
  /** Multicast group and port, on loopback. */
  readonly group: string
}

/** Served by a daemon at a socket (virtiofs), or read-only by QEMU itself (9p). */
export type SharedDirectory =
  { readonly tag: string; readonly socket: string } | { readonly tag: string; readonly path: string }

interface Device {
  readonly args: readonly string[]
  readonly kernel?: readonly string[]
}

/** Names of the sockets, relative to the VM's directory, which is QEMU's working directory. */
export const QMP_SOCKET = 'qmp.sock'
export const CONSOLE_SOCKET = 'console.sock'
/** Of a second monitor: each serves one client, and the one who waits for a panic must not keep `lab down` out. */
export const DUMP_SOCKET = 'dump.sock'

/** A comma starts the next option in QEMU's key=value lists; doubled, it stands for itself. */
const value = (text: string) => text.replaceAll(',', ',,')

const mebibytes = (bytes: number) => `${Math.floor(bytes / 2 ** 20)}M`

const arranged = ({ cpus, topology }: Machine): string =>
  topology === undefined ? String(cpus) : `${cpus},sockets=${topology.sockets},cores=${topology.cores},threads=1`

/** A daemon of a share reads and writes the guest's memory itself. */
const isServed = ({ shares = [] }: Machine): boolean => shares.some((share) => 'socket' in share)

const machine = (m: Machine): Device => {
  const { accel, tcgThread, memoryBytes, memory } = m
  return {
    args: [
      '-machine',
      memory || (isServed(m) && !m.numa) ? 'q35,memory-backend=memory' : 'q35',
      '-accel',
      accel === 'tcg' ? `tcg,thread=${tcgThread}` : 'kvm',
      '-cpu',
      accel === 'tcg' ? 'max' : 'host',
      '-smp',
      arranged(m),
      '-m',
      mebibytes(memoryBytes),
      // Only what is listed here is in the machine; no configuration of the user's changes it.
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
    ],
  }
}

const memoryFile = ({ memory, memoryBytes }: Machine): Device => ({
  args: memory
    ? [
        '-object',
        `memory-backend-file,id=memory,size=${mebibytes(memoryBytes)},mem-path=${value(memory.file)},share=${memory.share === 'shared' ? 'on' : 'off'}`,
      ]
    : [],
})

/** Memory that a daemon can map. */
const servedMemory = (m: Machine): Device => ({
  args:
    isServed(m) && !m.numa
      ? ['-object', `memory-backend-memfd,id=memory,size=${mebibytes(m.memoryBytes)},share=on`]
      : [],
})

/** Each node has memory of its own; CPUs are given to the nodes in their order. */
const nodes = (m: Machine): Device => {
  const kind = isServed(m) ? 'memory-backend-memfd,share=on' : 'memory-backend-ram'
  let next = 0
  return {
    args: (m.numa ?? []).flatMap(({ cpus, memory }, index) => {
      const first = next
      next += cpus
      const own = cpus === 0 ? '' : `,cpus=${first}-${next - 1}`
      return [
        '-object',
        `${kind},id=node${index},size=${mebibytes(memory)}`,
        '-numa',
        `node,nodeid=${index},memdev=node${index}${own}`,
      ]
    }),
  }
}

const share = (shared: SharedDirectory, index: number): Device => ({
  args:
    'socket' in shared
      ? [
          '-chardev',
          `socket,id=share${index},path=${value(shared.socket)}`,
          '-device',
          `vhost-user-fs-pci,chardev=share${index},tag=${shared.tag},queue-size=1024`,
        ]
      : [
          '-fsdev',
          `local,id=share${index},path=${value(shared.path)},security_model=none,multidevs=remap,readonly=on`,
          '-device',
          `virtio-9p-pci,fsdev=share${index},mount_tag=${shared.tag}`,
        ],
})

const incomingState = ({ incoming }: Machine): Device => ({ args: incoming === true ? ['-incoming', 'defer'] : [] })

/** A panic ends QEMU at once: the kernel reboots at panic, and QEMU exits instead of rebooting. */
const endOnPanic: Device = { args: ['-no-reboot'], kernel: ['panic=-1'] }

/**
 * The same, and QEMU stays with the guest as it was at its end. Kernels with FW_CFG_SYSFS leave a VMCOREINFO there,
 * which drgn wants.
 */
const stopOnPanic: Device = {
  args: [
    '-action',
    'reboot=shutdown,shutdown=pause',
    '-qmp',
    `unix:${DUMP_SOCKET},server=on,wait=off`,
    '-device',
    'vmcoreinfo',
  ],
  kernel: ['panic=-1'],
}

const console_ = ({ consoleLog }: Machine): Device => ({
  args: [
    '-chardev',
    `socket,id=console,path=${CONSOLE_SOCKET},server=on,wait=off,logfile=${value(consoleLog)},logappend=off`,
    '-serial',
    'chardev:console',
  ],
  // printk to the console costs time under TCG; the whole log is in dmesg.
  kernel: ['console=ttyS0', 'loglevel=4'],
})

const control: Device = { args: ['-qmp', `unix:${QMP_SOCKET},server=on,wait=off`] }

/**
 * User-mode network without a way out (restrict), and one way in: ssh at a port that the kernel chooses, on loopback
 * only.
 */
const network: Device = {
  args: [
    '-netdev',
    'user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:0-:22',
    '-device',
    'virtio-net-pci,netdev=net0,romfile=',
  ],
  kernel: ['net.ifnames=0'],
}

/** `localaddr` is also the interface by which packets leave (IP_MULTICAST_IF): none of them leaves the host. */
const card = ({ mac, group }: NetworkCard, index: number): Device => ({
  args: [
    '-netdev',
    `socket,id=lan${index},mcast=${group},localaddr=127.0.0.1`,
    '-device',
    `virtio-net-pci,netdev=lan${index},mac=${mac},romfile=`,
  ],
})

const entropy: Device = { args: ['-device', 'virtio-rng-pci'] }

const disk = ({ file, format, readonly, serial }: DiskImage, index: number): Device => ({
  args: [
    '-drive',
    `file=${value(file)},format=${format},if=none,id=disk${index}${readonly ? ',readonly=on' : ''}`,
    '-device',
    `virtio-blk-pci,drive=disk${index},serial=${serial}`,
  ],
  ...(index === 0 ? { kernel: ['root=/dev/vda', 'rw'] } : {}),
})

/**
 * Attaching and detaching a probe waits for RCU grace periods; expedited ones cut that from 0.5 s to 0.3 s per run
 * (5.4, TCG).
 */
const fastGracePeriods: Device = { args: [], kernel: ['rcupdate.rcu_expedited=1'] }

/**
 * Under TCG the kernel's timing loops measure the emulator: 0.1 s of boot for a number that only feeds udelay(), 0.2 s
 * for the local APIC's timer, which then mostly fails its own verification ("APIC timer disabled"), and a timer check
 * that can fail for no other reason than a busy host. Ticks then come from the HPET, by broadcast to the other CPUs,
 * every time and not only mostly.
 */
const noCalibration = ({ accel }: Machine): Device => ({
  args: [],
  ...(accel === 'tcg' ? { kernel: ['lpj=4000000', 'no_timer_check', 'nolapic_timer'] } : {}),
})

/** The whole argv. Paths of sockets are relative: start it in the VM's directory. */
export function qemuArgv(m: Machine): string[] {
  const devices = [
    memoryFile(m),
    servedMemory(m),
    machine(m),
    nodes(m),
    incomingState(m),
    m.stopsAtPanic === true ? stopOnPanic : endOnPanic,
    console_(m),
    control,
    network,
    ...(m.cards ?? []).map(card),
    ...(m.shares ?? []).map(share),
    entropy,
    fastGracePeriods,
    noCalibration(m),
    ...m.disks.map(disk),
  ]
  const parameters = [...devices.flatMap((device) => device.kernel ?? []), ...m.parameters, `init=${m.init}`]
  return [
    'qemu-system-x86_64',
    ...devices.flatMap((device) => device.args),
    ...m.further,
    '-kernel',
    m.kernel,
    ...(m.initrd === undefined ? [] : ['-initrd', m.initrd]),
    '-append',
    parameters.join(' '),
  ]
}

/**
 * A guest without a disk: its kernel goes through all of boot and then panics because there is no root. Getting there
 * is the proof that an accelerator works.
 */
export function bootOnlyArgv(accel: Accel, kernel: string): string[] {
  return [
    'qemu-system-x86_64',
    '-machine',
    'q35',
    '-accel',
    accel,
    '-cpu',
    accel === 'kvm' ? 'host' : 'max',
    '-m',
    '256M',
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-serial',
    'stdio',
    '-no-reboot',
    '-kernel',
    kernel,
    '-append',
    'console=ttyS0 panic=-1',
  ]
}
