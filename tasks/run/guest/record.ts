/** A run as files: the manifest and everything that it vouches for. */
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Arm } from '../../config/arms.ts'
import { moduleParametersOf } from '../../config/modules.ts'
import type { ResolvedKernel } from '../../config/resolved.ts'
import { writeEvents } from '../../trace/events/events-parquet.ts'
import { typedFile } from '../../trace/events/typed-name.ts'
import { writeTyped } from '../../trace/events/typed-parquet.ts'
import { cacheDir, type Context } from '../../engine/context.ts'
import { hashFile, hashText } from '../../engine/fingerprint.ts'
import { portablePath, portableWords, type Root } from '../../engine/portable.ts'
import { secondsSince, type Moment } from '../../engine/moment.ts'
import type { KeptInputs } from '../../results/manifest.ts'
import type { ExperimentRequest } from '../request.ts'
import { CONSOLE_LOG } from '../../vm/console.ts'
import type { RunArtefacts } from '../../build/artefacts.ts'
import type { Deployable } from '../../build/probe/probe.ts'
import { splitStrace } from '../../linux/ftrace/strace-split.ts'
import { isPrintk, TYPED } from '../../linux/ftrace/trace-line.ts'
import type { CodeRange } from '../../linux/symbols/code-ranges.ts'
import { LOWEST_OF_KERNEL } from '../../trace/stacks/addresses.ts'
import { linesOf } from '../../linux/symbols/kallsyms-lines.ts'
import { thisHost } from '../../host/this-host.ts'
import { moveDump } from '../../vm/dump.ts'
import type { RecordedShare } from '../../vm/shares.ts'
import type { OpenVm } from '../../vm/vm.ts'
import type { Analysis } from '../judge/analyse.ts'
import { derivedFacts, derivedFiles, traceFacts, tracedEvents, traceRequest, workloadFacts } from '../judge/derived.ts'
import { SYMBOLS_FILE, symbolsText } from '../../trace/stacks/symbols-file.ts'
import { codeOf, type CodeSources } from './code-symbols.ts'
import { inlinedBy } from './inlined.ts'
import { mappingsOf } from './mappings.ts'
import type { GuestRun } from './guest-output.ts'
import { of, type HolderLine } from './holder.ts'
import { outputFile } from './companion-output.ts'
import { ownVersion } from '../../engine/own-version.ts'
import { MANIFEST_FORMAT } from '../../results/manifest-format.ts'
import type { Manifest } from '../../results/manifest.ts'
import type { MapsFile } from './maps.ts'
import type { BootMeta } from './meta.ts'
import { writeFiles } from '../../results/result.ts'
import { typedFacts } from './typed.ts'
import type { Described } from './slots.ts'

/** Everything of an experiment that goes to the guest. */
export const deployables = ({
  holder,
  objects,
  samples,
  modules,
  workload,
  beside,
  types,
}: RunArtefacts): [Deployable, ...Deployable[]] => [
  holder,
  ...objects,
  ...samples.flatMap(({ program, object }) => (object ? [program, object] : [program])),
  ...modules,
  ...(workload ? [workload] : []),
  ...beside,
  ...(types ? [types] : []),
]

/** What is known of a run before there is a guest. */
export interface Prepared {
  readonly request: ExperimentRequest
  /** What was built for the kernel of this VM. */
  readonly artefacts: RunArtefacts
  /** Directory of the deployed programs in the guest. */
  readonly bundle: string
  /** `system:event`, recorded beside the probes' messages. */
  readonly events: readonly string[]
  /** The objects' maps and types, in the order of `things.objects`. */
  readonly described: readonly Described[]
}

/** What is the same for all runs of one boot, and may have been kept from another boot of the same kernel. */
interface WithMeta {
  readonly meta: BootMeta
  /** The same from this guest, where `meta` was kept from another boot and does not fit. */
  readonly freshMeta: () => Promise<BootMeta>
}

