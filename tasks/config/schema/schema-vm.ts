/** The part of the schema about guests: images, disks, and the machine. */
import { z } from 'zod'
import { name, path, size, text } from './schema-text.ts'

export const Image = z
  .strictObject({
    recipe: path.describe('a directory with an image.yaml; lab:NAME is one of the lab itself'),
    packages: z
      .array(text(/^[a-z0-9][a-z0-9.+-]+$/, 'write the name of a Debian package'))
      .max(200)
      .optional()
      .describe('Debian packages beside those of the recipe, for example [bpftrace, iputils-ping]'),
    size: text(/^[1-9][0-9]{0,5}[MG]$/, 'write a whole number with M or G, for example 1G')
      .optional()
      .describe("the size of the disk, where the recipe's is too small"),
  })
  .meta({ title: 'Image', description: 'the userland of a guest' })

export const FILLS = ['zeros', 'random', 'records', 'numbers'] as const

/** A file on a disk: its text, a file of the host, or a pattern of some size. */
export const DiskFile = z
  .union([
    z.string().describe('the content'),
    z.strictObject({ from: path.describe('a file of the host, relative to the lab file') }),
    z.strictObject({
      size: size.describe('its size, for example 100M'),
      fill: z
        .enum(FILLS)
        .optional()
        .describe(
          'zeros (the default), random bytes by seed, numbered records of 16 bytes, or numbers: records of three digits and a space, by seed',
        ),
      seed: z
        .int()
        .min(0)
        .max(2 ** 32 - 1)
        .optional()
        .describe('of random bytes and of numbers (default: 0)'),
      selectivity: text(/^(100|[0-9]{1,2})%$/, 'a selectivity is a percentage from 0% to 100%')
        .optional()
        .describe('of numbers: how many of them are 500 or more (default: 50%)'),
    }),
  ])
  .describe('the content, { from: FILE } or { size: 100M, fill: random }')

/**
 * Options of mke2fs(8) that shape the file system. Not those that name files of the host (-d, -z, -J device=, -l), that
 * decide what the lab decides (-U, -t, -E), or that check a device.
 */
export const MKFS_FLAGS = ['-b', '-C', '-g', '-G', '-i', '-I', '-J', '-m', '-N', '-O', '-T', '-j'] as const

const mountPoint = text(/^\/[A-Za-z0-9._/-]*$/, 'a mount point is an absolute path of letters, digits, ".", "_", "-"')

export const Disk = z.strictObject({
  fs: z.enum(['ext4']).describe('the file system'),
  size: size.describe('the size of the disk, for example 64M'),
  mount: mountPoint.describe('where the guest mounts it'),
  mkfs: z
    .array(
      text(/^[A-Za-z0-9^,=_.%-]{1,80}$/, 'a word for mke2fs has letters, digits, "^", ",", "=", "_", ".", "%" and "-"'),
    )
    .max(32)
    .optional()
    .describe(`words for mke2fs, for example [-b, "1024", -O, ^has_journal]; options are ${MKFS_FLAGS.join(', ')}`),
  options: text(
    /^[A-Za-z0-9_=,.:-]{1,200}$/,
    'mount options are words with commas between them, for example data=journal',
  )
    .optional()
    .describe('how it is mounted, for example data=journal,noatime'),
  files: z.record(path, DiskFile).optional().describe('files on it: path below the mount point -> content'),
})

/** A directory of the host in the guest. */
export const Share = z.strictObject({
  from: path.describe('a directory below that of the lab file'),
  mount: mountPoint.describe('where the guest mounts it'),
  write: z.enum(['yes', 'no']).optional().describe('yes: the guest may change its files (default: no)'),
})

const count = z.int().min(1)

/**
 * As QEMU's -smp has it. No threads: the CPU that TCG emulates has none (it lacks TOPOEXT), and a guest would see
 * cores.
 */
const Topology = z.strictObject({
  sockets: count.max(64).optional().describe('sockets (default: 1)'),
  cores: count.max(64).optional().describe('cores of each socket (default: 1)'),
})

/** A node without CPUs is memory that is far from all of them. */
const NumaNode = z.strictObject({
  cpus: z.int().min(0).max(64).describe('CPUs of the node; they are counted from 0 on, node after node'),
  memory: size.describe('memory of the node, for example 512M'),
})

export const Vm = z
  .strictObject({
    kernel: z
      .union([
        name,
        z.strictObject({
          use: name.describe('the kernel to boot'),
          fallback: z
            .array(name)
            .optional()
            .describe('kernels to take, in this order, when the source of the first cannot be fetched'),
        }),
      ])
      .describe('the name of a kernel, or { use, fallback }'),
    image: name.describe('the name of an image'),
    cpus: z
      .union([count.max(64), Topology])
      .optional()
      .describe('number of CPUs, 1 to 64 (default: 2), or { sockets, cores }'),
    memory: size.optional().describe('memory of the guest (default: 1G)'),
    numa: z
      .union([z.int().min(2).max(8), z.array(NumaNode).min(2).max(8)])
      .optional()
      .describe('NUMA nodes: a number of equal ones, for example 2, or their CPUs and memory'),
    accel: z.enum(['kvm', 'tcg', 'auto']).optional().describe('the accelerator; auto takes KVM where it works'),
    cmdline: z
      // oxlint-disable-next-line no-control-regex -- a line break or a space would begin another parameter
      .array(text(/^[^\x00-\x20\x7f"]{1,400}$/, 'a parameter of the kernel has no spaces and no quotes'))
      .max(64)
      .optional()
      .describe("further parameters of the kernel's command line, for example [isolcpus=1, nokaslr]"),
    qemu: z
      // oxlint-disable-next-line no-control-regex -- a control character in an argument is a typing error
      .array(text(/^[^\x00-\x1f\x7f/]{1,400}$/, 'an argument of QEMU names no file of the host: it has no "/"'))
      .max(64)
      .optional()
      .describe('further arguments of QEMU, for example [-device, "nvme,serial=x"]: devices, objects, the kind of CPU'),
    networks: z
      .array(name)
      .min(1)
      .max(8)
      .optional()
      .describe(
        'networks that it is in, for example [lan]: VMs of one network see one another by name, and nothing else',
      ),
    dump: z
      .enum(['on-panic'])
      .optional()
      .describe(
        'on-panic: a run whose guest panics or hangs, or whose workload does not end in time, keeps the memory of the guest',
      ),
    deterministic: z
      .enum(['yes', 'no'])
      .optional()
      .describe(
        'yes: each run is a boot of its own on one CPU, with time counted in instructions and without any input, so that two runs are the same to the byte',
      ),
    share: z
      .union([Share, z.array(Share).min(1).max(8)])
      .optional()
      .describe('directories of the host in the guest, for example { from: inputs, mount: /inputs }; read-only'),
    disks: z.record(name, Disk).optional().describe('data disks'),
  })
  .meta({ title: 'VM', description: 'a virtual machine: kernel, image, resources' })

export type Image = z.infer<typeof Image>
export type Disk = z.infer<typeof Disk>
export type Share = z.infer<typeof Share>
export type DiskFile = z.infer<typeof DiskFile>
export type Vm = z.infer<typeof Vm>
