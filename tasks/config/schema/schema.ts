/**
 * The lab file, version 1, as a zod schema: shapes, units and limits of single values. What relates one value to
 * another (references, files, cycles) is in `relations.ts`. Sizes are given as text ("64M") and read by `bytesOf`. The
 * descriptions are shown by editors (through `json-schema.ts`) and as the way out of a missing key, so each begins with
 * what the value is.
 */
import { z } from 'zod'
import { Experiment } from './schema-experiment.ts'
import { Kernel } from './schema-kernel.ts'
import { func, name, path, size, text } from './schema-text.ts'

export const Image = z
  .strictObject({ recipe: path.describe('a directory with an image.yaml; lab:NAME is one of the lab itself') })
  .meta({ title: 'Image', description: 'the userland of a guest' })

export const Disk = z.strictObject({
  fs: z.enum(['ext4']).describe('the file system'),
  size: size.describe('the size of the disk, for example 64M'),
  mount: text(/^\/[A-Za-z0-9._/-]*$/, 'a mount point is an absolute path of letters, digits, ".", "_", "-"').describe(
    'where the guest mounts it',
  ),
  files: z.record(path, z.string()).optional().describe('files on it: path below the mount point -> content'),
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
    cpus: z.int().min(1).max(64).optional().describe('number of CPUs, 1 to 64; 2 when left out'),
    memory: size.optional().describe('memory of the guest; 1G when left out'),
    accel: z.enum(['kvm', 'tcg', 'auto']).optional().describe('the accelerator; auto takes KVM where it works'),
    deterministic: z
      .enum(['yes', 'no'])
      .optional()
      .describe(
        'yes: each run is a boot of its own on one CPU, with time counted in instructions and without any input, so that two runs are the same to the byte',
      ),
    disks: z.record(name, Disk).optional().describe('data disks'),
  })
  .meta({ title: 'VM', description: 'a virtual machine: kernel, image, resources' })

export const Probe = z
  .union([
    z
      .strictObject({
        source: path.describe('a BPF program in C; lab:NAME is one of the lab itself'),
        types: name
          .optional()
          .describe(
            'for a probe that includes vmlinux.h: the kernel whose types that has, and one object for all kernels (CO-RE); an object for each when left out',
          ),
        optional: z
          .array(func)
          .optional()
          .describe('programs of the object that may fail to attach without failing the run'),
      })
      .meta({ title: 'A program of yours' }),
    z
      .strictObject({
        sample: func.describe(
          "a sample of the kernel's own tree (samples/bpf), for example tracex1; built as the tree builds it, and run beside the workload",
        ),
      })
      .meta({ title: "A sample of the kernel's tree" }),
  ])
  .meta({ title: 'Probe', description: 'a BPF object that is attached during a run' })

export const Lab = z
  .strictObject({
    lab: name.describe('the name of the lab: of its state, its cache entries and its VMs'),
    kernels: z.record(name, Kernel).describe('the kernels, by name'),
    images: z.record(name, Image).describe('the images, by name'),
    vms: z.record(name, Vm).describe('the VMs, by name'),
    probes: z.record(name, Probe).optional().describe('the probes, by name'),
    experiments: z.record(name, Experiment).optional().describe('the experiments, by name'),
  })
  .meta({ title: 'lab.yaml', description: 'A VM lab for kernel tracing' })

export * from './schema-experiment.ts'
export * from './schema-kernel.ts'
export type { Expectation } from './schema-expect.ts'
export type Lab = z.infer<typeof Lab>
export type Image = z.infer<typeof Image>
export type Disk = z.infer<typeof Disk>
export type Vm = z.infer<typeof Vm>
export type Probe = z.infer<typeof Probe>

/** "64M" -> 67108864. The text has passed the schema. */
export function bytesOf(text: string): number {
  const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[text.slice(-1)]
  return Number.parseInt(text, 10) * (unit ?? 1)
}

/** "30s" -> 30000 milliseconds. The text has passed the schema. */
export function millisecondsOf(text: string): number {
  return Number.parseInt(text, 10) * (text.endsWith('m') ? 60_000 : 1000)
}
