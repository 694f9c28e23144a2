/** What `lab results` says about runs, and how a run goes away. Everything that a manifest or a file holds came from a guest. */
import { readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { printable } from './engine/printable.ts'
import { diskFailure } from './engine/store.ts'
import type { Manifest, ProbeReport } from './experiment/manifest.ts'
import { PARTIAL_RESULT, type FoundRun } from './experiment/result.ts'
import { bytes, duration, plural, table } from './ui/text.ts'

const named = z.record(z.string(), z.union([z.string(), z.number()]))
const count = z.number().nullable()

/** What is shown of a manifest: one by another version, or one that was edited, must not end in a stack trace. */
const Shown = z.object({
  format: z.literal(1),
  experiment: z.string(),
  arm: z.object({ name: z.string(), params: named }),
  repeat: z.number(),
  started: z.string(),
  seconds: z.number(),
  kernel: z.object({
    name: z.string(),
    wanted: z.string(),
    fallback: z.boolean(),
    release: z.string(),
    source: z.string(),
  }),
  image: z.object({ name: z.string() }),
  guest: z.object({ accel: z.object({ accel: z.string(), reason: z.string() }), vm: z.string() }),
  workload: z.object({ argv: z.array(z.string()), status: count, signal: count, ms: count }),
  trace: z.object({
    clock: z.string(),
    events: z.number(),
    notUnderstood: z.number(),
    completeness: z.string(),
    losses: z.record(z.string(), count),
    reasons: z.array(z.string()),
  }),
  others: z.array(z.object({ pid: z.number(), comm: z.string(), events: z.number() })),
  expectations: z.array(z.object({ ok: z.boolean(), lines: z.array(z.string()) })),
  verdict: z.string(),
})

const Probes = z.object({
  programs: z.array(
    z.object({
      program: z.string(),
      section: z.string(),
      attached: z.string().nullable(),
      hits: z.number(),
      missed: z.number(),
    }),
  ),
})

/** Runs whose manifest this version can show, and the names of the others. */
export function readable(runs: readonly FoundRun[]): { readonly shown: FoundRun[]; readonly others: string[] } {
  const can = (run: FoundRun) => Shown.safeParse(run.manifest).success
  return { shown: runs.filter(can), others: runs.filter((run) => !can(run)).map(({ run }) => run) }
}

/** Longest text that one value of a manifest gets. */
const MOST = 300
const safe = (text: string): string => printable(text, MOST)

/** `2026-11-23 21:30:00`, in UTC as in the run's name. */
const when = (started: string): string => safe(started.replace('T', ' ').replace(/(\.\d+)?Z$/, ''))

const kernelText = ({ name, wanted, fallback }: Manifest['kernel']): string =>
  safe(fallback ? `${name} (not ${wanted})` : name)

/** One line per run, in the order given. */
export function runsTable(runs: readonly FoundRun[], width: number | undefined): string {
  if (runs.length === 0) return 'no runs'
  const columns = ['RUN', 'EXPERIMENT', 'ARM', 'KERNEL', 'ACCEL', 'VERDICT', 'TRACE', 'WHEN (UTC)'].map((head) => ({
    head,
  }))
  const rows = runs.map(({ run, manifest: { experiment, arm, kernel, guest, verdict, trace, started } }) => [
    safe(run),
    safe(experiment),
    safe(arm.name),
    kernelText(kernel),
    safe(guest.accel.accel),
    safe(verdict),
    safe(trace.completeness),
    when(started),
  ])
  return table(columns, rows, width)
}

export interface RunFiles {
  readonly probes: readonly ProbeReport[] | undefined
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
}

async function filesBelow(dir: string, prefix = ''): Promise<{ name: string; bytes: number }[]> {
  const entries = (await readdir(dir, { withFileTypes: true }).catch(() => [])).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  )
  const found = entries.map(async (entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return await filesBelow(path, `${prefix}${entry.name}/`)
    return entry.isFile() ? [{ name: `${prefix}${entry.name}`, bytes: (await stat(path)).size }] : []
  })
  return (await Promise.all(found)).flat()
}

async function probesIn(file: string): Promise<ProbeReport[] | undefined> {
  try {
    return Probes.parse(JSON.parse(await readFile(file, 'utf8'))).programs
  } catch {
    // No probes.json, or none of ours: the run is shown without.
    return undefined
  }
}

/** What stands beside the manifest in a run's directory. */
export const readRunFiles = async (dir: string): Promise<RunFiles> => ({
  probes: await probesIn(join(dir, 'probes.json')),
  files: await filesBelow(dir),
})