/** What all runs of one experiment on one VM share. */
export interface GuestSession extends Prepared, WithMeta {
  readonly vm: OpenVm
}

/** The objects that an arm attaches, in the order in which the holder is given them, and their types. */
export function ofArm(
  { request, artefacts, described }: Pick<Prepared, 'request' | 'artefacts' | 'described'>,
  { probes }: Arm,
) {
  const names = probes ?? request.experiment.probes
  const chosen = artefacts.objects.flatMap((object, index) => {
    const types = described[index]
    return names.includes(object.probe) && types ? [{ object, types }] : []
  })
  return { names, objects: chosen.map(({ object }) => object), described: chosen.map(({ types }) => types) }
}

/** What a result is written from; a run that ended before a VM was needed has a stand-in for it. */
export interface Recorded extends Prepared, WithMeta {
  readonly vm: {
    readonly dir: string | undefined
    readonly origin: OpenVm['origin'] | 'none'
    readonly state: Pick<OpenVm['state'], 'kernel' | 'image' | 'accel' | 'argv' | 'guest' | 'snapshot'>
  }
}

/** What a run is in its plan. */
export interface RunTurn {
  /** The name of its result, where the plan gives it. */
  readonly name?: string
  readonly arm: Arm
  readonly repeat: number
  readonly plan: NonNullable<Manifest['plan']>
  readonly inputs: KeptInputs
  readonly disks: NonNullable<Manifest['disks']>
  /** Versions of the host's tools. */
  readonly tools: Readonly<Record<string, string>>
  /** How many times the declared size the ring buffers have. */
  readonly buffers: number
}

/** One run, done in the guest and not yet looked at. */
export interface Collected extends RunTurn {
  readonly run: string
  readonly started: Moment
  readonly argv: readonly string[]
  readonly guest: GuestRun
  readonly maps: MapsFile
  /** What the guest had of the host when the workload started. */
  readonly shares?: readonly RecordedShare[] | undefined
  /** Text of the call trees, where the experiment asks for them. */
  readonly graph?: string | undefined
  /** What the guest printed on its console. */
  readonly console?: Buffer | undefined
}

/** Files cpu0.X, cpu1.X, ... as long as they go. */
export function cpuFiles({ files }: GuestRun, kind: 'raw' | 'stats'): Buffer[] {
  const found: Buffer[] = []
  for (let bytes = files.get(`cpu0.${kind}`); bytes; bytes = files.get(`cpu${found.length}.${kind}`)) found.push(bytes)
  return found
}

/**
 * The lines of kallsyms about the probed functions, in the order of their addresses: their symbols and export entries.
 * Messages hold no addresses of code, so these are also all the symbols that a trace.dat needs; all 60,000 would make
 * each 2.5 MB instead of 60 kB.
 */
