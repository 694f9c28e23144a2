/**
 * The lab as steps use it: everything filled in, every path absolute, sizes in bytes, times in milliseconds. Plain
 * readonly data.
 */
import { DEFAULTS } from './defaults.ts'
import type { SplatKind } from '../linux/splats/kinds.ts'
import { parsePackages } from '../linux/package-list.ts'
import { isPrebuilt } from './prebuilt.ts'
import type { LabLock } from './lock-file.ts'
import { type PathUse, type Roots, resolvePath } from './paths.ts'
import { resolveDiskFile } from './disk-file.ts'
import { inNetworks } from './networks.ts'
import { resolveShares } from './shares.ts'
import { resolvePublished } from './published.ts'
import { resolveModule } from './modules.ts'
import { companionName } from './probe-source.ts'
import { resolveWorkload } from './workload.ts'
import { chainOf, cpusOf, nodesOf, topologyOf, vmOf } from './lookup.ts'
import {
  type Allowed,
  type Experiment,
  type Kernel,
  type Lab,
  type Probe,
  type ParallelPath,
  type Source,
  bytesOf,
  millisecondsOf,
} from './schema/schema.ts'
import type {
  AllowedSplat,
  ByName,
  ResolvedExperiment,
  ResolvedKernel,
  ResolvedLab,
  ResolvedProbe,
  ResolvedVm,
} from './resolved.ts'

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

function resolveSource(source: Source, absolute: Absolute): Source {
  if ('tree' in source) return { tree: absolute('tree', source.tree) }
  if (!('file' in source)) return source
  const { file, sha256, config } = source
  return {
    file: absolute('kernel', file),
    sha256,
    ...(config !== undefined && { config: absolute('kernelConfig', config) }),
  }
}

function resolveKernel(name: string, kernels: Readonly<Record<string, Kernel>>, absolute: Absolute): ResolvedKernel {
  const chain = chainOf(kernels, name).chain.map((each) => kernels[each] ?? {})
  const kernel = chain.toReversed().reduce(merged)
  if (kernel.source === undefined) throw new Error(`kernel ${name} passed the checks without a source`)
  return {
    name,
    source: resolveSource(kernel.source, absolute),
    config: (kernel.config ?? []).map((file) => absolute('config', file)),
    // Until 6.0 these helpers are built with control groups, whose programs they were made for.
    options: { ...(kernel.helpers && { CGROUPS: 'y' }), ...kernel.options },
    compat: kernel.compat ?? DEFAULTS.compat,
    // A distribution's kernel carries its types.
    debug: kernel.debug ?? (isPrebuilt(kernel.source) ? 'btf' : DEFAULTS.debug),
    patches: (kernel.patches ?? []).map((file) => absolute('patch', file)),
    parallelPaths: pathsOf(kernel),
    expose: kernel.expose ?? [],
    ...(kernel.helpers && { helpers: kernel.helpers }),
  }
}

