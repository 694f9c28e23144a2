/**
 * The lab as steps use it: everything filled in, every path absolute, sizes in bytes, times in milliseconds. Plain
 * readonly data.
 */
import { DEFAULTS } from './defaults.ts'
import { parsePackages, type LockedPackage } from '../linux/package-list.ts'
import type { LockFile } from './lock-file.ts'
import { type PathUse, type Roots, resolvePath } from './paths.ts'
import { chainOf } from './checks/relate-kernels.ts'
import { vmOf } from './checks/relate-experiments.ts'
import {
  type Before,
  type COLLECT,
  type CLOCKS,
  type Expectation,
  type Expose,
  type Experiment,
  type Kernel,
  type Lab,
  type Metric,
  type ParallelPath,
  type ORDERS,
  type ParamValue,
  type STARTS,
  type Slots,
  type Source,
  bytesOf,
  millisecondsOf,
} from './schema/schema.ts'

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
}

export interface ResolvedImage {
  readonly name: string
  /** Absolute path of the directory that holds image.yaml. */
  readonly recipe: string
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
  /** Relative path on the disk -> content. */
  readonly files: Readonly<Record<string, string>>
}

export interface ResolvedVm {
  readonly name: string
  /** Names of kernels: the one to boot, and those to take instead, in order, when its source cannot be fetched. */
  readonly kernel: { readonly use: string; readonly fallback: readonly string[] }
  /** Name of an image. */
  readonly image: string
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
  readonly accel: 'kvm' | 'tcg' | 'auto'
  /** Each run is a sealed boot of its own: two runs are the same to the byte. */
  readonly deterministic: boolean
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
    }
  | {
      readonly name: string
      /** A program of the kernel tree's samples/bpf, without a suffix. */
      readonly sample: string
    }

export interface ResolvedExperiment {
  readonly name: string
  readonly about?: string
  /** Why `lab run --all` leaves it out. */
  readonly skip?: string
  /** Name of a VM. */
  readonly vm: string
  /** Kernel options on top of the kernel's. */
  readonly options: Readonly<Record<string, string | number>>
  /** Names of probes, in the order of attaching. */
  readonly probes: readonly string[]
  readonly workload: {
    /** Absolute path of the C file. */
    readonly source?: string
    /** A command with `${name}` in it: `argvOf` makes its argument list. */
    readonly run: string
  }
  readonly params: Readonly<Record<string, readonly ParamValue[]>>
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
  readonly metrics: Readonly<Record<string, Metric>>
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
  readonly expect: readonly Readonly<Expectation>[]
}

type ByName<T> = Readonly<Record<string, T>>

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

/** Without a prototype: a name from a command line may be "constructor". */
export function mapEntries<T, R>(record: Readonly<Record<string, T>>, map: (name: string, value: T) => R): ByName<R> {
  const result: Record<string, R> = Object.create(null)
  for (const [name, value] of Object.entries(record)) result[name] = map(name, value)
  return result
}

type Absolute = (use: PathUse, text: string) => string

/**
 * Keys of the child replace the parent's; options are merged key by key, because one option is the usual difference.
 */
function merged(parent: Kernel, child: Kernel): Kernel {
  return { ...parent, ...child, options: { ...parent.options, ...child.options } }
}

/** A kernel's parallel paths; the lab file has one, or a list. */
const pathsOf = ({ parallelPath }: Kernel): readonly ParallelPath[] =>
  parallelPath === undefined ? [] : Array.isArray(parallelPath) ? parallelPath : [parallelPath]

function resolveKernel(name: string, kernels: Readonly<Record<string, Kernel>>, absolute: Absolute): ResolvedKernel {
  const chain = chainOf(kernels, name).chain.map((each) => kernels[each] ?? {})
  const kernel = chain.toReversed().reduce(merged)
  if (kernel.source === undefined) throw new Error(`kernel ${name} passed the checks without a source`)
  return {
    name,
    source: 'tree' in kernel.source ? { tree: absolute('tree', kernel.source.tree) } : kernel.source,
    config: (kernel.config ?? []).map((file) => absolute('config', file)),
    options: kernel.options ?? {},
    compat: kernel.compat ?? DEFAULTS.compat,
    debug: kernel.debug ?? DEFAULTS.debug,
    patches: (kernel.patches ?? []).map((file) => absolute('patch', file)),
    parallelPaths: pathsOf(kernel),
    expose: kernel.expose ?? [],
  }
}

function resolveVm(name: string, vm: Lab['vms'][string]): ResolvedVm {
  const { kernel, image, disks = {} } = vm
  const deterministic = vm.deterministic === 'yes'
  return {
    name,
    kernel:
      typeof kernel === 'string' ? { use: kernel, fallback: [] } : { use: kernel.use, fallback: kernel.fallback ?? [] },
    image,
    cpus: vm.cpus ?? (deterministic ? 1 : DEFAULTS.cpus),
    memory: bytesOf(vm.memory ?? DEFAULTS.memory),
    accel: deterministic ? 'tcg' : (vm.accel ?? DEFAULTS.accel),
    deterministic,
    disks: outerFirst(Object.entries(disks)).map(([disk, { fs, size, mount, files = {} }]) => ({
      name: disk,
      fs,
      size: bytesOf(size),
      mount: mount.replace(/\/$/, ''),
      files,
    })),
  }
}

