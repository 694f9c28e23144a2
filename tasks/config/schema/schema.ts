/**
 * The lab file, version 1, as a zod schema: shapes, units and limits of single values. What relates one value to
 * another (references, files, cycles) is in `relations.ts`. Sizes are given as text ("64M") and read by `bytesOf`. The
 * descriptions are shown by editors (through `json-schema.ts`) and as the way out of a missing key, so each begins with
 * what the value is.
 */
import { z } from 'zod'
import { Experiment } from './schema-experiment.ts'
import { Kernel } from './schema-kernel.ts'
import { func, name, path } from './schema-text.ts'
import { Image, Vm } from './schema-vm.ts'

export const Probe = z
  .union([
    z
      .strictObject({
        source: path.describe('a BPF program in C; lab:NAME is one of the lab itself'),
        types: name
          .optional()
          .describe(
            'for a probe that includes vmlinux.h: the kernel whose types that has, and one object for all kernels (CO-RE); by default an object is compiled for each kernel',
          ),
        optional: z
          .array(func)
          .optional()
          .describe('programs of the object that may fail to attach without failing the run'),
        interface: z
          .string()
          .regex(/^[\w.-]{1,15}$/, 'a name of a network interface')
          .optional()
          .describe('the network interface of the guest for its XDP and tc programs, for example eth0 (default: lo)'),
      })
      .meta({ title: 'A program of yours' }),
    z
      .strictObject({
        sample: func.describe(
          "a sample of the kernel's own tree (samples/bpf), for example tracex1; built as the tree builds it, and run beside the workload",
        ),
      })
      .meta({ title: "A sample of the kernel's tree" }),
    z
      .strictObject({
        bpftrace: path.describe(
          'a bpftrace script, run beside the workload by the bpftrace of the image (images: { NAME: { packages: [bpftrace], size: 1G } })',
        ),
      })
      .meta({ title: 'A bpftrace script' }),
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

/**
 * How a lab file is parsed: without the code that zod generates for each object, which pays for itself from the second
 * parsing on.
 */
export const ONCE = { jitless: true } as const

export * from './schema-experiment.ts'
export * from './schema-kernel.ts'
export type { Claim } from './schema-published.ts'
export * from './schema-vm.ts'
export type { Expectation } from './schema-expect.ts'
export type Lab = z.infer<typeof Lab>
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
