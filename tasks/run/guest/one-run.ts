/** One repeat of one arm: from the guest's clean state to a result directory with a verdict. */
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fullName, type Arm } from '../../config/arms.ts'
import { interpolate } from '../../config/interpolate.ts'
import { moduleParametersOf } from '../../config/modules.ts'
import { argvOf } from '../../config/text/words.ts'
import type { Context } from '../../engine/context.ts'
import { graphFunctions } from '../../trace/events/call-graph.ts'
import { moment, type Moment } from '../../engine/moment.ts'
import { experimentError, type Failure } from '../../engine/error.ts'
import { isDamaged } from '../../host/sandbox.ts'
import { reportText } from '../../host/trace-cmd.ts'
import { parseTraceText } from '../../linux/ftrace/trace-line.ts'
import { traceDat } from '../../linux/ftrace/trace-dat.ts'
import type { ExperimentRequest } from '../request.ts'
import type { RunArtefacts } from '../../build/artefacts.ts'
import type { Places } from '../../vm/vm.ts'
import { recordedShares } from '../../vm/shares.ts'
import { CONSOLE_FULL, consoleIsFull, consoleLog } from '../../vm/console.ts'
import { analyseInTime } from '../judge/analyse.ts'
import { failuresExpectedOn } from '../judge/expectations.ts'
import { failuresOf } from '../judge/failed.ts'
import { dumpLines } from '../judge/last-words.ts'
import { printsOf } from '../judge/prints.ts'
import { beforeFlags, commandsBefore, runBefore } from './before.ts'
import { graphOfRun } from './graph.ts'
import { Follower } from './follow.ts'
import { guestRun } from './guest-run.ts'
import type { GuestRun } from './guest-output.ts'
import { isKprobeEvent, of, recordedEvents } from './holder.ts'
import { outputsBeside } from './companion-output.ts'
import { holderFailure } from './holder-failure.ts'
import { mapsOf } from './maps.ts'
import { fits, withDeclared, type BootMeta } from './meta.ts'
import {
  cpuFiles,
  ofArm,
  record,
  symbolsOf,
  type Collected,
  type Prepared,
  type Recorded,
  type GuestSession,
  type RunTurn,
} from './record.ts'
import { newRunId, putResult } from '../../results/result.ts'
import { runSealed, SEALED_BUNDLE } from './sealed.ts'
import { describeObjects, hasStacks, SlotReader } from './slots.ts'
import { typedOf } from './typed.ts'
import type { JudgedRun, RunOutcome } from '../outcome.ts'

/** Deadlines are meant for KVM; emulation is ten times slower and more. */
const TCG_FACTOR = 10

function workloadArgv({ request, artefacts, bundle }: Prepared, arm: Arm): string[] {
  const [program = '', ...rest] = argvOf(request.experiment.workload.run, arm.params)
  // The compiled workload goes by its name; it is on the guest's tmpfs, so that its own execve() reads nothing from
  // a probed disk.
  const own = artefacts.workload?.name
  return [own !== undefined && program === basename(own) ? `${bundle}/${own}` : program, ...rest]
}

/**
 * Where the workload starts, with which variables, and whether its trace_pipe is ours. What opens files by their bare
 * names finds those beside it.
 */
function placeOfWorkload({ request, artefacts, bundle }: Prepared, arm: Arm) {
  const { cwd, env, hidesTracePipe } = request.experiment.workload
  const home = join(bundle, dirname(artefacts.workload?.name ?? ''))
  return {
    cwd: cwd ?? (artefacts.beside.length > 0 ? home : undefined),
    env: Object.entries(env).map(([name, value]) => `${name}=${interpolate(value, arm.params)}`),
    hidesTracePipe,
  }
}

/** What the holder is told of an arm's probes. A turn of a map that none of them has is for another arm. */
function probesOf(session: Prepared, arm: Arm, place: string) {
  const { request, bundle } = session
  const { names, objects, described } = ofArm(session, arm)
  const declared = described.flatMap(({ object }) => [...object.maps, ...object.globals].map(({ name }) => name))
  const maps = arm.probes
    ? Object.fromEntries(Object.entries(request.experiment.maps).filter(([name]) => declared.includes(name)))
    : request.experiment.maps
  return {
    objects: objects.map(({ name }) => `${bundle}/${name}`),
    optional: names.flatMap((name) => {
      const probe = request.lab.probes[fullName(name)]
      return probe && 'optional' in probe ? probe.optional : []
    }),
    interfaces: objects.map(({ probe: name }) => {
      const probe = request.lab.probes[fullName(name)]
      return probe && 'interface' in probe ? probe.interface : undefined
    }),
    companions: session.artefacts.samples
      .filter(({ probe }) => names.includes(probe))
      .map(({ program }) => `${bundle}/${program.name}`),
    slots: new SlotReader(described, arm.params, place).read(maps),
  }
}

