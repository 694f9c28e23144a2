/**
 * The loss ledger: every layer where an event can vanish, and what it adds up to. A run that cannot prove that it is
 * complete says so. The ring buffers' side of it is in ring-ledger.ts.
 */
import { NOT_RUN } from '../../linux/explain/loss-advice.ts'
import { parseRingStats, ringBalance, type PerCpu, type Recorded, type RingBalance } from './ring-ledger.ts'

/** One channel of typed events (EVENTS of lab.bpf.h), counted on every side. */
export interface ChannelLoss {
  readonly name: string
  /** `ring buffer` or `perf event array`. */
  readonly kind: string
  /** By the probe's own counters; -1 where it has none. */
  readonly sent: number
  /** Found the buffer full, by the probe's own counters; -1 where it has none. */
  readonly lost: number
  readonly perCpu: readonly number[]
  /** What the kernel's own records in a perf buffer say was lost. */
  readonly marked: number
  /** Taken out of the buffer, and of those read as events. */
  readonly records: number
  readonly read: number
  /** The map has no type to read them by. */
  readonly untyped: boolean
  /** Why the reader stopped early; 0 when it did not. */
  readonly errno: number
}

export interface LossInput {
  /** Text of each CPU's stats, read after the recording. */
  readonly stats: readonly string[]
  /** CPUs that were recorded, where it is known: each must have its stats. */
  readonly cpus?: number | undefined
  /**
   * Per program; negative where no count could be had. `section` ("kprobe/f", "tracepoint/a/b") tells whether there
   * should be one.
   */
  readonly missed: readonly {
    readonly program: string
    readonly missed: number
    readonly section?: string
    /** Hits for which the kernel did not run the program, as far as it tells. */
    readonly skipped?: number
  }[]
  /** Channels of typed events; none when left out. */
  readonly typed?: readonly ChannelLoss[] | undefined
  /** LOST and DROPPED markers in the text; without a count where the text has none. */
  readonly markers: readonly { readonly count?: number | undefined }[]
  readonly notUnderstood: number
  /**
   * Events in the trace, of all kinds and CPUs: compared with what the ring buffers say was read. Left out where a text
   * has no counters.
   */
  readonly recorded?: Recorded | undefined
  /** Why the recorder stopped early, if it did. */
  readonly captureError?: string | undefined
  /** What somebody else did that can have cost events, one sentence each. */
  readonly interference?: readonly string[] | undefined
  /** Messages that are in the trace too seldom or too often for what the programs did, one sentence each. */
  readonly messages?: readonly string[] | undefined
  /** Stacks that were counted and are not known, one sentence each. */
  readonly stacks?: readonly string[] | undefined
  /** Events that every whole recording has and this one does not; only worth saying where nothing else explains it. */
  readonly absent?: readonly string[] | undefined
  /** Why nobody can tell whether somebody did. */
  readonly unwatched?: readonly string[] | undefined
}

/** Where an event can vanish. */
export type Layer =
  'overrun' | 'commitOverrun' | 'dropped' | 'unread' | 'taken' | 'missed' | 'skipped' | 'typed' | 'lostMarkers'

/** Layers that a result names only where something was lost in them: results of earlier versions do not have them. */
const ONLY_IF_LOST: ReadonlySet<Layer> = new Set(['taken'])

export interface Ledger {
  readonly completeness: 'complete' | 'incomplete' | 'unknown'
  /**
   * Events lost per layer; null where the number is not known. The same event can be in `overrun` and in `lostMarkers`.
   */
  readonly losses: Readonly<Partial<Record<Layer, number | null>>>
  /** Per CPU, in the order of the input; null where the text could not be read. */
  readonly perCpu: PerCpu
  /** One line each: first what was lost, then what is not known. */
  readonly reasons: readonly string[]
}

