/**
 * A view of a run that goes on (`lab run --follow`). The holder, which stays the only reader of the kernel's buffers,
 * sends what it has recorded; here it becomes lines. It is a view: the result is made from the files, whole, as without
 * it.
 */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { traceLines } from '../../trace/events/trace-table.ts'
import { mergeByTime, typedEvents } from '../../trace/events/typed-parquet.ts'
import type { Emit } from '../../engine/event.ts'
import { makeScratch } from '../../engine/scratch.ts'
import { reportText } from '../../host/trace-cmd.ts'
import { PAGE, traceDat } from '../../linux/ftrace/trace-dat.ts'
import { isPrintk, parseTraceText, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import type { HolderLine } from './holder.ts'
import type { BootMeta } from './meta.ts'
import type { Described } from './slots.ts'
import { channelOf } from './typed.ts'

type Live = Extract<HolderLine, { event: 'pages' | 'records' | 'comms' | 'look' }>

const LIVE: ReadonlySet<string> = new Set(['pages', 'records', 'comms', 'look'] satisfies Live['event'][])
export const isLive = (line: HolderLine): line is Live => LIVE.has(line.event)

/** What one look of the holder brought. */
interface Look {
  readonly pages: ReadonlyMap<number, Buffer>
  readonly records: ReadonlyMap<string, Buffer>
  readonly comms: string
}

export interface FollowInput {
  readonly meta: BootMeta
  readonly clock: string
  /** In the order in which the holder has the objects. */
  readonly described: readonly Described[]
  readonly emit: Emit
  readonly signal: AbortSignal
}

export class Follower implements AsyncDisposable {
  readonly #input: FollowInput
  #pages = new Map<number, Buffer>()
  #records = new Map<string, Buffer>()
  #comms = ''
  #skipped = 0
  readonly #looks: Look[] = []
  #working: Promise<void> | undefined
  #dir: string | undefined
  #failed: unknown

  constructor(input: FollowInput) {
    this.#input = input
  }

  /** A line of the holder. Never waits and never throws: the run goes on whatever becomes of its view. */
  take(line: Live): void {
    if (line.event === 'comms') this.#comms = line.text
    else if (line.event === 'pages') append(this.#pages, line.cpu, line.data)
    else if (line.event === 'records') append(this.#records, `${line.object} ${line.map}`, line.data)
    else this.#look(line.skipped)
  }

  #look(skipped: number): void {
    if (skipped > this.#skipped)
      this.#say([
        `--- ${skipped - this.#skipped} pages are not shown: they came faster than they could be sent; the recording has them`,
      ])
    this.#skipped = skipped
    if (this.#pages.size > 0 || this.#records.size > 0)
      this.#looks.push({ pages: this.#pages, records: this.#records, comms: this.#comms })
    this.#pages = new Map()
    this.#records = new Map()
    this.#working ??= this.#work().finally(() => (this.#working = undefined))
  }

  #say(lines: readonly string[]): void {
    if (lines.length > 0) this.#input.emit({ type: 'trace', lines })
  }

  async #work(): Promise<void> {
    for (let look = this.#looks.shift(); look && this.#failed === undefined; look = this.#looks.shift())
      try {
        this.#say(traceLines((await this.#events(look)).filter(isPrintk)))
      } catch (error) {
        this.#failed = error
      }
  }

  async #events({ pages, records, comms }: Look): Promise<readonly TraceEvent[]> {
    const typed = [...records].flatMap(([key, bytes]) => typedEvents(this.#typed(key, bytes)))
    typed.sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0))
    return mergeByTime(pages.size === 0 ? [] : await this.#traced(pages, comms), typed)
  }

  /** Records that are cut in the middle wait for their rest. */
  readonly #rests = new Map<string, Buffer>()

  #typed(key: string, bytes: Buffer) {
    const [object = '', map = ''] = key.split(' ')
    const all = Buffer.concat([this.#rests.get(key) ?? Buffer.alloc(0), bytes])
    const { channel, used } = channelOf(this.#input.described[Number(object)], map, all)
    this.#rests.set(key, Buffer.from(all.subarray(used)))
    return channel
  }

  async #traced(pages: ReadonlyMap<number, Buffer>, cmdlines: string): Promise<readonly TraceEvent[]> {
    const { meta, clock, signal } = this.#input
    this.#dir ??= await makeScratch('follow')
    const file = join(this.#dir, 'trace.dat')
    const cpus = Array.from({ length: Math.max(...pages.keys()) + 1 }, (_, cpu) => whole(pages.get(cpu)))
    await writeFile(
      file,
      traceDat({ meta: { ...meta, kallsyms: Buffer.alloc(0) }, cpus, stats: [], cmdlines, clock, uname: meta.version }),
    )
    return parseTraceText((await reportText(file, signal)).split('\n')).events
  }

  /** Says what is left, and why the view ended early, if it did. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#working
    if (this.#failed !== undefined && !this.#input.signal.aborted)
      this.#say(['--- the view ended early: what was sent could not be read; the recording goes on'])
    if (this.#dir !== undefined) await rm(this.#dir, { recursive: true, force: true })
  }
}

function append<K>(map: Map<K, Buffer>, key: K, hex: string): void {
  map.set(key, Buffer.concat([map.get(key) ?? Buffer.alloc(0), Buffer.from(hex, 'hex')]))
}

/** Whole pages of what a guest says are pages. */
const whole = (bytes: Buffer = Buffer.alloc(0)): Buffer => bytes.subarray(0, Math.floor(bytes.length / PAGE) * PAGE)
