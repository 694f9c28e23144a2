/**
 * Messages of many runs, row by row, as reads with the time between their steps. The same cut as `sequences.ts` makes
 * of one run in memory, for any number of events: nothing is kept of a read but its times.
 */

/** Steps of one read at most; a longer one is no path that a person can look at. */
export const MOST_STEPS = 31
/** Different reads that are told apart where nobody declared what a read is. */
const MOST_KINDS = 500

function sameSteps(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let step = 0; step < a.length; step++) if (a[step] !== b[step]) return false
  return true
}

/** Numbers that grow, without an object for each. */
class Growing<List extends Float32Array | Float64Array> {
  readonly #make: (length: number) => List
  #values: List
  #view: List | undefined
  length = 0

  constructor(make: (length: number) => List) {
    this.#make = make
    this.#values = make(64)
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = this.#make(this.length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#view = undefined
    this.#values[this.length++] = value
  }

  /** A view, which the next `push` may outdate; the same one until then. */
  get values(): List {
    return (this.#view ??= this.#values.subarray(0, this.length) as List)
  }
}

/** Durations: four bytes hold up to 16 ms to the nanosecond, and longer ones to seven digits. */
export class Numbers extends Growing<Float32Array> {
  constructor() {
    super((length) => new Float32Array(length))
  }
}

/** Times and indices. */
class Exact extends Growing<Float64Array> {
  constructor() {
    super((length) => new Float64Array(length))
  }
}

/** Where a read is, so that it can be looked up. */
export interface Place {
  readonly run: number
  readonly pid: number
  /** Number of its first row, as the caller counts them: several messages can have one time. */
  readonly row: number
}

/** Reads of one kind. */
export class Kind {
  /** Text of each step, by its number in the caller's list. */
  readonly steps: readonly number[]
  /** `gaps[i]`: from step i to step i + 1, of every read. */
  readonly gaps: readonly Numbers[]
  readonly durations = new Numbers()
  readonly #runs = new Numbers()
  readonly #pids = new Exact()
  readonly #rows = new Exact()

  constructor(steps: readonly number[]) {
    this.steps = steps
    this.gaps = steps.slice(1).map(() => new Numbers())
  }

  get count(): number {
    return this.durations.length
  }

  /** @param times of its steps @param row of the first */
  add(times: readonly number[], run: number, pid: number, row: number): void {
    // Without an iterator: this runs for each of a million messages.
    for (let step = 0; step < this.gaps.length; step++)
      this.gaps[step]?.push((times[step + 1] ?? 0) - (times[step] ?? 0))
    const [start = 0, end = 0] = [times[0], times.at(-1)]
    this.durations.push(end - start)
    this.#runs.push(run)
    this.#pids.push(pid)
    this.#rows.push(row)
  }

  /** Durations of the reads of each run, whose rows came one after the other. */
  byRun(): Map<number, Float32Array> {
    const found = new Map<number, Float32Array>()
    const [runs, durations] = [this.#runs.values, this.durations.values]
    for (let from = 0; from < runs.length;) {
      let to = from
      while (to < runs.length && runs[to] === runs[from]) to++
      // The only run has all of them: what is known of the whole list is known of it.
      found.set(runs[from] ?? 0, to - from === durations.length ? durations : durations.subarray(from, to))
      from = to
    }
    return found
  }

  /** A read of the median duration: one that happened, not an average of all. */
  typical(): Place | undefined {
    const durations = this.durations.values
    const middle = durations.toSorted()[Math.floor((durations.length - 1) / 2)]
    const at = middle === undefined ? -1 : durations.indexOf(middle)
    const [run, pid, row] = [this.#runs, this.#pids, this.#rows].map(({ values }) => values[at])
    return run === undefined || pid === undefined || row === undefined ? undefined : { run, pid, row }
  }
}

/** Whether a text can be each of the steps: a bit for each, the first one lowest. */
export type Mask = number

/** The read that a process is in. */
interface OpenRead {
  /** The process's first text of all. */
  readonly first: number
  readonly texts: number[]
  readonly times: number[]
  /** Of its first message, for `Place`. */
  row: number
  /** So far it is what was declared. */
  expected: boolean
}

export class ReadCutter {
  readonly #masks: ((text: number) => Mask) | undefined
  readonly #length: number
  readonly #kinds = new Map<string, Kind>()
  #recent: Kind | undefined
  #run = -1
  /** Of this run, by the process. */
  readonly #open = new Map<number, OpenRead>()
  /** Groups that are no whole read: of an exec, cut off, or of another order. */
  others = 0

  /**
   * @param order how many steps a read has, and which a text can be; left out: a read begins wherever the process's
   * first text comes again
   */
  constructor(order?: { readonly length: number; readonly mask: (text: number) => Mask }) {
    this.#masks = order?.mask
    this.#length = order?.length ?? 0
  }

  /**
   * Rows come run by run, and those of a process in the order of time; the processes of a run may take turns. @param row
   * its number, for `Place`
   */
  row(run: number, pid: number, time: number, text: number, row = 0): void {
    if (run !== this.#run) {
      this.#endAll()
      this.#run = run
    }
    let open = this.#open.get(pid)
    if (open === undefined) {
      open = { first: text, texts: [], times: [], row, expected: true }
      this.#open.set(pid, open)
    }
    const mask = this.#masks?.(text) ?? 0
    const fits = this.#masks === undefined || ((mask >> open.texts.length) & 1) === 1
    const begins = this.#masks === undefined ? text === open.first : (mask & 1) === 1 && !(open.expected && fits)
    if (begins && open.texts.length > 0) this.#end(pid, open)
    open.expected &&= this.#masks === undefined || ((mask >> open.texts.length) & 1) === 1
    // One more than can be whole says that it is not.
    if (open.texts.length <= MOST_STEPS) {
      if (open.texts.length === 0) open.row = row
      open.texts.push(text)
      open.times.push(time)
    }
  }

  #end(pid: number, open: OpenRead): void {
    const { texts, times } = open
    const whole =
      this.#masks === undefined
        ? texts.length > 1 && texts.length <= MOST_STEPS
        : open.expected && texts.length === this.#length
    if (texts.length > 0) {
      const kind = whole ? this.#kindOf(texts) : undefined
      if (kind) kind.add(times, this.#run, pid, open.row)
      else this.others++
    }
    // The same lists serve the next read: a million reads would leave two million lists behind.
    texts.length = 0
    times.length = 0
    open.expected = true
  }

  #endAll(): void {
    for (const [pid, open] of this.#open) this.#end(pid, open)
    this.#open.clear()
  }

  /** Texts of one declared step differ (lengths, values): the declared order is one kind. */
  #kindOf(texts: readonly number[]): Kind | undefined {
    // Most reads are of the same kind as the one before.
    const recent = this.#recent
    if (recent !== undefined && (this.#masks !== undefined || sameSteps(recent.steps, texts))) return recent
    const key = this.#masks === undefined ? texts.join(' ') : ''
    let kind = this.#kinds.get(key)
    if (kind === undefined && this.#kinds.size < MOST_KINDS) {
      kind = new Kind([...texts])
      this.#kinds.set(key, kind)
    }
    this.#recent = kind
    return kind
  }

  /** Ends the last read. Gives the kind that most reads are of; those of other kinds are in `others` then. */
  finish(): Kind | undefined {
    this.#endAll()
    const sorted = [...this.#kinds.values()].toSorted((a, b) => b.count - a.count)
    const [most, ...rest] = sorted
    for (const { count } of rest) this.others += count
    return most
  }
}
