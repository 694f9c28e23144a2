/**
 * Writes a trace.dat (version 6) from raw ring buffer pages, so that trace-cmd and KernelShark open what the lab
 * recorded. The layout is that of trace-cmd's Documentation/trace-cmd/trace-cmd.dat.v6.5.txt: headers, formats,
 * symbols, options, then the pages of each CPU at page-aligned offsets.
 */
export interface TraceMeta {
  readonly headerPage: Buffer
  readonly headerEvent: Buffer
  /** system -> event -> text of its format file. `ftrace` holds the internal events. */
  readonly formats: ReadonlyMap<string, ReadonlyMap<string, Buffer>>
  readonly kallsyms: Buffer
  readonly printkFormats: Buffer
}

export interface TraceData {
  readonly meta: TraceMeta
  /** Raw pages, one buffer per CPU; whole pages of 4096 bytes. */
  readonly cpus: readonly Buffer[]
  /** Text of per_cpu/cpuN/stats after the run, per CPU: overruns stay inside the file. */
  readonly stats: readonly string[]
  /** Text of saved_cmdlines: "pid comm" per line. */
  readonly cmdlines: string
  readonly clock: string
  /** `uname -a` of the guest, as far as it is known. */
  readonly uname: string
}

export const PAGE = 4096
/** Of a size; bytes. */
const NO_CLOCK = 8

const u16 = (value: number) => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const u64 = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
const text = (value: string) => Buffer.from(`${value}\0`, 'latin1')
const sized = (bytes: Buffer) => [u64(bytes.length), bytes]

/** Option ids of the file format. */
const OPTION = { done: 0, cpustat: 2, traceclock: 4, uname: 5, cpucount: 8 } as const

/** Clocks in the order of the kernel's list, the chosen one in brackets, as the trace_clock file shows it. */
const clockList = (clock: string) =>
  ['local', 'global', 'counter', 'uptime', 'perf', 'mono', 'mono_raw', 'boot', 'x86-tsc']
    .map((name) => (name === clock ? `[${name}]` : name))
    .join(' ')

function formats(meta: TraceMeta): Buffer[] {
  const internal = [...(meta.formats.get('ftrace') ?? new Map<string, Buffer>()).values()]
  const systems = [...meta.formats].filter(([system]) => system !== 'ftrace')
  return [
    u32(internal.length),
    ...internal.flatMap(sized),
    u32(systems.length),
    ...systems.flatMap(([system, events]) => [text(system), u32(events.size), ...[...events.values()].flatMap(sized)]),
  ]
}

function options({ stats, clock, uname, cpus }: TraceData): Buffer[] {
  const option = (id: number, bytes: Buffer) => [u16(id), u32(bytes.length), bytes]
  return [
    Buffer.from('options  \0'),
    ...option(OPTION.traceclock, text(clockList(clock))),
    ...option(OPTION.uname, text(uname)),
    ...stats.flatMap((one, cpu) => option(OPTION.cpustat, text(`CPU: ${cpu}\n${one}`))),
    ...option(OPTION.cpucount, u32(cpus.length)),
    u16(OPTION.done),
  ]
}

/** The file as chunks, in order. Throws a RangeError when a CPU's data is not whole pages. */
export function traceDat(data: TraceData): Buffer[] {
  const { meta, cpus, cmdlines } = data
  for (const [cpu, pages] of cpus.entries())
    if (pages.length % PAGE !== 0) throw new RangeError(`CPU ${cpu}: ${pages.length} bytes are not whole pages`)
  const head = [
    Buffer.from([0x17, 0x08, 0x44]),
    Buffer.from('tracing'),
    text('6'),
    // Little endian, 8-byte longs: x86-64 is the only guest there is.
    Buffer.from([0, 8]),
    u32(PAGE),
    text('header_page'),
    ...sized(meta.headerPage),
    text('header_event'),
    ...sized(meta.headerEvent),
    ...formats(meta),
    u32(meta.kallsyms.length),
    meta.kallsyms,
    u32(meta.printkFormats.length),
    meta.printkFormats,
    ...sized(Buffer.from(cmdlines, 'latin1')),
    u32(cpus.length),
    ...options(data),
    Buffer.from('flyrecord\0'),
  ]
  const table = cpus.length * 16
  const size = head.reduce((sum, chunk) => sum + chunk.length, 0) + table
  // trace-cmd reads the size of another text of the clock behind the table, and 0 says that there is none. Where the
  // table ended with a page it took the first event for that size, or said "cannot read clock size" and ended with 255
  // (seen with 3.1, once in some hundred runs).
  let offset = Math.ceil((size + NO_CLOCK) / PAGE) * PAGE
  const padding = Buffer.alloc(offset - size)
  const entries = cpus.map((pages) => {
    const entry = Buffer.concat([u64(offset), u64(pages.length)])
    offset += pages.length
    return entry
  })
  return [...head, ...entries, padding, ...cpus]
}
