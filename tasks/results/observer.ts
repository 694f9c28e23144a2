/** `lab results observer`, and what `lab run` says of it: what the probes of an experiment cost. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { observerEffect, type ObservedRun, type ObserverEffect, type OverheadOf } from '../trace/stats/observer.ts'
import { FEWEST_FOR_INTERVAL, precision, type Summary } from '../trace/stats/statistics.ts'
import { counted } from './counted.ts'
import type { Manifest } from './manifest.ts'
import { nodeOf, nodesText } from './node.ts'
import { plural } from '../engine/text.ts'
import { safe } from './runs-table.ts'

export interface ObserverReport extends ObserverEffect {
  readonly experiment: string
  /** What the arms have in common: "bytes=16", or empty. */
  readonly arm: string
  readonly order: string
}

type Facts = Pick<Manifest, 'experiment' | 'arm' | 'repeat' | 'workload' | 'plan'> &
  Partial<Pick<Manifest, 'kernel' | 'guest' | 'host'>>
/** A result, as far as it is looked at. */
export interface ObservedResult {
  readonly dir: string
  readonly manifest: Facts
}

const Programs = z.object({
  programs: z.array(
    z.object({
      program: z.string(),
      hits: z.number(),
      runs: z.number().optional(),
      runNs: z.number().optional(),
    }),
  ),
})

async function programsOf(dir: string): Promise<ObservedRun['programs']> {
  try {
    return Programs.parse(JSON.parse(await readFile(join(dir, 'probes.json'), 'utf8'))).programs
  } catch {
    return []
  }
}

const others = ({ arm }: Facts): string =>
  arm.name
    .split(',')
    .filter((part) => !part.startsWith('observer='))
    .join(',')

/** What an arm's name does not say where the command line chose it. */
const machine = ({ kernel, guest }: Facts): string => [kernel?.name, guest?.accel.accel].filter(Boolean).join(' ')

/**
 * Of runs that count, every group of arms that differ in nothing but in how much of the probes they have. Rounds of
 * different `lab run`s are not mixed.
 */
export async function observerReports(runs: readonly ObservedResult[]): Promise<ObserverReport[]> {
  const observed = counted(runs).filter(({ manifest }) => manifest.arm.observer !== undefined)
  const reports: ObserverReport[] = []
  const several = new Set(observed.map(({ manifest }) => machine(manifest))).size > 1
  const groups = Map.groupBy(observed, ({ manifest }) => `${others(manifest)}\0${machine(manifest)}`)
  for (const group of groups.values()) {
    const plans = [...new Set(group.map(({ manifest }) => manifest.plan?.id))]
    const list: ObservedRun[] = []
    for (const { dir, manifest } of group) {
      const { arm, workload, repeat, plan } = manifest
      if (arm.observer === undefined || typeof workload.ns !== 'number') continue
      const round = plans.indexOf(plan?.id) * 1e5 + repeat
      const node = nodeOf(manifest)
      list.push({ observer: arm.observer, round, node, ns: workload.ns, programs: await programsOf(dir) })
    }
    const effect = observerEffect(list)
    const [first] = group
    if (effect && first)
      reports.push({
        experiment: first.manifest.experiment,
        arm: [others(first.manifest), several ? machine(first.manifest) : ''].filter(Boolean).join(' '),
        order: first.manifest.plan?.order ?? 'unknown',
        ...effect,
      })
  }
  return reports
}

/** "3.1 µs". */
function time(ns: number): string {
  const [unit, size] = Math.abs(ns) >= 1e9 ? ['s', 1e9] : Math.abs(ns) >= 1e6 ? ['ms', 1e6] : ['µs', 1e3]
  return Math.abs(ns) < 1000 ? `${Number(ns.toPrecision(3))} ns` : `${Number((ns / size).toPrecision(3))} ${unit}`
}

const hasInterval = ({ count }: Summary): boolean => count >= FEWEST_FOR_INTERVAL

const interval = (summary: Summary, text: (value: number) => string) =>
  hasInterval(summary) ? `${text(summary.median)} [${text(summary.low)}, ${text(summary.high)}]` : text(summary.median)

/** A difference whose interval holds zero is not one that was shown; nor is one without an interval. */
const shown = (summary: Summary): boolean => hasInterval(summary) && (summary.low > 0 || summary.high < 0)

function overheadLine({ observer, hits, perHit, slowdown }: OverheadOf): string {
  const times = (value: number) => value.toFixed(2)
  const words = shown(perHit) ? '' : '; no difference shown'
  return `  ${observer.padEnd(8)} ${interval(perHit, time)} a hit, ${hits} hits a run; the workload takes ${interval(slowdown, times)} times as long${words}`
}

/** One group of arms for people. */
export function observerText({ experiment, arm, rounds, alone, overhead, kernel, order }: ObserverReport): string[] {
  const runs = kernel.reduce((sum, program) => sum + program.runs, 0)
  const all = kernel.reduce((sum, program) => sum + program.runs * program.nsPerRun, 0)
  return [
    `${[safe(experiment), safe(arm)].filter(Boolean).join(' ')}: what looking costs, ${[plural(rounds, 'round'), nodesText(alone.nodes) ?? []].flat().join(' ')} (${safe(order)}), ${hasInterval(alone) ? '95 % intervals' : 'too few for intervals'}`,
    `  none     the workload takes ${interval(alone, time)}${hasInterval(alone) ? ` (±${(100 * precision(alone)).toFixed(1)} %)` : ''}`,
    ...overhead.map(overheadLine),
    ...(runs > 0
      ? [
          `  kernel   ${time(all / runs)} a run of a program by its own count (bpf_stats, ${runs} runs, of "counted" only): ${kernel.map(({ program, nsPerRun }) => `${safe(program)} ${time(nsPerRun)}`).join(', ')}`,
        ]
      : overhead.some(({ observer }) => observer === 'counted')
        ? ['  kernel   counts no runs (bpf_stats came with 5.1)']
        : []),
  ]
}
