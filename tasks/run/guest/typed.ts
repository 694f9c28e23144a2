/** Typed events of a run: the holder's files, read by the types of the objects that sent them. */
import { columnTypes, type Channel, type TypedRecord } from '../../trace/events/typed-parquet.ts'
import type { ChannelLoss } from '../../trace/events/loss.ts'
import { userError } from '../../engine/error.ts'
import { eventColumns, HEADER, readHead, RECORD_SIZE, recordsIn } from '../../linux/objects/event-record.ts'
import type { GuestRun } from './guest-output.ts'
import { of, type HolderLine } from './holder.ts'
import type { Manifest } from '../../results/manifest.ts'
import type { Described } from './slots.ts'

export interface Typed {
  readonly channels: readonly Channel[]
  readonly losses: readonly ChannelLoss[]
}

export const NO_TYPED: Typed = { channels: [], losses: [] }

/** The clock of emit(): bpf_ktime_get_ns() is the trace's clock `mono`. No helper of the kernel reads the others. */
const CLOCK = 'mono'

const channelsOf = (described: readonly Described[]) =>
  described.flatMap(({ name, object }) => object.maps.flatMap((map) => (map.event === undefined ? [] : { name, map })))

/**
 * What stands against typed events, before a VM is asked.
 * @throws Failure (user): another clock than theirs, or a name that two probes use
 */
export function checkTyped(described: readonly Described[], clock: string, place: string): void {
  const all = channelsOf(described)
  const [first] = all
  if (first !== undefined && clock !== CLOCK)
    throw userError({
      place: `${place}, trace.clock: ${clock}`,
      fact: `typed events (${first.map.name} of ${first.name}) carry the clock mono, so they cannot be put in order with a trace by another clock`,
      wayOut: 'leave `clock:` out, or print with say()',
    })
  const twice = all.find(({ map }, index) => all.findIndex((channel) => channel.map.name === map.name) !== index)
  if (twice !== undefined)
    throw userError({
      place,
      fact: `two probes have typed events called ${twice.map.name}`,
      wayOut: 'give one of them another name: EVENTS(NAME, struct ...)',
    })
}

const inOrder = (a: TypedRecord, b: TypedRecord): number => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0)

/**
 * The whole records in these bytes, in order of time.
 * @returns no channel's events where the map has no type; `used`: bytes up to the first record that is cut off
 */
export function channelOf(
  described: Described | undefined,
  map: string,
  bytes: Buffer,
): { readonly channel: Channel; readonly used: number; readonly untyped: boolean } {
  const type = described?.object.maps.find((declared) => declared.name === map)?.event
  if (described === undefined || type === undefined)
    return { channel: { name: map, type: '', columns: [], records: [] }, used: bytes.length, untyped: true }
  const { btf } = described.object
  const columns = eventColumns(btf, type)
  const size = HEADER + btf.sizeOf(type)
  const records: TypedRecord[] = []
  let used = 0
  for (const record of recordsIn(bytes)) {
    used += record.length + RECORD_SIZE
    if (record.length >= size)
      records.push({ ...readHead(record), values: columns.map((column) => column.read(record, HEADER)) })
  }
  // Each CPU's are in order; those of different CPUs stand as they were read.
  records.sort(inOrder)
  return { channel: { name: map, type: btf.nameOf(type), columns, records }, used, untyped: false }
}

/** What one channel lost, by the holder's counts and by what came out of its file. */
export function lossOf(line: Extract<HolderLine, { event: 'events' }>, found: number, untyped: boolean): ChannelLoss {
  const { map: name, kind, records, sent, lost, lostPerCpu, marked, errno } = line
  const perCpu = lostPerCpu === '' ? [] : lostPerCpu.split(',').map(Number)
  return { name, kind, sent, lost, perCpu, marked, errno, records, read: found, untyped }
}

function read(
  line: Extract<HolderLine, { event: 'events' }>,
  { files }: Pick<GuestRun, 'files'>,
  described: Described | undefined,
): { channel: Channel | undefined; loss: ChannelLoss } {
  const { object, map } = line
  const bytes = files.get(`events-${object}-${map}`) ?? Buffer.alloc(0)
  const { channel, untyped } = channelOf(described, map, bytes)
  return { channel: untyped ? undefined : channel, loss: lossOf(line, channel.records.length, untyped) }
}

/** @param described in the order in which the holder got the objects */
export function typedOf(guest: Pick<GuestRun, 'lines' | 'files'>, described: readonly Described[]): Typed {
  const all = of(guest.lines, 'events').map((line) => read(line, guest, described[line.object]))
  return { channels: all.flatMap(({ channel }) => channel ?? []), losses: all.map(({ loss }) => loss) }
}

/** The channels as the manifest has them. */
export const typedFacts = ({ channels, losses }: Typed): NonNullable<Manifest['trace']['typed']> =>
  channels.map(({ name, type, columns, records }) => {
    const { kind = '', sent = -1, lost = -1, perCpu = [] } = losses.find((loss) => loss.name === name) ?? {}
    const facts = { name, type, kind, events: records.length, sent, lost, lostPerCpu: perCpu }
    return { ...facts, columns: Object.fromEntries(columnTypes(columns)) }
  })