function resolveVm(name: string, vm: Lab['vms'][string], absolute: Absolute): ResolvedVm {
  const { kernel, image, disks = {}, cmdline, qemu, dump } = vm
  const deterministic = vm.deterministic === 'yes'
  const topology = topologyOf(vm)
  const shares = resolveShares(vm, (path) => absolute('share', path))
  return {
    name,
    kernel:
      typeof kernel === 'string' ? { use: kernel, fallback: [] } : { use: kernel.use, fallback: kernel.fallback ?? [] },
    image,
    cpus: cpusOf(vm),
    ...(topology && { topology }),
    memory: bytesOf(vm.memory ?? DEFAULTS.memory),
    ...(vm.numa !== undefined && { numa: nodesOf(vm) }),
    accel: deterministic ? 'tcg' : (vm.accel ?? DEFAULTS.accel),
    deterministic,
    ...(cmdline && { cmdline }),
    ...(qemu && { qemu }),
    ...(dump && { dump }),
    ...(shares.length > 0 && { shares }),
    disks: outerFirst(Object.entries(disks)).map(([disk, { fs, size, mount, mkfs, options, files = {} }]) => ({
      name: disk,
      fs,
      size: bytesOf(size),
      mount: mount.replace(/\/$/, ''),
      ...(mkfs && { mkfs }),
      ...(options !== undefined && { options }),
      files: Object.fromEntries(
        Object.entries(files).map(([file, content]) => [
          file,
          resolveDiskFile(content, (path) => absolute('beside', path)),
        ]),
      ),
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

/** Which program in the guest prints each number, where that is not the workload. */
function resolveMetrics(
  metrics: NonNullable<Experiment['metrics']>,
  probes: ResolvedLab['probes'],
): ResolvedExperiment['metrics'] {
  return mapEntries(metrics, (_, metric) => {
    const output = 'stdout' in metric && metric.of !== undefined ? companionName(probes[metric.of]) : undefined
    return { ...metric, ...(output !== undefined && { output }) }
  })
}

function resolveExperiment(
  name: string,
  experiment: NonNullable<Lab['experiments']>[string],
  vms: readonly string[],
  declared: ResolvedLab['probes'],
  absolute: Absolute,
): ResolvedExperiment {
  const { about, unit, skip, probes = [], workload, trace } = experiment
  const vm = vmOf(experiment, vms)
  if (vm === undefined) throw new Error(`experiment ${name} passed the checks without a vm`)
  return {
    name,
    ...(about !== undefined && { about }),
    ...(unit !== undefined && { unit }),
    ...(skip !== undefined && { skip }),
    vm,
    options: experiment.options ?? {},
    probes,
    ...(experiment.modules && {
      modules: experiment.modules.map((use) => resolveModule(use, (path) => absolute('module', path))),
    }),
    workload: resolveWorkload(workload, (path) => absolute('workload', path)),
    params: experiment.params ?? {},
    ...(experiment.quick && { quick: experiment.quick }),
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
    metrics: resolveMetrics(experiment.metrics ?? {}, declared),
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
    allow: (experiment.allow ?? []).flatMap(allowedSplats),
    expect: experiment.expect ?? [],
    published: (experiment.published ?? []).map((published) =>
      resolvePublished(published, (path) => absolute('beside', path)),
    ),
  }
}

const allowedSplats = (allowed: Allowed): AllowedSplat[] =>
  typeof allowed === 'string'
    ? [{ kind: allowed }]
    : Object.entries(allowed).map(([kind, name]) => ({ kind: kind as SplatKind, function: name ?? '' }))

function resolveProbe(name: string, probe: Probe, absolute: Absolute): ResolvedProbe {
  if ('sample' in probe) return { name, sample: probe.sample }
  if ('bpftrace' in probe) return { name, script: absolute('script', probe.bpftrace) }
  return {
    name,
    source: absolute('probe', probe.source),
    ...(probe.types !== undefined && { types: probe.types }),
    optional: probe.optional ?? [],
    ...(probe.interface !== undefined && { interface: probe.interface }),
  }
}

/** Resolves a lab that has passed the schema and the relations. @param lock of lab.lock, where there is one */
export function resolveLab(lab: Lab, file: string, text: string, roots: Roots, lock?: LabLock): ResolvedLab {
  const absolute: Absolute = (use, named) => resolvePath(use, named, roots)
  const vms = Object.keys(lab.vms)
  const probes = mapEntries(lab.probes ?? {}, (name, probe) => resolveProbe(name, probe, absolute))
  return {
    name: lab.lab,
    file,
    directory: roots.labDir,
    text,
    kernels: mapEntries(lab.kernels, (name) => resolveKernel(name, lab.kernels, absolute)),
    images: mapEntries(lab.images, (name, { recipe, packages, size }) => ({
      name,
      recipe: absolute('recipe', recipe),
      ...(packages && { packages }),
      ...(size !== undefined && { size }),
      locked:
        lock && Object.hasOwn(lock.images, name)
          ? parsePackages(lock.images[name]?.packages.join('\n') ?? '')
          : undefined,
    })),
    vms: mapEntries(lab.vms, (name, vm) => inNetworks(resolveVm(name, vm, absolute), lab.vms)),
    probes,
    experiments: mapEntries(lab.experiments ?? {}, (name, experiment) =>
      resolveExperiment(name, experiment, vms, probes, absolute),
    ),
  }
}
