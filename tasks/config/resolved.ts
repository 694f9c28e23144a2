/**
 * The lab as steps use it: everything filled in, every path absolute, sizes in bytes, times in milliseconds. Plain
 * readonly data.
 */
import type { SplatKind } from '../linux/splats/kinds.ts'
import type { ResolvedDiskFile } from './disk-file.ts'
import type { ResolvedShare } from './shares.ts'
import type { ResolvedPublished } from './published.ts'
import type { ResolvedModule } from './modules.ts'
import type { ResolvedWorkload } from './workload.ts'
import type { Helper } from '../linux/c/helpers.ts'
import type { LockedPackage } from '../linux/package-list.ts'
import type {
  Before,
  COLLECT,
  CLOCKS,
  Expectation,
  Expose,
  Metric,
  ParallelPath,
  ORDERS,
  ParamValue,
  STARTS,
  Slots,
  Source,
} from './schema/schema.ts'

export type ByName<T> = Readonly<Record<string, T>>

export interface ResolvedKernel {
  readonly name: string
  /** `tree` is absolute. */
  readonly source: Source
  /** Absolute paths of fragments; later ones win. */
  readonly config: readonly string[]
  /** Without CONFIG_. On top of the fragments. */
  readonly options: Readonly<Record<string, string | number>>
  readonly compat: 'auto' | 'none'
  /** What it knows of its own types. */
  readonly debug: 'none' | 'btf' | 'dwarf'
  /** Absolute paths of unified diffs, in the order in which they are applied. */
  readonly patches: readonly string[]
  /** Made one after the other, each of what the one before left. */
  readonly parallelPaths: readonly Readonly<ParallelPath>[]
  readonly expose: readonly Readonly<Expose>[]
  /** Helpers that tracing programs may call although they were made for others. */
  readonly helpers?: readonly Helper[]
}

export interface ResolvedImage {
  readonly name: string
  /** Absolute path of the directory that holds image.yaml. */
  readonly recipe: string
  /** Packages beside those of the recipe. */
  readonly packages?: readonly string[]
  /** In place of the recipe's, as it is written there. */
  readonly size?: string
  /** What lab.lock says of its packages: these and no others. Undefined where nothing is locked. */
  readonly locked?: readonly LockedPackage[] | undefined
}

export interface ResolvedDisk {
  readonly name: string
  readonly fs: 'ext4'
  /** Bytes. */
  readonly size: number
  /** Absolute path in the guest, without a slash at its end. */
  readonly mount: string
  /** Words for mke2fs. */
  readonly mkfs?: readonly string[]
  /** Of the mount. */
  readonly options?: string
  /** Relative path on the disk -> content. */
  readonly files: Readonly<Record<string, ResolvedDiskFile>>
}

/** A network that a VM is in. */
export interface ResolvedNetwork {
  readonly name: string
  readonly mac: string
  readonly address: string
  /** All of its VMs. */
  readonly hosts: readonly { readonly name: string; readonly address: string }[]
}

export interface ResolvedNode {
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
}

export interface ResolvedVm {
  readonly name: string
  /** Names of kernels: the one to boot, and those to take instead, in order, when its source cannot be fetched. */
  readonly kernel: { readonly use: string; readonly fallback: readonly string[] }
  /** Name of an image. */
  readonly image: string
  readonly cpus: number
  /** How they are arranged, where that is declared; their product is `cpus`. */
  readonly topology?: { readonly sockets: number; readonly cores: number }
  /** Bytes. */
  readonly memory: number
  /** NUMA nodes; their CPUs and bytes add up to those of the VM. */
  readonly numa?: readonly ResolvedNode[]
  readonly accel: 'kvm' | 'tcg' | 'auto'
  /** Each run is a sealed boot of its own: two runs are the same to the byte. */
  readonly deterministic: boolean
  /** Further parameters of the kernel. */
  readonly cmdline?: readonly string[]
  /** Further arguments of QEMU. */
  readonly qemu?: readonly string[]
  /** In the order of the file: eth1, eth2 and so on. */
  readonly networks?: readonly ResolvedNetwork[]
  /** When the guest's memory is kept. */
  readonly dump?: 'on-panic'
  /** Directories of the host; in the order of the file. */
  readonly shares?: readonly ResolvedShare[]
  /** In the order of the file. */
  readonly disks: readonly ResolvedDisk[]
}

