/** Histograms that programs kept in maps, summed over the runs of an arm. */
import { unitOfName } from '../../config/metric-unit.ts'
import { scaleOf, withUnit } from '../../config/units.ts'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../engine/error.ts'
import { plural } from '../../engine/text.ts'
import { printable } from '../../engine/printable.ts'
import { added, log2Histograms } from '../../trace/events/log2-slots.ts'
import { MapsSchema } from '../../trace/events/maps-file.ts'
import type { Exhibits } from './exhibits.ts'
import { FIT } from './figures.ts'
import { label, scales } from './series-look.ts'
import { html, type Html } from './html.ts'
import type { TableOptions } from './readable.ts'
import type { ExperimentRuns, ReportRun } from './runs.ts'
import { colour } from './theme.ts'
import { warnUnreadable } from '../unreadable.ts'
import type { FigureSpec } from './vega.ts'
import { mark } from './verdict.ts'

/** One histogram of one arm. */
export interface MapHistogram {
  readonly arm: string
  /** `request_ns`, or `latency["read"]`. */
  readonly name: string
  readonly map: string
  readonly slots: readonly number[]
  /** Those that have it. */
  readonly runs: readonly ReportRun[]
  /** Runs of the arm whose maps were read, the newest ones, and all of them. */
  readonly read: number
  readonly of: number
  /** Runs whose map had more entries than are kept: what the others of them counted is missing. */
  readonly cut: number
}

/** Histograms of one map that are drawn; of a map with many keys the first ones. */
const MOST_OF_A_MAP = 8

async function histogramsOf(run: ReportRun, { results, emit }: TableOptions) {
  try {
    const text = await readFile(join(results, run.experiment, run.run, 'maps.json'), 'utf8')
    const maps = MapsSchema.parse(JSON.parse(text))
    const cut = new Set(maps.maps.flatMap((map) => (map.cut ? [map.name] : [])))
    return { histograms: log2Histograms(maps), cut }
  } catch (error) {
    // Not every run keeps its maps.
    if (codeOf(error) !== 'ENOENT')
      warnUnreadable(run, { what: 'maps.json', error, so: 'the run is in no histogram' }, emit)
    return { histograms: [], cut: new Set<string>() }
  }
}

/** Every histogram of every arm. @param mostRuns runs of each arm that are read; the newest */
export async function mapHistograms(
  { groups }: ExperimentRuns,
  options: TableOptions & { readonly mostRuns: number },
): Promise<MapHistogram[]> {
  const found: MapHistogram[] = []
  for (const { label: arm, counted } of groups) {
    const sums = new Map<string, { map: string; slots: number[]; runs: ReportRun[] }>()
    const cutIn = new Map<string, number>()
    const newest = counted.slice(-options.mostRuns)
    for (const run of newest) {
      const { histograms, cut } = await histogramsOf(run, options)
      for (const map of cut) cutIn.set(map, (cutIn.get(map) ?? 0) + 1)
      for (const { name, map, slots } of histograms) {
        const sum = sums.get(name)
        sums.set(name, {
          map,
          slots: added(sum?.slots, slots) ?? [],
          runs: [...(sum?.runs ?? []), run],
        })
      }
    }
    const [read, of] = [newest.length, counted.length]
    found.push(...[...sums].map(([name, sum]) => ({ arm, name, ...sum, read, of, cut: cutIn.get(sum.map) ?? 0 })))
  }
  return found
}

/** A row for each arm, on one axis of powers of two. */
export function log2Figure(title: string, histograms: readonly MapHistogram[]): FigureSpec {
  const used = histograms.flatMap(({ slots }) => slots.flatMap((count, slot) => (count > 0 ? [slot] : [])))
  const [first, last] = [Math.min(...used), Math.max(...used)]
  const { unit, factor } = scaleOf(unitOfName(histograms[0]?.map ?? ''), 2 ** ((first + last) / 2))
  const rows = histograms.map(({ arm }) => label(arm))
  const { color } = scales(histograms.map(({ arm }) => arm))
  // Slot 0 holds 0 and 1; a logarithmic axis begins below 1.
  const edge = (slot: number) => (slot === 0 ? 0.5 : 2 ** slot) * factor
  const values = histograms.flatMap(({ arm, slots }) =>
    slots.slice(first, last + 1).map((count, index) => ({
      arm: label(arm),
      count,
      from: edge(first + index),
      to: edge(first + index + 1),
    })),
  )
  return {
    data: { values },
    facet: {
      row: {
        field: 'arm',
        type: 'nominal',
        sort: rows,
        title: null,
        header: { labelOrient: 'top', labelAnchor: 'start', labelAngle: 0, labelPadding: 2 },
      },
    },
    spacing: 10,
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: FIT.width - 70,
      height: 70,
      mark: { type: 'rect', stroke: colour('paper'), strokeWidth: 1 },
      encoding: {
        x: {
          field: 'from',
          type: 'quantitative',
          title: label(withUnit(title, unit)),
          scale: { type: 'log', base: 2, nice: false, domain: [edge(first), edge(last + 1)] },
          axis: { format: '~r', labelOverlap: true, tickCount: 14 },
        },
        x2: { field: 'to' },
        y: {
          field: 'count',
          type: 'quantitative',
          title: 'count',
          scale: { zero: true },
          axis: { tickCount: 3, format: '~s' },
        },
        y2: { datum: 0 },
        color: { field: 'arm', type: 'nominal', scale: color, legend: null },
      },
    },
  } as FigureSpec
}

/** Nothing where no map holds a histogram. */
export async function mapHistogramsHtml(
  name: string,
  histograms: readonly MapHistogram[],
  exhibits: Exhibits,
): Promise<Html> {
  const figures: Html[] = []
  for (const [map, list] of Map.groupBy(histograms, (histogram) => histogram.map)) {
    const byName = [...Map.groupBy(list, (histogram) => histogram.name)]
    const left = byName.length - MOST_OF_A_MAP
    const more = left > 0 ? ` ${left} more keys of ${printable(map, 40)} are not drawn.` : ''
    for (const [title, arms] of byName.slice(0, MOST_OF_A_MAP)) {
      const part = arms.flatMap(({ arm, read, of, cut }) => [
        ...(read < of ? [` ${arm}: the newest ${read} of ${of} runs.`] : []),
        ...(cut > 0
          ? [
              ` ${arm}: in ${cut} of ${plural(read, 'run')} the map had more entries than a result keeps; counts are too low.`,
            ]
          : []),
      ])
      figures.push(
        await exhibits.figure(
          [name, 'histogram', title],
          `${name}: the histogram ${printable(title, 80)}, summed over the runs of an arm; each bar is a power of two, and each row is scaled to its own height.${part.join('')}${more}${mark(arms.flatMap(({ runs }) => runs))}`,
          log2Figure(title, arms),
        ),
      )
    }
  }
  return figures.length === 0 ? html`` : html`<h3>Histograms in maps</h3>\n${figures}`
}