const indented = (text: string): string => text.replaceAll(/^/gm, '  ')

/** The verdict first, then why. */
function verdictLines({ verdict, trace, expectations }: Manifest): string[] {
  const met = expectations.filter(({ ok }) => ok).length
  const sum =
    expectations.length === 0 ? 'nothing was expected' : `${met} of ${plural(expectations.length, 'expectation')} met`
  return [
    `${safe(verdict).toUpperCase()}, trace ${safe(trace.completeness)}; ${sum}`,
    ...trace.reasons.map((reason) => `  trace: ${safe(reason)}`),
    ...expectations.flatMap(({ ok, lines }) =>
      lines.map((line, i) => `  ${i === 0 ? (ok ? 'ok  ' : 'FAIL') : '    '}  ${safe(line)}`),
    ),
  ]
}

function kernelLines({ kernel }: Manifest): string[] {
  const { name, wanted, fallback, release, source } = kernel
  const line = `kernel      ${safe(name)}: ${safe(release)}, from ${safe(source)}`
  return fallback
    ? [`FALLBACK    ${safe(wanted)} was asked for, and ${safe(name)} was booted: its source could not be fetched`, line]
    : [line]
}

function workloadLine({ argv, status, signal, ms }: Manifest['workload']): string {
  const end =
    signal !== null ? `ended by signal ${signal}` : status !== null ? `status ${status}` : 'its end was not seen'
  return `workload    ${safe(argv.join(' '))}: ${end}${ms === null ? '' : `, ${ms} ms`}`
}

function traceLines({ trace, others }: Manifest): string[] {
  const lost = Object.entries(trace.losses).map(([kind, n]) => `${safe(kind)} ${n === null ? 'unknown' : n}`)
  const unread = trace.notUnderstood === 0 ? '' : `, ${trace.notUnderstood} not understood`
  const seen = others.map(({ pid, comm, events }) => `${safe(comm)} (${pid}): ${events}`)
  return [
    `trace       ${plural(trace.events, 'event')}${unread}, clock ${safe(trace.clock)}`,
    `losses      ${lost.length === 0 ? 'none reported' : lost.join(', ')}`,
    `others      ${seen.length === 0 ? 'no events of other processes' : `events of other processes: ${seen.join(', ')}`}`,
  ]
}

function probeLines(probes: RunFiles['probes']): string[] {
  if (probes === undefined) return ['probes      probes.json is missing or cannot be read']
  const columns = [
    { head: 'program' },
    { head: 'section' },
    { head: 'attached' },
    { head: 'hits', align: 'right' },
    { head: 'missed', align: 'right' },
  ] as const
  const rows = probes.map(({ program, section, attached, hits, missed }) => [
    safe(program),
    safe(section),
    safe(attached ?? 'no'),
    String(hits),
    String(missed),
  ])
  return ['probes', indented(table(columns, rows))]
}

/** A run for people: what to believe of it, what it ran on, what it saw. */
export function runDetails({ run, dir, manifest }: FoundRun, { probes, files }: RunFiles): string {
  const { experiment, arm, repeat, started, seconds, image, guest, workload } = manifest
  const params = Object.entries(arm.params).map(([name, value]) => `${name}=${value}`)
  const columns = [{ head: 'file' }, { head: 'size', align: 'right' }] as const
  return [
    `${safe(experiment)} ${safe(run)}`,
    ...verdictLines(manifest),
    '',
    `arm         ${safe(params.length === 0 ? arm.name : params.join(' '))}, repeat ${repeat}`,
    `when        ${when(started)} UTC, ${duration(seconds)}`,
    ...kernelLines(manifest),
    `guest       ${safe(image.name)}, ${safe(guest.accel.accel)} (${safe(guest.accel.reason)}), VM ${safe(guest.vm)}`,
    workloadLine(workload),
    ...traceLines(manifest),
    '',
    ...probeLines(probes),
    '',
    safe(dir),
    indented(
      table(
        columns,
        files.map((file) => [safe(file.name), bytes(file.bytes)]),
      ),
    ),
  ].join('\n')
}

/** Removes one run. It loses its final name first: what an interruption leaves is for `lab gc`, and never half a result. */
export async function removeRun({ dir }: FoundRun): Promise<void> {
  const leaving = join(dirname(dir), `${PARTIAL_RESULT}${process.pid}-${basename(dir)}`)
  try {
    await rename(dir, leaving)
    await rm(leaving, { recursive: true })
  } catch (error) {
    throw diskFailure(error, `result ${printable(basename(dir))}`)
  }
}
