/** Step: experiment. For each arm and repeat: attach, record, run the workload, collect, check; one result directory per run. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arms, type Arm, type Overrides } from './config/arms.ts'
import type { ResolvedExperiment, ResolvedLab } from './config/resolve.ts'
import { argvOf } from './config/words.ts'
import { step, type Context } from './engine/context.ts'
import { experimentError, type Failure } from './engine/error.ts'
import { printable } from './engine/printable.ts'
import { analyse, type Analysis } from './experiment/analyse.ts'
import { bundleOf, deploy } from './experiment/deploy.ts'
import { guestRun } from './experiment/guest-run.ts'
import { holderFailure, of, PROCESS_EVENTS } from './experiment/holder.ts'
import { prepareParquet } from './data/events-parquet.ts'
import type { Manifest } from './experiment/manifest.ts'
import { bootMeta, fits } from './experiment/meta.ts'
import { cpuFiles, record, symbolsOf, type Collected, type Session } from './experiment/record.ts'
import { newRunId, putResult } from './experiment/result.ts'
import { describeObjects, SlotReader } from './experiment/slots.ts'
import { reportText } from './host/trace-cmd.ts'
import { traceDat } from './linux/trace-dat.ts'
import type { Ready } from './plan.ts'
import { openVm, type Places } from './vm.ts'

export interface ExperimentWanted {
  readonly lab: ResolvedLab
  readonly experiment: ResolvedExperiment
  readonly things: Ready
  readonly overrides: Overrides
  readonly repeat: number | undefined
  /** A VM of its own, even if one is up. */
  readonly cold: boolean
  /** Where the VM comes from, when it is shared with other experiments. */
  readonly open?: typeof openVm
}

export interface RunOutcome {
  readonly dir: string
  readonly manifest: Manifest
  readonly own: Analysis['own']
}

/** Deadlines are meant for KVM; emulation is ten times slower and more. */
const TCG_FACTOR = 10

function workloadArgv({ wanted, bundle }: Session, arm: Arm): string[] {
  const [program = '', ...rest] = argvOf(wanted.experiment.workload.run, arm.params)
  // The compiled workload goes by its name; it stands on the guest's tmpfs, so that its own execve() reads nothing from a probed disk.
  return [program === wanted.things.workload?.name ? `${bundle}/${program}` : program, ...rest]
}

/** One repeat of one arm in the guest. */
async function oneRun(
  session: Session,
  arm: Arm,
  repeat: number,
  place: string,
  context: Context,
): Promise<Collected & { failure: Failure | undefined }> {
  const { wanted, vm, bundle, events } = session
  const { experiment, things, lab } = wanted
  const started = new Date()
  const run = newRunId(started)
  const argv = workloadArgv(session, arm)
  const deadlineMs = experiment.timeout * (vm.state.accel.accel === 'tcg' ? TCG_FACTOR : 1)
  const request = {
    run,
    holder: `${bundle}/${things.holder.name}`,
    clock: experiment.trace.clock,
    bufferBytes: experiment.trace.buffer,
    deadlineMs,
    events,
    workload: argv,
    objects: things.objects.map(({ name }) => `${bundle}/${name}`),
    optional: experiment.probes.flatMap((name) => lab.probes[name]?.optional ?? []),
    slots: new SlotReader(session.described, arm.params, place).read(experiment.maps),
  }
  const guest = await guestRun(vm, request, place, context.signal)
  const failure = holderFailure(guest.lines, place, deadlineMs, guest.stderr)
  // A workload that did not end in time ran all the same: its trace is evidence. Anything else left nothing to look at.
  if (failure && failure.kind !== 'experiment') throw failure
  return { arm, repeat, run, started, argv, guest, failure }
}