/** The guest mounts them in this order: a disk on /data must be there before one on /data/sub. */
const outerFirst = <T extends readonly [string, { readonly mount: string }]>(disks: readonly T[]): readonly T[] =>
  disks.toSorted(([, one], [, other]) => one.mount.split('/').length - other.mount.split('/').length)

/** Runs of an arm before its metric is looked at: fewer say nothing about a median. */
const LEAST = 5

function repeatOf(repeat: Experiment['repeat']): Pick<ResolvedExperiment, 'repeat' | 'until'> {
  if (typeof repeat !== 'object') return { repeat: repeat ?? DEFAULTS.repeat }
  const { metric, ci, min = LEAST, max } = repeat.until
  return { repeat: max, until: { metric, precision: Number.parseFloat(ci) / 100, min: Math.min(min, max) } }
}

function resolveExperiment(
  name: string,
  experiment: NonNullable<Lab['experiments']>[string],
  vms: readonly string[],
  absolute: Absolute,
): ResolvedExperiment {
  const { about, skip, probes, workload, trace } = experiment
  const vm = vmOf(experiment, vms)
  if (vm === undefined) throw new Error(`experiment ${name} passed the checks without a vm`)
  return {
    name,
    ...(about !== undefined && { about }),
    ...(skip !== undefined && { skip }),
    vm,
    options: experiment.options ?? {},
    probes,
    workload: {
      ...(workload.source !== undefined && { source: absolute('workload', workload.source) }),
      run: workload.run,
    },
    params: experiment.params ?? {},
    matrix: {
      ...(experiment.matrix?.kernel && { kernel: experiment.matrix.kernel }),
      ...(experiment.matrix?.probe && { probe: experiment.matrix.probe }),
    },
    include: experiment.include ?? [],
    exclude: experiment.exclude ?? [],
    observer: experiment.observer === 'yes',
    order: experiment.order ?? (experiment.observer === 'yes' ? 'mirrored' : DEFAULTS.order),
    ...(experiment.seed !== undefined && { seed: experiment.seed }),
    warmup: experiment.warmup ?? DEFAULTS.warmup,
    retries: experiment.retries ?? DEFAULTS.retries,
    before: experiment.before ?? [],
    start: experiment.start ?? DEFAULTS.start,
    ...(experiment.control && { control: experiment.control }),
    parallel: experiment.parallel ?? DEFAULTS.parallel,
    metrics: experiment.metrics ?? {},
    ...repeatOf(experiment.repeat),
    timeout: millisecondsOf(experiment.timeout ?? DEFAULTS.timeout),
    ...(experiment.deadline !== undefined && { deadline: millisecondsOf(experiment.deadline) }),
    trace: {
      clock: trace?.clock ?? DEFAULTS.clock,
      buffer: bytesOf(trace?.buffer ?? DEFAULTS.buffer),
      events: trace?.events ?? [],
      overwrite: (trace?.overwrite ?? DEFAULTS.overwrite) === 'yes',
      onLoss: trace?.onLoss ?? DEFAULTS.onLoss,
      ...(trace?.function_graph && {
        functionGraph: { functions: trace.function_graph.functions, depth: trace.function_graph.depth ?? 0 },
      }),
    },
    maps: experiment.maps ?? {},
    collect: experiment.collect ?? DEFAULTS.collect,
    expect: experiment.expect ?? [],
  }
}

/** Resolves a lab that has passed the schema and the relations. @param lock of lab.lock, where there is one */
export function resolveLab(lab: Lab, file: string, text: string, roots: Roots, lock?: LockFile): ResolvedLab {
  const absolute: Absolute = (use, named) => resolvePath(use, named, roots)
  const vms = Object.keys(lab.vms)
  return {
    name: lab.lab,
    file,
    directory: roots.labDir,
    text,
    kernels: mapEntries(lab.kernels, (name) => resolveKernel(name, lab.kernels, absolute)),
    images: mapEntries(lab.images, (name, { recipe }) => ({
      name,
      recipe: absolute('recipe', recipe),
      locked:
        lock && Object.hasOwn(lock.images, name)
          ? parsePackages(lock.images[name]?.packages.join('\n') ?? '')
          : undefined,
    })),
    vms: mapEntries(lab.vms, resolveVm),
    probes: mapEntries(lab.probes ?? {}, (name, probe) =>
      'sample' in probe
        ? { name, sample: probe.sample }
        : {
            name,
            source: absolute('probe', probe.source),
            ...(probe.types !== undefined && { types: probe.types }),
            optional: probe.optional ?? [],
          },
    ),
    experiments: mapEntries(lab.experiments ?? {}, (name, experiment) =>
      resolveExperiment(name, experiment, vms, absolute),
    ),
  }
}
