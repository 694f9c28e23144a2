/** The modules that a guest needs before it can reach its disks, out of those of a distribution's kernel. */
import { userError } from '../../../engine/error.ts'
import { loadOrder } from '../../../linux/objects/module-info.ts'
import { moduleFilesBelow, moduleReader } from '../module-files.ts'

/** Directory of an artefact with the modules, and `ORDER`: their names, a line each. */
export const MODULES = 'modules'
export const ORDER = 'order'

/** What every guest has, by the option of each driver and the name of its module. */
const NEEDED: readonly (readonly [option: string, module: string, what: string])[] = [
  ['VIRTIO_PCI', 'virtio_pci', 'the guest finds its devices'],
  ['VIRTIO_BLK', 'virtio_blk', 'the guest reads its disks'],
  ['VIRTIO_NET', 'virtio_net', 'the guest is reached by ssh'],
  ['EXT4_FS', 'ext4', 'the guest mounts its disks'],
]
/** Of use, and no need. */
const USEFUL: readonly (readonly [option: string, module: string])[] = [['HW_RANDOM_VIRTIO', 'virtio_rng']]

/** Options that a guest needs in the kernel itself: they cannot be modules, or nobody would load them. */
const BUILT_IN: readonly (readonly [option: string, what: string])[] = [
  ['BLK_DEV_INITRD', 'the guest starts from an initramfs, with its modules'],
  ['DEVTMPFS', 'the devices of the guest have names'],
  ['SERIAL_8250_CONSOLE', 'the console of the guest is a serial port'],
]

export interface GuestModules {
  /** File names ("virtio.ko"), each behind what it needs. */
  readonly order: readonly string[]
  readonly files: ReadonlyMap<string, Buffer>
}

type Config = ReadonlyMap<string, string>

/**
 * Drivers that this kernel has as modules, and those of them that a guest cannot do without. @throws a user's Failure
 */
function wantedOf(config: Config, place: string): { all: readonly string[]; needed: ReadonlySet<string> } {
  const absent = [
    ...BUILT_IN.filter(([option]) => config.get(option) !== 'y'),
    ...NEEDED.filter(([option]) => !config.has(option)).map(([option, , what]) => [option, what] as const),
  ]
  if (absent.length > 0)
    throw userError({
      place,
      fact: `this kernel lacks options that a guest needs: ${absent.map(([option]) => `CONFIG_${option}`).join(', ')}`,
      lines: absent.map(([option, what]) => `CONFIG_${option}: with it, ${what}`),
      wayOut: "take a kernel for virtual machines (Debian's linux-image-*-cloud-amd64), or one that is built",
    })
  const modules = NEEDED.filter(([option]) => config.get(option) === 'm').map(([, module]) => module)
  const useful = USEFUL.filter(([option]) => config.get(option) === 'm').map(([, module]) => module)
  return { all: [...modules, ...useful], needed: new Set(modules) }
}

/**
 * @param dir below which the modules are; undefined where the kernel came without any
 * @param scratch for decompression
 * @throws a user's Failure where a module that a guest needs is not there, or is of another kernel
 */
export async function guestModules(
  config: Config,
  release: string,
  dir: string | undefined,
  scratch: string,
  place: string,
  signal: AbortSignal,
): Promise<GuestModules> {
  const { all, needed } = wantedOf(config, place)
  const paths = dir === undefined ? new Map<string, string>() : await moduleFilesBelow(dir)
  const files = new Map<string, Buffer>()
  const infoOf = moduleReader(paths, files, { release, scratch, place }, signal)
  const { order, missing } = await loadOrder(all, infoOf)
  const fatal = missing.filter((name) => !USEFUL.some(([, module]) => module === name))
  if (fatal.length > 0)
    throw userError({
      place,
      fact: `this kernel has drivers as modules, and they are not there: ${fatal.join(', ')}`,
      lines: [...needed].map((name) => `${name}: ${files.has(name) ? 'there' : 'missing'}`),
      wayOut:
        dir === undefined
          ? 'name the .deb package that holds the modules too, or build these drivers into the kernel (=y)'
          : 'the package is not complete: from 7.x on linux-modules-* belongs to it (`parts:`)',
    })
  return {
    order: order.map((name) => `${name}.ko`),
    files: new Map([...files].map(([name, bytes]) => [`${name}.ko`, bytes])),
  }
}
