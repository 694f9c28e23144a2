/**
 * Maps that count: drawn with a bar for each slot, as bcc and bpftrace draw histograms. The slots of a log2 histogram
 * are powers of two: slot n has the values from 2^n up to 2^(n+1) - 1, and slot 0 has 0 and 1 (libbpf-tools of bcc,
 * log2l in bits.bpf.h and print_log2_hist in trace_helpers.c). Members called slots are found by log2-slots.ts.
 */
import type { Maps } from './maps-file.ts'

type DumpedMap = Maps['maps'][number]

/** A row of a histogram. */
export interface Slot {
  readonly label: string
  readonly count: number
}

export interface Histogram {
  /** What a slot stands for. */
  readonly head: string
  readonly slots: readonly Slot[]
}

/** Columns of the longest bar. */
const BAR = 40
/** So many slots at least: fewer numbers are read faster than drawn. */
const FEWEST = 4
/** A value of 64 bits has so many powers of two. */
const MOST = 64

/** Names of maps whose slots are powers of two, by custom of bcc, libbpf-tools and bpftrace. */
const LOG2_NAME = /hist|log2|slots|dist(?:ribution)?s?$/i

/** A count; of a per-CPU map the sum over its CPUs. Undefined for anything else. */
function countOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value >= 0 ? value : undefined
  if (typeof value === 'string') return /^\d{1,20}$/.test(value) ? Number(value) : undefined
  if (!Array.isArray(value)) return undefined
  const counts = value.map(countOf)
  return counts.includes(undefined) ? undefined : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
}

/** "0 -> 1", "2 -> 3", "4 -> 7": the values of a slot. */
const powers = (slot: number): string => `${slot === 0 ? 0n : 1n << BigInt(slot)} -> ${(1n << BigInt(slot + 1)) - 1n}`

/** Empty slots at both ends say nothing. */
function trimmed(counts: readonly number[]): { readonly first: number; readonly kept: readonly number[] } {
  const first = counts.findIndex((count) => count > 0)
  const last = counts.findLastIndex((count) => count > 0)
  return first < 0 ? { first: 0, kept: [] } : { first, kept: counts.slice(first, last + 1) }
}

function drawn(counts: readonly number[], isLog2: boolean): Histogram {
  const { first, kept } = trimmed(counts)
  const slots = kept.map((count, at) => ({ label: isLog2 ? powers(first + at) : String(first + at), count }))
  return { head: isLog2 ? 'value' : 'slot', slots }
}

/** Counts by their slot, where keys are the numbers from 0 on. */
function bySlot({ entries }: DumpedMap): number[] | undefined {
  const counts: number[] = []
  for (const { key, value } of entries) {
    const count = countOf(value)
    if (typeof key !== 'number' || !Number.isInteger(key) || key < 0 || key >= MOST || count === undefined)
      return undefined
    counts[key] = count
  }
  return Array.from(counts, (count) => count ?? 0)
}

/** Counts of powers of two as rows. */
export const log2Histogram = (counts: readonly number[]): Histogram => drawn(counts, true)

/** The histogram that a whole map is: an array of counts. */
export function histogramOf(map: DumpedMap): Histogram | undefined {
  if (!/array|hash/.test(map.type) || map.name.startsWith('.')) return undefined
  const counts = bySlot(map)
  if (counts === undefined || counts.length < FEWEST || counts.every((count) => count === 0)) return undefined
  return drawn(counts, LOG2_NAME.test(map.name))
}

/** The rows as lines: label, count, and a bar whose length is the share of the largest count. */
export function histogramLines({ head, slots }: Histogram): string[] {
  const most = Math.max(...slots.map(({ count }) => count))
  const [width, digits] = [
    Math.max(head.length, ...slots.map(({ label }) => label.length)),
    Math.max('count'.length, ...slots.map(({ count }) => String(count).length)),
  ]
  const bar = (count: number) => '█'.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * BAR)))
  return [
    `${head.padStart(width)}  ${'count'.padStart(digits)}`,
    ...slots.map(({ label, count }) =>
      `${label.padStart(width)}  ${String(count).padStart(digits)}  ${bar(count)}`.trimEnd(),
    ),
  ]
}
