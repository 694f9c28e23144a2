/** How often each BPF program of an experiment fired. */
import type { ProbeReport } from '../manifest.ts'
import type { Exhibits } from './exhibits.ts'
import { html, type Html } from './html.ts'
import type { ExperimentRuns } from './runs.ts'

/** Every program with the hits of all runs, also those that never fired: a zero is a result. */
export function probeTable(runs: ExperimentRuns, exhibits: Exhibits): Html {
  type Sum = Pick<ProbeReport, 'program' | 'section' | 'hits' | 'missed'> & {
    readonly skipped: number
    readonly attached: Set<string>
    readonly runs: number
    readonly group: string
  }
  const sums = new Map<string, Sum>()
  for (const { label, counted } of runs.groups)
    for (const { probes } of counted)
      for (const { program, section, attached, hits, missed, skipped = 0 } of probes) {
        const key = `${label}\0${program}\0${section}`
        const sum = sums.get(key) ?? {
          program,
          section,
          hits: 0,
          missed: 0,
          skipped: 0,
          attached: new Set(),
          runs: 0,
          group: label,
        }
        sums.set(key, {
          ...sum,
          runs: sum.runs + 1,
          // -1: nobody counted.
          hits: hits < 0 || sum.hits < 0 ? -1 : sum.hits + hits,
          missed: missed < 0 || sum.missed < 0 ? -1 : sum.missed + missed,
          skipped: sum.skipped + Math.max(0, skipped),
          attached: sum.attached.add(attached ?? 'not attached'),
        })
      }
  if (sums.size === 0) return html``
  const anySkipped = [...sums.values()].some(({ skipped }) => skipped > 0)
  const ofSkipped = anySkipped
    ? ' Skipped are hits for which the kernel did not run the program, because another one was running on that CPU.'
    : ''
  return html`<h3>Probes</h3>
    ${exhibits.table([runs.name, 'probes'], {
      caption: `${runs.name}: how often each program fired, over all runs of an arm.${ofSkipped}`,
      columns: [
        { head: 'arm', kind: 'text' },
        { head: 'program', kind: 'code' },
        { head: 'section', kind: 'code' },
        { head: 'attached', kind: 'text' },
        { head: 'runs', kind: 'number' },
        { head: 'hits', kind: 'number' },
        { head: 'missed', kind: 'number' },
        ...(anySkipped ? [{ head: 'skipped', kind: 'number' } as const] : []),
      ],
      rows: [...sums.values()].map(({ group, program, section, attached, runs: count, hits, missed, skipped }) => [
        group,
        program,
        section,
        [...attached].join(', '),
        count,
        hits < 0 ? null : hits,
        missed < 0 ? null : missed,
        ...(anySkipped ? [skipped] : []),
      ]),
    })}`
}
