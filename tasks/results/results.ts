/**
 * What `lab results` says about runs, and how a run goes away. Everything that a manifest or a file holds came from a
 * guest.
 */
import { readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { printable } from '../engine/printable.ts'
import { processTag } from '../engine/process.ts'
import { diskFailure } from '../engine/disk.ts'
import { withParams } from './why.ts'
import { ManifestSchema, ProbesSchema, type Manifest, type ProbeReport } from './manifest.ts'
import { removeCopies } from './query/copies.ts'
import { PARTIAL_RESULT } from './result.ts'
import type { StoredRun } from './manifest.ts'
import { splatLines, testLines } from './kernel-reports.ts'
import { safe, when } from './runs-table.ts'
import { fitTable, type FittedColumn } from '../engine/fit-table.ts'
import { bytes, duration, plural, table } from '../engine/text.ts'

/** What is shown of a manifest: one that was edited must not end in a stack trace. */
const Shown = ManifestSchema.pick({
  format: true,
  experiment: true,
  arm: true,
  repeat: true,
  started: true,
  seconds: true,
  kernel: true,
  image: true,
  guest: true,
  workload: true,
  trace: true,
  others: true,
  expectations: true,
  remarks: true,
  splats: true,
  tests: true,
  verdict: true,
  imported: true,
})

/** Whether this version can show a run. */
export const isShown = (manifest: unknown): boolean => Shown.safeParse(manifest).success

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
    return ProbesSchema.parse(JSON.parse(await readFile(file, 'utf8'))).programs
  } catch {
    // No probes.json, or none of ours: the run is shown without.
    return undefined
  }
}

/** What is next to the manifest in a run's directory. */
export const readRunFiles = async (dir: string): Promise<RunFiles> => ({
  probes: await probesIn(join(dir, 'probes.json')),
  files: await filesBelow(dir),
})

const indented = (text: string): string => text.replaceAll(/^/gm, '  ')