export function symbolsOf(
  { kallsyms }: BootMeta,
  lines: readonly HolderLine[],
  functions: ReadonlySet<string> = new Set(),
): string {
  const programs = [...of(lines, 'attached'), ...of(lines, 'attach-failed')]
  const names = new Set([...programs.map(({ section }) => section.replace(/^.*\//, '')), ...functions])
  return linesOf(kallsyms, names)
    .toSorted()
    .map((line) => `${line}\n`)
    .join('')
}

/** The modules of a run as its manifest has them. */
const modulesUsed = ({ request, artefacts }: Prepared, { params }: Arm): NonNullable<Manifest['modules']> =>
  artefacts.modules.map(({ module, sha256, vermagic, srcversion }) => ({
    name: module,
    sha256,
    vermagic,
    ...(srcversion !== undefined && { srcversion }),
    parameters: moduleParametersOf(request.experiment.modules, module, params),
  }))

/** What the lab file opened in a kernel that is closed in others of its version. */
const openedUp = (kernel: ResolvedKernel | undefined): Pick<Manifest['kernel'], 'helpers' | 'errorInjectable'> => {
  const injectable = (kernel?.expose ?? []).filter(({ as }) => as.includes('error-injectable'))
  return {
    ...(kernel?.helpers && { helpers: kernel.helpers }),
    ...(injectable.length > 0 && { errorInjectable: injectable.map((exposed) => exposed.function) }),
  }
}

function manifestOf(
  session: Recorded,
  { arm, repeat, plan, inputs, disks, tools, buffers, run, started, argv, guest, shares = [] }: Collected,
  analysis: Analysis,
): Omit<Manifest, 'sha256'> {
  const { request, artefacts, vm, meta, events } = session
  const { lab, experiment } = request
  const { state } = vm
  const roots: readonly Root[] = [
    [resolve(cacheDir(process.env)), '$CACHE'],
    [lab.directory, '$LAB'],
  ]
  return {
    format: MANIFEST_FORMAT,
    writtenBy: `lab ${ownVersion()}`,
    experiment: experiment.name,
    run,
    arm,
    repeat,
    plan,
    inputs,
    started: started.date.toISOString(),
    seconds: secondsSince(started),
    lab: { name: lab.name, file: portablePath(lab.file, roots), text: lab.text },
    kernel: {
      name: state.kernel.name,
      wanted: artefacts.vm.kernelWanted,
      fallback: artefacts.vm.kernelWanted !== state.kernel.name,
      release: state.kernel.release,
      version: meta.version,
      source: portablePath(state.kernel.source, roots),
      fingerprint: state.kernel.fingerprint,
      compat: state.kernel.compat,
      ...openedUp(lab.kernels[state.kernel.name]),
    },
    image: state.image,
    objects: Object.fromEntries(deployables(artefacts).map(({ name, fingerprint }) => [name, fingerprint])),
    ...(Object.keys(disks).length > 0 && { disks }),
    ...(artefacts.modules.length > 0 && { modules: modulesUsed(session, arm) }),
    guest: {
      ...state.guest,
      accel: state.accel,
      qemu: portableWords(state.argv, roots),
      vm: vm.origin,
      ...(state.snapshot && { snapshot: state.snapshot }),
      ...(artefacts.vm.vm.deterministic && { deterministic: true }),
      ...(shares.length > 0 && {
        shares: shares.map((share) => ({ ...share, from: portablePath(share.from, roots) })),
      }),
    },
    host: { ...thisHost(), tools },
    workload: { argv, ...workloadFacts(guest.lines) },
    trace: {
      ...traceRequest(experiment),
      bufferBytes: experiment.trace.buffer * buffers,
      ...(request.follow === true && !request.lab.vms[experiment.vm]?.deterministic && { follow: true }),
      ...traceFacts(analysis),
      ...(analysis.typed.channels.length > 0 && { typed: typedFacts(analysis.typed) }),
    },
    ...derivedFacts(experiment, analysis, guest.lines),
    tracedEvents: tracedEvents(experiment, events.length > 0),
  } satisfies Omit<Manifest, 'sha256'>
}

/** The files of a result that are kept as the guest sent them. */
const AS_SENT = ['stdout', 'stderr', 'dmesg'] as const

function* messagesIn(events: Analysis['events']): Generator<string> {
  for (const event of events) if (isPrintk(event) || event.event.startsWith(TYPED)) yield event.message
}

/** Their lines in kallsyms are what `lab verify` compares the names with. */
const namesOfKernel = (code: readonly CodeRange[]): ReadonlySet<string> =>
  new Set(code.flatMap(({ name, to }) => (to >= LOWEST_OF_KERNEL ? [name] : [])))

/** Whether the kernel's log says why a run failed: then it is kept even where the lab does not collect it. */
const hasReports = ({ splats, tests }: Analysis): boolean =>
  splats.length > 0 || tests.some(({ file }) => file === 'dmesg')

/** What tells the names of the code in a run's stacks. */
function codeSources({ artefacts, bundle, meta }: Recorded, { guest }: Collected, context: Context): CodeSources {
  const own = [...(artefacts.workload ? [artefacts.workload] : []), ...artefacts.beside]
  const mappings = mappingsOf(guest)
  return {
    kallsyms: meta.kallsyms,
    programs: own.map(({ name, file }) => ({ name, file, path: `${bundle}/${name}` })),
    mappings,
    sent: (name) => guest.files.get(name),
    ...inlinedBy(artefacts.vm.kernel, meta.kallsyms, context),
  }
}

/**
 * Fills a result directory in which trace.dat stands already. The manifest is written last and has the hash of every
 * other file.
 */
export async function record(
  session: Recorded,
  dir: string,
  collected: Collected,
  analysis: Analysis,
  context: Context,
): Promise<Manifest> {
  const { meta, request } = session
  const { guest } = collected
  const collect = new Set<string>(request.experiment.collect)
  const files = new Map<string, Buffer | string>()
  for (const name of AS_SENT)
    if (collect.has(name === 'stderr' ? 'stdout' : name) || (name === 'dmesg' && hasReports(analysis)))
      files.set(name, guest.files.get(name) ?? '')
  if (collect.has('maps')) files.set('maps.json', `${JSON.stringify(collected.maps, null, 1)}\n`)
  const code = await codeOf(
    {
      maps: collect.has('maps') ? collected.maps : { maps: [] },
      channels: collect.has('trace') ? analysis.typed.channels : [],
      messages: collect.has('trace') ? messagesIn(analysis.events) : [],
    },
    codeSources(session, collected, context),
  )
  if (code.ranges.length + code.addresses.length > 0) files.set(SYMBOLS_FILE, symbolsText(code))
  if (collect.has('kallsyms')) files.set('kallsyms', symbolsOf(meta, guest.lines, namesOfKernel(code.ranges)))
  for (const { name } of of(guest.lines, 'companion'))
    files.set(outputFile(name), guest.files.get(outputFile(name)) ?? '')
  for (const [name, text] of guest.files) if (/^iter-\w+\.out$/.test(name)) files.set(name, text)
  for (const [name, text] of derivedFiles(request.experiment, analysis, guest.lines)) files.set(name, text)
  files.set('holder.ndjson', guest.lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  if (collected.console !== undefined) files.set(CONSOLE_LOG, collected.console)
  const strace = guest.files.get('strace')?.toString('utf8')
  if (strace !== undefined) {
    const parts = splitStrace(strace, of(guest.lines, 'started')[0]?.pid)
    files.set('strace.holder', parts.holder).set('strace.workload', parts.workload)
  }
  if (collected.graph !== undefined) files.set('graph.txt', collected.graph)
  const sha256: Record<string, string> = Object.fromEntries(
    [...files].map(([name, content]) => [name, hashText(content)]),
  )
  if (guest.dump && 'dir' in guest.dump)
    for (const name of await moveDump(guest.dump.dir, dir)) sha256[name] = await hashFile(join(dir, name))
  if (analysis.notStarted) await rm(join(dir, 'trace.dat'), { force: true })
  else if (analysis.damaged !== undefined && !collect.has('trace'))
    // Nobody asked for it, but it is all that there is to look at.
    sha256['trace.dat'] = await hashFile(join(dir, 'trace.dat'))
  else if (collect.has('trace')) {
    await writeEvents(join(dir, 'events.parquet'), analysis.events)
    const { channels } = analysis.typed
    for (const channel of channels) await writeTyped(join(dir, typedFile(channel.name)), channel)
    for (const name of ['trace.dat', 'events.parquet', ...channels.map((channel) => typedFile(channel.name))])
      sha256[name] = await hashFile(join(dir, name))
  } else await rm(join(dir, 'trace.dat'))
  const manifest: Manifest = { ...manifestOf(session, collected, analysis), sha256 }
  await writeFiles(dir, files.set('manifest.json', `${JSON.stringify(manifest, null, 1)}\n`))
  return manifest
}
