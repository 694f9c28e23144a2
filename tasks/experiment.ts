/** Step: experiment. For each arm and repeat: attach, record, run the workload, collect, check; one result directory per run. */
import { readFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { arms, type Arm, type Overrides } from './config/arms.ts'
import { argvOf } from './config/words.ts'
import type { ResolvedExperiment, ResolvedLab } from './config/resolve.ts'
import { step, type Context, type StepHandle } from './engine/context.ts'
import { experimentError, Failure } from './engine/error.ts'
import { hashText } from './engine/fingerprint.ts'
import { printable } from './engine/printable.ts'
import { reportText } from './host/trace-cmd.ts'
import { writeEvents } from './data/events-parquet.ts'
import { traceDat } from './linux/trace-dat.ts'
import { analyse, type Analysis } from './experiment/analyse.ts'
import { deploy } from './experiment/deploy.ts'
import { guestRun, type GuestRun } from './experiment/guest-run.ts'
import { holderFailure, of, PROCESS_EVENTS } from './experiment/holder.ts'
import { mapsOf } from './experiment/maps.ts'
import type { Manifest } from './experiment/manifest.ts'
import { bootMeta, type BootMeta } from './experiment/meta.ts'
import { newRunId, putResult, writeFiles } from './experiment/result.ts'
import type { Ready } from './plan.ts'
import { CONSOLE_LOG } from './vm/boot.ts'
import { openVm, type OpenVm, type Places } from './vm.ts'

export interface ExperimentWanted {
  readonly lab: ResolvedLab
  readonly experiment: ResolvedExperiment
  readonly things: Ready
  readonly overrides: Overrides
  readonly repeat: number | undefined
  /** A VM of its own, even if one is up. */
  readonly cold: boolean
}

export interface RunOutcome {
  readonly dir: string
  readonly manifest: Manifest
  readonly own: Analysis['own']
}

interface Session {
  readonly wanted: ExperimentWanted
  readonly vm: OpenVm
  readonly bundle: string
  readonly meta: BootMeta
  readonly events: readonly string[]
  readonly places: Places
  readonly context: Context
}

/** Deadlines are meant for KVM; emulation is ten times slower and more. */
const TCG_FACTOR = 10

function workloadArgv({ wanted, bundle }: Session, arm: Arm): string[] {
  const [program = '', ...rest] = argvOf(wanted.experiment.workload.run, arm.params)
  // The compiled workload goes by its name; it stands on the guest's tmpfs, so that its own execve() reads nothing from a probed disk.
  return [program === wanted.things.workload?.name ? `${bundle}/${program}` : program, ...rest]
}

const stats = (run: GuestRun): string[] => cpuFiles(run, 'stats').map((bytes) => bytes.toString('utf8'))

/** Files cpu0.X, cpu1.X, ... as long as they go. */
function cpuFiles(run: GuestRun, kind: 'raw' | 'stats'): Buffer[] {
  const found: Buffer[] = []
  for (let bytes = run.files.get('cpu0.' + kind); bytes; bytes = run.files.get(`cpu${found.length}.${kind}`))
    found.push(bytes)
  return found
}

function verdictOf(
  analysis: Analysis,
  exited: { status?: number | undefined; signal?: number | undefined } | undefined,
): Manifest['verdict'] {
  if (exited?.status !== 0 || analysis.expectations.some(({ ok }) => !ok)) return 'failed'
  return analysis.ledger.completeness === 'complete' ? 'passed' : 'incomplete'
}

const symbolsOf = (meta: BootMeta, analysis: Analysis): string => {
  const targets = new Set(analysis.probes.map(({ section }) => section.replace(/^.*\//, '')))
  return (
    meta.kallsyms
      .toString('latin1')
      .split('\n')
      .filter((line) => targets.has(line.split(/\s+/)[2]?.replace(/^__ksymtab_/, '') ?? ''))
      .join('\n') + '\n'
  )
}

function manifestOf(
  session: Session,
  arm: Arm,
  repeat: number,
  run: string,
  started: Date,
  guest: GuestRun,
  analysis: Analysis,
  argv: readonly string[],
): Omit<Manifest, 'sha256'> {
  const { wanted, vm, meta, events } = session
  const { lab, experiment, things } = wanted
  const { state } = vm
  const exited = of(guest.lines, 'exited')[0]
  return {
    format: 1,
    ...{ experiment: experiment.name, run, arm: { name: arm.name, params: arm.params }, repeat },
    ...{ started: started.toISOString(), seconds: (Date.now() - started.getTime()) / 1000 },
    lab: { name: lab.name, file: lab.file, text: lab.text },
    kernel: {
      name: state.kernel.name,
      wanted: things.vm.kernelWanted,
      fallback: things.vm.kernelWanted !== state.kernel.name,
      release: state.kernel.release,
      version: meta.version,
      source: state.kernel.source,
      fingerprint: state.kernel.fingerprint,
    },
    image: state.image,
    objects: Object.fromEntries(
      [things.holder, ...things.objects, ...(things.workload ? [things.workload] : [])].map(({ name, fingerprint }) => [
        name,
        fingerprint,
      ]),
    ),
    guest: { ...state.guest, accel: state.accel, qemu: state.argv, vm: vm.origin },
    host: { kernel: release(), cpu: cpus()[0]?.model ?? '', cpus: cpus().length, node: process.version },
    workload: {
      argv,
      pid: exited?.pid ?? of(guest.lines, 'started')[0]?.pid ?? null,
      status: exited?.status ?? null,
      signal: exited?.signal ?? null,
      ms: exited?.ms ?? null,
    },
    trace: {
      clock: experiment.trace.clock,
      bufferBytes: experiment.trace.buffer,
      events: analysis.events.length,
      notUnderstood: analysis.notUnderstood.length,
      ...analysis.ledger,
    },
    ...{ others: analysis.others, expectations: analysis.expectations, verdict: verdictOf(analysis, exited) },
    tracedEvents: events,
  } satisfies Omit<Manifest, 'sha256'>
}

/** The files of a result that are kept as the guest sent them. */
const AS_SENT = ['stdout', 'stderr', 'dmesg'] as const

async function writeResult(
  session: Session,
  dir: string,
  guest: GuestRun,
  data: Buffer[],
  analysis: Analysis,
  manifest: Omit<Manifest, 'sha256'>,
): Promise<Manifest> {
  const { meta, vm, wanted } = session
  const collect = new Set<string>(wanted.experiment.collect)
  const files = new Map<string, Buffer | string>()
  for (const name of AS_SENT)
    if (name === 'stderr' ? collect.has('stdout') : collect.has(name)) files.set(name, guest.files.get(name) ?? '')
  if (collect.has('trace')) files.set('trace.dat', Buffer.concat(data))
  if (collect.has('maps')) files.set('maps.json', `${JSON.stringify(mapsOf(guest.lines), null, 1)}\n`)
  if (collect.has('kallsyms')) files.set('kallsyms', symbolsOf(meta, analysis))
  files.set('probes.json', `${JSON.stringify({ programs: analysis.probes }, null, 1)}\n`)
  files.set('holder.ndjson', guest.lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  files.set('console.log', await readFile(join(vm.dir, CONSOLE_LOG)).catch(() => Buffer.alloc(0)))
  if (analysis.notUnderstood.length > 0)
    files.set('not-understood.txt', analysis.notUnderstood.map(({ line, text }) => `${line}: ${text}\n`).join(''))
  const whole: Manifest = {
    ...manifest,
    sha256: Object.fromEntries([...files].map(([name, content]) => [name, hashText(content)])),
  }
  await writeFiles(dir, files.set('manifest.json', `${JSON.stringify(whole, null, 1)}\n`))
  if (collect.has('trace')) await writeEvents(join(dir, 'events.parquet'), analysis.events)
  return whole
}

async function oneRun(
  session: Session,
  arm: Arm,
  repeat: number,
  handle: StepHandle,
  label: string,
): Promise<RunOutcome> {
  const { wanted, vm, bundle, meta, events, places, context } = session
  const { experiment, things } = wanted
  const started = new Date()
  const run = newRunId(started)
  const place = `experiment ${experiment.name} (${label})`
  const argv = workloadArgv(session, arm)
  const deadlineMs = experiment.timeout * (vm.state.accel.accel === 'tcg' ? TCG_FACTOR : 1)
  handle.progress(`${label}: run`)
  const guest = await guestRun(
    vm,
    {
      ...{
        run,
        holder: `${bundle}/${things.holder.name}`,
        clock: experiment.trace.clock,
        bufferBytes: experiment.trace.buffer,
        deadlineMs,
        events,
        workload: argv,
      },
      objects: things.objects.map(({ name }) => `${bundle}/${name}`),
      optional: experiment.probes.flatMap((name) => wanted.lab.probes[name]?.optional ?? []),
    },
    place,
    context.signal,
  )
  const failure = holderFailure(guest.lines, place, deadlineMs, guest.stderr)
  if (failure && failure.kind !== 'experiment') throw failure
  handle.progress(`${label}: collect`)
  const data = traceDat({
    meta,
    cpus: cpuFiles(guest, 'raw'),
    stats: stats(guest),
    cmdlines: guest.files.get('saved_cmdlines')?.toString('latin1') ?? '',
    clock: experiment.trace.clock,
    uname: meta.version,
  })
  return await finish(session, { arm, repeat, run, started, argv, guest, data }, failure, places)
}

interface Collected {
  readonly arm: Arm
  readonly repeat: number
  readonly run: string
  readonly started: Date
  readonly argv: readonly string[]
  readonly guest: GuestRun
  readonly data: Buffer[]
}

async function finish(
  session: Session,
  { arm, repeat, run, started, argv, guest, data }: Collected,
  failure: Failure | undefined,
  places: Places,
): Promise<RunOutcome> {
  const { experiment } = session.wanted
  let outcome: Omit<RunOutcome, 'dir'> | undefined
  const dir = await putResult(places.results, experiment.name, run, async (to) => {
    await writeFiles(to, new Map([['trace.dat', Buffer.concat(data)]]))
    const report = await reportText(join(to, 'trace.dat'), session.context.signal)
    const pid = of(guest.lines, 'started')[0]?.pid ?? -1
    const analysis = analyse({
      experiment,
      arm,
      kernel: session.vm.state.kernel.name,
      pid,
      lines: guest.lines,
      report,
      stats: stats(guest),
    })
    const manifest = await writeResult(
      session,
      to,
      guest,
      data,
      analysis,
      manifestOf(session, arm, repeat, run, started, guest, analysis, argv),
    )
    outcome = { manifest, own: analysis.own }
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
  const total = list.length * repeats
  await using vm = await openVm(things.vm, places, context, wanted.cold)
  const name = `experiment ${experiment.name}`
  return await step(context, name, name, async (handle) => {
    handle.progress('deploy')
    const bundle = await deploy(
      vm.guest,
      [things.holder, ...things.objects, ...(things.workload ? [things.workload] : [])],
      context.signal,
    )
    const events = [...new Set([...PROCESS_EVENTS, ...experiment.trace.events])]
    const meta = await bootMeta(vm, `${bundle}/${things.holder.name}`, events, context.signal)
    const session: Session = { wanted, vm, bundle, meta, events, places, context }
    const outcomes: RunOutcome[] = []
    for (const arm of list)
      for (let repeat = 1; repeat <= repeats; repeat++) {
        const label = [printable(arm.name), `${repeat}/${repeats}`].filter(Boolean).join(' ')
        outcomes.push(await oneRun(session, arm, repeat, handle, label))
        handle.progress('run', outcomes.length, total, 'runs')
      }
    const passed = outcomes.filter(({ manifest }) => manifest.verdict === 'passed').length
    return {
      outcome: passed === outcomes.length ? 'done' : 'failed',
      detail: `${passed} of ${outcomes.length} runs passed`,
      value: outcomes,
    }
  })
}