/** The verdict first, then why. */
function verdictLines(manifest: Manifest): string[] {
  const { verdict, trace, expectations, remarks = [], metrics = {} } = manifest
  const met = expectations.filter(({ ok }) => ok).length
  const sum =
    expectations.length === 0 ? 'nothing was expected' : `${met} of ${plural(expectations.length, 'expectation')} met`
  return [
    `${safe(verdict).toUpperCase()}, trace ${safe(trace.completeness)}; ${sum}`,
    ...[...splatLines(manifest), ...testLines(manifest)].map((line) => `  ${line}`),
    ...trace.reasons.map((reason) => `  trace: ${safe(reason)}`),
    ...expectations.flatMap(({ ok, lines }) =>
      lines.map(
        (line, i) => `  ${i === 0 ? (ok ? 'ok  ' : 'FAIL') : '    '}  ${safe(withParams(line, manifest.arm.params))}`,
      ),
    ),
    ...Object.entries(metrics).map(([name, value]) => `  ${safe(name)} = ${value}`),
    ...remarks.map((remark) => `  note  ${safe(remark)}`),
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

/** Every program, also those that never fired: a zero is a result. */
function probeLines(probes: RunFiles['probes'], width: number | undefined): string[] {
  if (probes === undefined) return ['probes      probes.json is missing or cannot be read']
  const anySkipped = probes.some(({ skipped = 0 }) => skipped > 0)
  const columns: readonly FittedColumn[] = [
    { head: 'program', least: 12 },
    { head: 'section', least: 12 },
    { head: 'attached', spare: 1 },
    { head: 'hits', align: 'right' },
    { head: 'missed', align: 'right' },
    ...(anySkipped ? [{ head: 'skipped', align: 'right' } as const] : []),
  ]
  // -1: nobody counted.
  const number = (count: number) => (count < 0 ? 'unknown' : String(count))
  const rows = probes.map(({ program, section, attached, hits, missed, skipped = 0 }) => [
    safe(program),
    safe(section),
    safe(attached ?? 'no'),
    number(hits),
    number(missed),
    ...(anySkipped ? [number(skipped)] : []),
  ])
  const silent = probes.filter(({ attached, hits }) => attached !== null && hits === 0).length
  return [
    'probes',
    indented(fitTable(columns, rows, width === undefined ? undefined : width - 2)),
    ...(silent > 0 ? [`  ${silent} of ${plural(probes.length, 'program')} never fired`] : []),
  ]
}

/** Where an imported trace is from, and what its lines were. */
function importedLines({ imported, trace }: Manifest): string[] {
  if (imported === undefined) return []
  const {
    file,
    kept,
    form,
    bytes: size,
    lines,
    headings,
    inProse,
    unclosedCalls,
    unopenedReturns,
    sameCaptureAs,
  } = imported
  const graph =
    unclosedCalls + unopenedReturns > 0
      ? [
          `function_graph: ${plural(unclosedCalls, 'call')} without a return, ${plural(unopenedReturns, 'return')} without a call`,
        ]
      : []
  const parts = [
    plural(trace.events, 'event'),
    plural(headings, 'heading or blank line', 'headings and blank lines'),
    `${trace.notUnderstood} not understood`,
    ...(inProse > 0 ? [`${inProse} inside other text`] : []),
  ]
  return [
    `imported    ${safe(file)} (${safe(form)}, ${bytes(size)}), kept as ${safe(kept)}`,
    `lines       ${lines}: ${[...parts, ...graph].join(', ')}`,
    ...(sameCaptureAs
      ? [
          `capture     IDENTICAL to ${safe(sameCaptureAs.experiment)} ${safe(sameCaptureAs.run)}: the same ${safe(sameCaptureAs.by)}`,
        ]
      : []),
  ]
}

/** A run for people: what to believe of it, what it ran on, what it saw. @param width of the terminal */
export function runDetails({ run, dir, manifest }: StoredRun, { probes, files }: RunFiles, width?: number): string {
  const { experiment, arm, repeat, started, seconds, image, guest, workload } = manifest
  const params = Object.entries(arm.params).map(([name, value]) => `${name}=${value}`)
  const columns = [{ head: 'file' }, { head: 'size', align: 'right' }] as const
  const made =
    manifest.imported === undefined
      ? [
          `arm         ${[safe(params.length === 0 ? arm.name : params.join(' ')), `repeat ${repeat}`].filter(Boolean).join(', ')}`,
          `when        ${when(started)} UTC, ${duration(seconds)}`,
          ...kernelLines(manifest),
          `guest       ${safe(image.name)}, ${safe(guest.accel.accel)} (${safe(guest.accel.reason)}), VM ${safe(guest.vm)}`,
          workloadLine(workload),
        ]
      : [`when        imported ${when(started)} UTC`, ...importedLines(manifest)]
  return [
    `${safe(experiment)} ${safe(run)}`,
    ...verdictLines(manifest),
    '',
    ...made,
    ...traceLines(manifest),
    '',
    ...(manifest.imported === undefined ? [...probeLines(probes, width), ''] : []),
    safe(dir),
    indented(
      table(
        columns,
        files.map((file) => [safe(file.name), bytes(file.bytes)]),
      ),
    ),
  ].join('\n')
}

/**
 * Removes one run, and the copy of its experiment's events that queries read. It loses its final name first: what an
 * interruption leaves is for `lab gc`, and never half a result.
 */
export async function removeRun({ dir }: Pick<StoredRun, 'dir'>): Promise<void> {
  const leaving = join(dirname(dir), `${PARTIAL_RESULT}${processTag()}-${basename(dir)}`)
  try {
    await rename(dir, leaving)
    removeCopies(dirname(dirname(dir)), (experiment) => experiment === basename(dirname(dir)))
    await rm(leaving, { recursive: true })
  } catch (error) {
    throw diskFailure(error, `result ${printable(basename(dir))}`)
  }
}