const WHY: Readonly<Record<Layer, string>> = {
  overrun: 'events were overwritten in the ring buffer before they were read: raise `trace: { buffer: ... }`',
  commitOverrun: 'events were lost because an interrupt wrote while another write was open: raise the buffer',
  dropped: 'events were dropped because the ring buffer was full: raise `trace: { buffer: ... }`',
  unread: 'events were left in the ring buffer when the recording ended',
  taken: 'events were read from the ring buffer by somebody other than the recorder',
  missed:
    'hits of a kprobe were missed (it was hit inside another probe, or on a CPU that was in one; before 5.14 the kernel also counts each page fault of a probe, as where it walks the stack of a program)',
  skipped: NOT_RUN,
  typed: 'typed events found their buffer full: raise `trace: { buffer: ... }`',
  lostMarkers: 'the trace itself says that events were lost',
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
const LAYERS = Object.keys(WHY) as readonly Layer[]

/** What is known of a layer: a number, and whether that is all of it. */
interface Known {
  readonly least: number
  readonly whole: boolean
  /** " (CPU 0: 3, CPU 2: 1)". */
  readonly where: string
}

function ringLoss(counter: 'overrun' | 'commitOverrun' | 'dropped' | 'entries', perCpu: PerCpu): Known {
  const counts = perCpu.map((counters) => counters?.[counter] ?? 0)
  const parts = counts.flatMap((count, cpu) => (count > 0 ? [`CPU ${cpu}: ${count}`] : []))
  return {
    least: sum(counts),
    whole: perCpu.length > 0 && perCpu.every((counters) => counters !== null),
    where: parts.length === 0 ? '' : ` (${parts.join(', ')})`,
  }
}

/** Where the counters cannot tell what of it is in the trace, nothing is known to be lost. */
const unreadLoss = (perCpu: PerCpu, { unread }: RingBalance): Known =>
  unread === 0 || unread === undefined ? { least: 0, whole: unread === 0, where: '' } : ringLoss('entries', perCpu)

/**
 * What a channel lost: by its counters, or, where the kernel told the probe of no error (before 5.1), what was sent and
 * did not arrive.
 */
const lostOf = ({ sent, lost, marked, read, untyped }: ChannelLoss): number =>
  Math.max(lost, marked, untyped || sent < 0 ? 0 : sent - read + Math.max(lost, 0))

function typedLoss(channels: readonly ChannelLoss[]): Known {
  const parts = channels.flatMap((channel) => (lostOf(channel) > 0 ? [`${channel.name}: ${lostOf(channel)}`] : []))
  return {
    least: sum(channels.map(lostOf)),
    whole: channels.every(({ lost, errno }) => lost >= 0 && errno === 0),
    where: parts.length === 0 ? '' : ` (${parts.join(', ')})`,
  }
}

function typedDoubts(channels: readonly ChannelLoss[]): string[] {
  return channels.flatMap(({ name, kind, sent, read, records, untyped, errno }) => [
    ...(untyped && records > 0
      ? [
          `${records} records of the ${kind} ${name} have no type, so they are not in the trace: declare it with EVENTS()`,
        ]
      : []),
    ...(!untyped && sent < 0
      ? [`${name} has no counters, so nobody knows what it lost: declare it with EVENTS()`]
      : []),
    ...(!untyped && sent >= 0 && read > sent ? [`${read} events ${name} were read, and ${sent} were sent`] : []),
    ...(errno === 0 ? [] : [`the reader of ${name} stopped early (errno ${errno})`]),
  ])
}

/** kprobe_profile has kprobe events only; for programs of other kinds there is no such count to ask for. */
const isCounted = (section: string | undefined): boolean => section === undefined || /^k(ret)?probe\//.test(section)

function doubts(input: LossInput, perCpu: PerCpu, balance: RingBalance): string[] {
  const { stats, cpus, missed, notUnderstood } = input
  const unknown = missed
    .filter((program) => program.missed < 0 && isCounted(program.section))
    .map(({ program }) => program)
  const readable = stats.length > 0 && perCpu.every((counters) => counters !== null)
  return [
    ...(readable ? [] : ['the loss counters of the ring buffer could not be read']),
    ...(cpus !== undefined && stats.length < cpus ? [`of ${cpus} CPUs only ${stats.length} have loss counters`] : []),
    ...(unknown.length > 0 ? [`how many hits were missed is not known for ${unknown.join(', ')}`] : []),
    ...(notUnderstood > 0
      ? [
          `${notUnderstood} line${notUnderstood === 1 ? '' : 's'} of the trace ${notUnderstood === 1 ? 'was' : 'were'} not understood`,
        ]
      : []),
    ...typedDoubts(input.typed ?? []),
    ...balance.doubts,
    ...(input.unwatched ?? []),
  ]
}

/** Adds up all layers. */
export function lossLedger(input: LossInput): Ledger {
  const perCpu = input.stats.map((text) => parseRingStats(text) ?? null)
  const missed = input.missed.filter(({ section }) => isCounted(section)).map((program) => program.missed)
  const marks = input.markers.map(({ count }) => count)
  const balance = ringBalance(perCpu, input.recorded)
  const layers: Readonly<Record<Layer, Known>> = {
    overrun: ringLoss('overrun', perCpu),
    commitOverrun: ringLoss('commitOverrun', perCpu),
    dropped: ringLoss('dropped', perCpu),
    unread: unreadLoss(perCpu, balance),
    taken: { least: balance.taken, whole: true, where: '' },
    missed: { least: sum(missed.filter((count) => count > 0)), whole: missed.every((count) => count >= 0), where: '' },
    skipped: { least: sum(input.missed.map((program) => Math.max(0, program.skipped ?? 0))), whole: true, where: '' },
    typed: typedLoss(input.typed ?? []),
    lostMarkers: { least: sum(marks.map((mark) => mark ?? 0)), whole: !marks.includes(undefined), where: '' },
  }
  const lost = LAYERS.flatMap((layer) => {
    const { least, whole, where } = layers[layer]
    // A marker without a number is a loss all the same.
    if (least === 0 && (layer !== 'lostMarkers' || whole)) return []
    return [`${whole ? least : `at least ${Math.max(1, least)}`}: ${WHY[layer]}${where}`]
  })
  lost.push(...balance.losses, ...(input.interference ?? []), ...(input.messages ?? []), ...(input.stacks ?? []))
  if (input.captureError !== undefined) lost.push(`the recording ended early: ${input.captureError}`)
  if (lost.length === 0) lost.push(...(input.absent ?? []))
  const unknown = doubts(input, perCpu, balance)
  const named = LAYERS.filter((layer) => !ONLY_IF_LOST.has(layer) || layers[layer].least > 0)
  return {
    completeness: lost.length > 0 ? 'incomplete' : unknown.length > 0 ? 'unknown' : 'complete',
    losses: Object.fromEntries(
      named.map((layer) => [layer, layers[layer].whole ? layers[layer].least : null] as const),
    ),
    perCpu,
    reasons: [...lost, ...unknown],
  }
}