export type ResolvedProbe =
  | {
      readonly name: string
      /** Absolute path of the C file. */
      readonly source: string
      /** Name of the kernel whose types its vmlinux.h has; of the kernel that it is compiled for when left out. */
      readonly types?: string
      /** Programs that may fail to attach. */
      readonly optional: readonly string[]
      /** Of its XDP and tc programs; lo where it does not say. */
      readonly interface?: string
    }
  | {
      readonly name: string
      /** A program of the kernel tree's samples/bpf, without a suffix. */
      readonly sample: string
    }
  | {
      readonly name: string
      /** Absolute path of a bpftrace script. */
      readonly script: string
    }

/** A declared number. `output`: the program in the guest that prints it, where that is not the workload. */
export type ResolvedMetric = Metric & { readonly output?: string }

/**
 * A kind of splat that an experiment allows: everywhere, or in the functions that a pattern (interpolate.ts) matches.
 */
export interface AllowedSplat {
  readonly kind: SplatKind
  readonly function?: string
}

export interface ResolvedExperiment {
  readonly name: string
  readonly about?: string
  /** What one sequence of messages is called, in the singular; undefined where the lab file has no word for it. */
  readonly unit?: string
  /** Why `lab run --all` leaves it out. */
  readonly skip?: string
  /** Name of a VM. */
  readonly vm: string
  /** Kernel options on top of the kernel's. */
  readonly options: Readonly<Record<string, string | number>>
  /** Names of probes, in the order of attaching. */
  readonly probes: readonly string[]
  /** In the order of loading; undefined where it brings none. */
  readonly modules?: readonly ResolvedModule[]
  readonly workload: ResolvedWorkload
  readonly params: Readonly<Record<string, readonly ParamValue[]>>
  /** Lists that `--quick` takes in the place of those of `params`; left out where there are none. */
  readonly quick?: Readonly<Record<string, readonly ParamValue[]>>
  /** What is compared beside the parameters; names of kernels and probes. */
  readonly matrix: { readonly kernel?: readonly string[]; readonly probe?: readonly string[] }
  readonly include: readonly Readonly<Record<string, ParamValue>>[]
  readonly exclude: readonly Readonly<Record<string, ParamValue>>[]
  /** Every arm four times: without probes, with empty ones, with the full ones, and counted by the kernel. */
  readonly observer: boolean
  readonly order: (typeof ORDERS)[number]
  /** Of a shuffled order; drawn where it is left out. */
  readonly seed?: number
  /** Runs of each arm that do not count. */
  readonly warmup: number
  readonly retries: number
  readonly before: readonly Before[]
  readonly start: (typeof STARTS)[number]
  /** Arms that are run twice, warm and cold. */
  readonly control?: 'cold'
  /** VMs at a time. */
  readonly parallel: number | 'auto'
  /** Numbers of each run, by name. */
  readonly metrics: Readonly<Record<string, ResolvedMetric>>
  /** Runs of each arm; with `until`, at most. */
  readonly repeat: number
  /** Where an arm may end earlier. */
  readonly until?: {
    readonly metric: string
    /** 0.05 is 5 %. */
    readonly precision: number
    readonly min: number
  }
  /** Milliseconds, before scaling by accelerator. */
  readonly timeout: number
  /** Milliseconds that all runs of an arm may take together. */
  readonly deadline?: number
  readonly trace: {
    readonly clock: (typeof CLOCKS)[number]
    /** Bytes per CPU. */
    readonly buffer: number
    /** `system:event`. */
    readonly events: readonly string[]
    /** Drop the oldest events when the buffer is full, and not the newest. */
    readonly overwrite: boolean
    readonly onLoss: 'fail' | 'warn' | 'retry'
    /** `depth` 0: all calls. */
    readonly functionGraph?: { readonly functions: readonly string[]; readonly depth: number }
  }
  /** Map or global variable -> value, or key or field -> value; `slotsOf` reads it against the objects. */
  readonly maps: Readonly<Slots>
  readonly collect: readonly (typeof COLLECT)[number][]
  /** Splats that do not make a run fail. */
  readonly allow: readonly AllowedSplat[]
  readonly expect: readonly Readonly<Expectation>[]
  /** What others measured; no part of a run. */
  readonly published: readonly ResolvedPublished[]
}

export interface ResolvedLab {
  readonly name: string
  /** Absolute path of the lab file. */
  readonly file: string
  /** Its directory. */
  readonly directory: string
  /** The file as it was read: what a result's manifest keeps. */
  readonly text: string
  readonly kernels: ByName<ResolvedKernel>
  readonly images: ByName<ResolvedImage>
  readonly vms: ByName<ResolvedVm>
  readonly probes: ByName<ResolvedProbe>
  readonly experiments: ByName<ResolvedExperiment>
}