/** From raw pages to a result directory with a verdict. */
async function finish(
  session: Session,
  collected: Collected & { failure: Failure | undefined },
  places: Places,
  context: Context,
): Promise<RunOutcome> {
  const { wanted, vm } = session
  const { arm, guest, run, failure } = collected
  const events = session.events
  const own = fits(session.meta, guest.lines)
    ? session.meta
    : await bootMeta(vm, `${session.bundle}/${wanted.things.holder.name}`, events, context, true)
  const meta = { ...own, kallsyms: Buffer.from(symbolsOf(own, guest.lines), 'latin1') }
  const stats = cpuFiles(guest, 'stats').map((bytes) => bytes.toString('utf8'))
  const cmdlines = guest.files.get('saved_cmdlines')?.toString('latin1') ?? ''
  let outcome: Omit<RunOutcome, 'dir'> | undefined
  const dir = await putResult(places.results, wanted.experiment.name, run, async (to) => {
    const file = join(to, 'trace.dat')
    await writeFile(
      file,
      traceDat({
        meta,
        cpus: cpuFiles(guest, 'raw'),
        stats,
        cmdlines,
        clock: wanted.experiment.trace.clock,
        uname: session.meta.version,
      }),
    )
    const report = await reportText(file, context.signal)
    const pid = of(guest.lines, 'started')[0]?.pid ?? -1
    const analysis = analyse({
      experiment: wanted.experiment,
      arm,
      kernel: vm.state.kernel.name,
      pid,
      lines: guest.lines,
      report,
      stats,
    })
    outcome = { manifest: await record(session, to, collected, analysis), own: analysis.own }
  })
  if (!outcome) throw new Error('a result was put in place without having been written')
  if (failure) throw experimentError({ ...failure.parts, log: join(dir, 'stdout') }, failure)
  return { dir, ...outcome }
}

/** Runs every arm and repeat, one after the other on one VM. */
export async function experimentStep(
  wanted: ExperimentWanted,
  places: Places,
  context: Context,
): Promise<RunOutcome[]> {
  const { experiment, things } = wanted
  const list = arms(experiment, wanted.overrides)
  const repeats = wanted.repeat ?? experiment.repeat
  // Loading DuckDB takes a while; the VM's boot takes longer.
  if (experiment.collect.includes('trace')) prepareParquet()
  const described = await describeObjects(things.objects)
  // What is wrong with a slot is told before a VM boots.
  for (const arm of list) new SlotReader(described, arm.params, `experiment ${experiment.name}`).read(experiment.maps)
  const programs = bundleOf([things.holder, ...things.objects, ...(things.workload ? [things.workload] : [])])
  await using vm = await (wanted.open ?? openVm)({ ...things.vm, bundle: programs }, places, context, wanted.cold)
  const name = `experiment ${experiment.name}`
  return await step(context, name, name, async (handle) => {
    handle.progress('deploy')
    const bundle = await deploy(vm, programs, context.signal)
    const events = [...new Set([...PROCESS_EVENTS, ...experiment.trace.events])]
    const meta = await bootMeta(vm, `${bundle}/${things.holder.name}`, events, context)
    const session: Session = { wanted, vm, bundle, meta, events, described }
    const outcomes: RunOutcome[] = []
    // The host looks at one run while the guest is at the next: they use different CPUs.
    let finishing: Promise<unknown> = Promise.resolve()
    try {
      for (const arm of list)
        for (let repeat = 1; repeat <= repeats; repeat++) {
          handle.progress(printable(arm.name) || 'run', outcomes.length, list.length * repeats, 'runs')
          const place = `${name} (${[printable(arm.name), `repeat ${repeat}`].filter(Boolean).join(', ')})`
          const collected = await oneRun(session, arm, repeat, place, context)
          await finishing
          finishing = finish(session, collected, places, context).then((outcome) => outcomes.push(outcome))
          // It is awaited after the next run; until then a failure of it is nobody's.
          finishing.catch(() => undefined)
        }
    } catch (error) {
      // Whatever ended the experiment: a run that was collected is kept.
      await finishing.catch(() => undefined)
      throw error
    }
    await finishing
    const passed = outcomes.filter(({ manifest }) => manifest.verdict === 'passed').length
    return {
      outcome: passed === outcomes.length ? 'done' : 'failed',
      detail: `${passed} of ${outcomes.length} runs passed`,
      value: outcomes,
    }
  })
}
