/**
 * A timeline as a Perfetto trace (.pftrace, for ui.perfetto.dev and trace_processor). The only file that knows
 * protobuf.
 */
import { join } from 'node:path'
import type { Type } from 'protobufjs'
import type { Args, Item, Track } from './timeline.ts'

const SCHEMA = join(import.meta.dirname, 'perfetto.proto')
const SEQUENCE = 1
const FLAGS = { cleared: 1, needs: 2 } as const
const TYPES = { begin: 1, end: 2, instant: 3, counter: 4 } as const
const [EXPLICIT_ORDER, UNIT_TIME_NS] = [3, 1]
/** Names that get a number; a program that prints something else each time would have one for each. */
const MOST_NAMES = 20_000

/** Names that come again and again, written once. */
class Names {
  readonly #known = new Map<string, number>()
  #fresh: { iid: number; name: string }[] = []

  /** undefined: it is written out each time. */
  number(name: string): number | undefined {
    let iid = this.#known.get(name)
    if (iid === undefined && this.#known.size < MOST_NAMES) {
      iid = this.#known.size + 1
      this.#known.set(name, iid)
      this.#fresh.push({ iid, name })
    }
    return iid
  }

  /** Those that the packet in hand is the first to use. */
  take(): { iid: number; name: string }[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }
}

function descriptor({ id, name, kind, parent, pid, cpu }: Track) {
  const common = { uuid: id, name, ...(parent === undefined ? {} : { parentUuid: parent }) }
  // Perfetto takes a thread's process from its pid, and no parent of it.
  if (kind === 'process') return { uuid: id, process: { pid, processName: name } }
  if (kind === 'thread') return { uuid: id, thread: { pid, tid: pid, threadName: name } }
  if (kind === 'counter') return { ...common, counter: { unit: UNIT_TIME_NS } }
  if (kind === 'cpu') return { ...common, siblingOrderRank: cpu }
  return { ...common, ...(kind === 'group' ? { childOrdering: EXPLICIT_ORDER } : {}) }
}

export interface Encoder {
  /** Bytes to append to the file. */
  encode(item: Item): Uint8Array
}

/** @returns what writes one trace; it remembers names, so each file needs its own */
export async function perfettoEncoder(): Promise<Encoder> {
  const { default: protobuf } = await import('protobufjs')
  const root = await protobuf.load(SCHEMA)
  const trace: Type = root.lookupType('perfetto.protos.Trace')
  const { Long } = protobuf.util
  const [names, keys] = [new Names(), new Names()]
  let first = true

  /** A number where it is exact, which costs a third of the time. */
  const exact = (value: bigint) =>
    value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : new Long(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)), true)

  const annotations = (args: Args) =>
    Object.entries(args).map(([key, value]) => ({
      nameIid: keys.number(key),
      ...(typeof value === 'number' ? { intValue: value } : { stringValue: value }),
    }))

  const named = (name: string) => {
    const nameIid = names.number(name)
    return nameIid === undefined ? { name } : { nameIid }
  }

  function packet(item: Item): Record<string, unknown> {
    if (item.type === 'track') return { trackDescriptor: descriptor(item.track) }
    const { track, timeNs, type } = item
    const trackEvent = {
      trackUuid: track.id,
      type: TYPES[type],
      ...('name' in item ? named(item.name) : {}),
      ...('args' in item && item.args ? { debugAnnotations: annotations(item.args) } : {}),
      ...('value' in item ? { counterValue: item.value } : {}),
    }
    return { timestamp: exact(timeNs), trackEvent }
  }

  return {
    encode(item) {
      const body = packet(item)
      const [eventNames, debugAnnotationNames] = [names.take(), keys.take()]
      const fresh = eventNames.length + debugAnnotationNames.length > 0
      const whole = {
        ...body,
        trustedPacketSequenceId: SEQUENCE,
        ...(fresh ? { internedData: { eventNames, debugAnnotationNames } } : {}),
        sequenceFlags: first ? FLAGS.cleared | FLAGS.needs : FLAGS.needs,
        ...(first ? { firstPacketOnSequence: true } : {}),
      }
      first = false
      // A file of packets is one message with many of them; messages in a row are one message with the fields of all.
      return trace.encode({ packet: [whole] }).finish()
    },
  }
}