/** The modules of the experiment as the holder takes them. Whether a parameter takes its value, the kernel decides. */
const modulesOf = ({ request, artefacts, bundle }: Prepared, { params }: Arm): string[] =>
  artefacts.modules.map(({ module, name, needed }) =>
    [`${needed ? '?' : ''}${bundle}/${name}`, ...moduleParametersOf(request.experiment.modules, module, params)].join(
      ' ',
    ),
  )

/** What the holder is told. @param slower how much longer than with KVM the workload may take */
function requestOf(session: Prepared, turn: RunTurn, place: string, slower: number) {
  const { request, artefacts, bundle, events } = session
  const { experiment } = request
  return {
    holder: `${bundle}/${artefacts.holder.name}`,
    btf: artefacts.types && `${bundle}/${artefacts.types.name}`,
    clock: experiment.trace.clock,
    bufferBytes: experiment.trace.buffer * turn.buffers,
    overwrite: experiment.trace.overwrite,
    graph: experiment.trace.functionGraph,
    strace: request.strace === true,
    countRuns: turn.arm.observer === 'counted',
    deadlineMs: experiment.timeout * slower,
    deadline: { askedMs: experiment.timeout, factor: slower },
    events,
    kprobes: experiment.trace.events.filter(isKprobeEvent),
    workload: workloadArgv(session, turn.arm),
    ...placeOfWorkload(session, turn.arm),
    before: beforeFlags(experiment.before, turn.arm.params),
    modules: modulesOf(session, turn.arm),
    mappings: hasStacks(ofArm(session, turn.arm).described),
    ...probesOf(session, turn.arm, place),
  }
}

/** What a guest brought back, and the failure in it that a result can be made of all the same. @throws any other */
function collectedOf(
  session: Prepared,
  turn: RunTurn,
  { run, started }: { readonly run: string; readonly started: Moment },
  guest: GuestRun,
  { workload, deadline }: ReturnType<typeof requestOf>,
  place: string,
): Collected & { failure: Failure | undefined } {
  const { arm } = turn
  const ofHolder = holderFailure(guest.lines, place, deadline, guest.stderr)
  const failure =
    ofHolder?.kind === 'experiment' && guest.dump !== undefined
      ? experimentError({ ...ofHolder.parts, lines: [...(ofHolder.parts.lines ?? []), ...dumpLines(guest.dump, run)] })
      : ofHolder
  const maps = mapsOf(guest.lines, ofArm(session, arm).described)
  const collected = { ...turn, run, started, argv: workload, guest, maps }
  // Where a failure is declared, one that came is looked at, whether it is that one or another.
  const declared = failuresExpectedOn(session.request.experiment, session.artefacts.vm.kernel.name, arm)
  if (declared.length > 0 && failuresOf(guest.lines, '').length > 0) return { ...collected, failure: undefined }
  // A workload that did not end in time ran all the same: its trace is evidence. Anything else left nothing to look at.
  if (failure && failure.kind !== 'experiment') throw failure
  return { ...collected, failure }
}

/** The part that happens in the guest. */
export async function runInGuest(
  session: GuestSession,
  turn: RunTurn,
  place: string,
  context: Context,
): Promise<Collected & { failure: Failure | undefined }> {
  const { vm } = session
  await runBefore(session, turn.arm, place, context.signal)
  const shares = await recordedShares(session.artefacts.vm.vm, session.artefacts.vm.sharing, context.emit)
  const started = moment()
  const holderRequest = requestOf(session, turn, place, vm.state.accel.accel === 'tcg' ? TCG_FACTOR : 1)
  const follow = session.request.follow === true
  await using follower = new Follower({
    meta: session.meta,
    clock: holderRequest.clock,
    described: ofArm(session, turn.arm).described,
    emit: context.emit,
    signal: context.signal,
  })
  const run = turn.name ?? newRunId(started.date)
  const guest = await guestRun(vm, { ...holderRequest, run, follow }, place, context.signal, follower)
  return { ...collectedOf(session, turn, { run, started }, guest, holderRequest, place), shares }
}

/** A whole run in a sealed guest, which boots for it (`deterministic: yes`). */
export async function sealedRun(
  request: ExperimentRequest,
  artefacts: RunArtefacts,
  turn: RunTurn,
  place: string,
  places: Places,
  context: Context,
): Promise<RunOutcome> {
  if (request.follow === true)
    context.emit({
      type: 'notice',
      level: 'warning',
      place,
      text: '--follow shows nothing of a sealed guest: it lets nothing out while it runs',
    })
  const events = recordedEvents(request.experiment.trace.events)
  const described = await describeObjects(artefacts.objects)
  const prepared = { request, artefacts, bundle: SEALED_BUNDLE, events, described }
  const started = moment()
  // Its clock counts instructions: a slow host makes no workload late.
  const holderRequest = requestOf(prepared, turn, place, 1)
  const { guest, meta, vm, close } = await runSealed(
    artefacts,
    { ...holderRequest, follow: false, commands: commandsBefore(request.experiment.before, turn.arm.params) },
    place,
    places,
    context,
  )
  try {
    const run = turn.name ?? newRunId(started.date)
    const collected = collectedOf(prepared, turn, { run, started }, guest, holderRequest, place)
    const freshMeta = () => Promise.resolve(meta)
    return await finishRun({ ...prepared, vm, meta, freshMeta }, collected, places, context)
  } finally {
    await close()
  }
}

/**
 * The trace as text, and the call trees where they are asked for. A name that is not among the symbols would be taken
 * for the function before it, so the trees are read with all symbols of the kernel first and then with those that they
 * need.
 */
async function withGraph(
  session: Recorded,
  { guest }: Collected,
  own: BootMeta,
  write: (symbols: Buffer) => Promise<string>,
): Promise<{ report: string; graph?: string }> {
  const { request, vm } = session
  if (!request.experiment.trace.functionGraph)
    return { report: await write(Buffer.from(symbolsOf(own, guest.lines), 'latin1')) }
  const { events } = parseTraceText((await write(own.kallsyms)).split('\n'))
  const graph = graphOfRun({
    events,
    lines: guest.lines,
    kernel: request.lab.kernels[vm.state.kernel.name] ?? { parallelPaths: [] },
    kallsyms: own.kallsyms.toString('latin1'),
    traceable: guest.files.get('available_filter_functions')?.toString('latin1') ?? '',
  })
  const symbols = symbolsOf(own, guest.lines, graphFunctions(events))
  return { report: await write(Buffer.from(symbols, 'latin1')), graph }
}

/** The part that the host does alone: from raw pages to a result directory with a verdict. */
export async function finishRun(
  session: Recorded,
  collected: Collected & { failure: Failure | undefined },
  places: Places,
  context: Context,
): Promise<RunOutcome> {
  const { request, vm } = session
  const { arm, guest, run, failure, maps } = collected
  const own = fits(session.meta, guest.lines) ? session.meta : await session.freshMeta()
  const stats = cpuFiles(guest, 'stats').map((bytes) => bytes.toString('utf8'))
  const cmdlines = guest.files.get('saved_cmdlines')?.toString('latin1') ?? ''
  const typed = typedOf(guest, ofArm(session, arm).described)
  let outcome: JudgedRun | undefined
  // Read once: what is judged is what is kept.
  const console = vm.dir === undefined ? undefined : await consoleLog(vm.dir)
  const text = (name: string) => guest.files.get(name)?.toString('utf8') ?? ''
  const base = {
    experiment: request.experiment,
    arm,
    kernel: vm.state.kernel.name,
    lines: guest.lines,
    stats,
    maps,
    typed,
    prints: printsOf(ofArm(session, arm).described, vm.state.kernel.release),
    stdout: text('stdout'),
    stderr: text('stderr'),
    beside: outputsBeside(guest.lines, text),
    dmesg: guest.files.get('dmesg')?.toString('utf8'),
    console: console?.toString('utf8'),
  }
  const dir = await putResult(places.results, request.experiment.name, run, async (to) => {
    if (of(guest.lines, 'started').length === 0) {
      outcome = {
        manifest: await record(session, to, { ...collected, console }, analyseInTime({ ...base, report: '' }), context),
        own: [],
      }
      return
    }
    const file = join(to, 'trace.dat')
    const write = async (symbols: Buffer): Promise<string> => {
      await writeFile(
        file,
        traceDat({
          meta: { ...own, kallsyms: symbols, formats: withDeclared(own, guest) },
          cpus: cpuFiles(guest, 'raw'),
          stats,
          cmdlines,
          clock: request.experiment.trace.clock,
          uname: session.meta.version,
        }),
      )
      return await reportText(file, context.signal)
    }
    const read = await withGraph(session, collected, own, write).catch((error: unknown) => {
      if (!isDamaged(error)) throw error
      return { report: '', graph: undefined, damaged: `trace.dat is damaged: ${error.parts.fact}` }
    })
    const { report, graph, damaged } = { damaged: undefined, ...read }
    const analysis = analyseInTime({ ...base, report, damaged })
    const manifest = await record(session, to, { ...collected, graph, console }, analysis, context)
    outcome = { manifest, own: analysis.own }
  })
  if (vm.dir !== undefined && (await consoleIsFull(vm.dir)))
    context.emit({
      type: 'notice',
      level: 'warning',
      place: `console of the guest, run ${run}`,
      text: CONSOLE_FULL,
      wayOut: '`lab console` shows what it prints now; a VM that was booted again has an empty log',
    })
  if (!outcome) throw new Error('a result was put in place without having been written')
  if (failure) throw experimentError({ ...failure.parts, log: join(dir, 'stdout') }, failure)
  return { dir, ...outcome }
}
