/**
 * What the manifests of all runs say, in one file: reading 10,000 of them takes seconds, reading `results/.index.json` does not. It is a
 * cache. What is in it holds only as long as the manifest has the same size and time, so a run that was copied, edited or removed by hand
 * is seen the next time; whoever deletes the file loses nothing.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'

const INDEX = '.index.json'
/** Changes whenever an entry has something else in it. */
const FORMAT = 1

const count = z.number().nullable()
const text = z.string()

/** What is taken from a manifest; other versions and edited ones must not end in a stack trace. */
const Taken = z.object({
  format: z.literal(1),
  experiment: text,
  arm: z.object({ name: text, params: z.record(text, z.union([text, z.number()])) }),
  repeat: z.number(),
  started: text,
  seconds: z.number(),
  kernel: z.object({ name: text, wanted: text, fallback: z.boolean(), release: text }),
  image: z.object({ name: text }),
  guest: z.object({ accel: z.object({ accel: text }), vm: text }),
  workload: z.object({ argv: z.array(text), pid: count.default(null), status: count, signal: count, ms: count }),
  trace: z.object({
    clock: text,
    events: z.number(),
    notUnderstood: z.number(),
    completeness: text,
    losses: z.record(text, count),
  }),
  verdict: text,
  imported: z.object({ file: text }).optional(),
})

const Probes = z.object({
  programs: z.array(
    z.object({ program: text, section: text, attached: text.nullable(), hits: z.number(), missed: z.number() }),
  ),
})

/** One run as rows of tables. */
export interface IndexedRun {
  readonly run: string
  /** Of the directory that it stands in. */
  readonly experiment: string
  readonly arm: string
  readonly repeat: number
  /** ISO 8601, UTC. */
  readonly started: string
  readonly seconds: number
  readonly verdict: string
  readonly completeness: string
  readonly kernel: string
  readonly kernelWanted: string
  readonly fallback: boolean
  readonly release: string
  readonly accel: string
  readonly vm: string
  readonly image: string
  readonly workload: string
  readonly pid: number | null
  readonly status: number | null
  readonly signal: number | null
  readonly ms: number | null
  readonly clock: string
  readonly events: number
  readonly notUnderstood: number
  /** Name of the file, of an imported run. */
  readonly imported: string | null
  readonly params: Readonly<Record<string, string | number>>
  readonly losses: Readonly<Record<string, number | null>>
  readonly probes: readonly {
    readonly program: string
    readonly section: string
    readonly attached: string | null
    readonly hits: number
    readonly missed: number
  }[]
}

/** A directory under results that is no whole run. */
export interface Skipped {
  /** `experiment/run`. */
  readonly name: string
  readonly why: string
}

export interface RunIndex {
  /** Oldest first. */
  readonly runs: readonly IndexedRun[]
  readonly skipped: readonly Skipped[]
}

interface Entry {
  readonly size: number
  readonly time: number
  readonly run?: IndexedRun
  readonly why?: string
}

function probesIn(dir: string): IndexedRun['probes'] {
  try {
    return Probes.parse(JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8'))).programs
  } catch {
    // An import has none; a run that lost them is shown without.
    return []
  }
}

function readRun(dir: string, experiment: string, run: string): Pick<Entry, 'run' | 'why'> {
  let manifest: unknown
  try {
    manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'))
  } catch {
    return { why: 'manifest.json cannot be read' }
  }
  const parsed = Taken.safeParse(manifest)
  if (!parsed.success) return { why: 'manifest.json is none that this version can read' }
  const { arm, kernel, guest, workload, trace, imported, image, repeat, started, seconds, verdict } = parsed.data
  return {
    run: {
      ...{ run, experiment, arm: arm.name, repeat, started, seconds, verdict, completeness: trace.completeness },
      ...{ kernel: kernel.name, kernelWanted: kernel.wanted, fallback: kernel.fallback, release: kernel.release },
      ...{ accel: guest.accel.accel, vm: guest.vm, image: image.name, workload: workload.argv.join(' ') },
      ...{ pid: workload.pid, status: workload.status, signal: workload.signal, ms: workload.ms },
      ...{ clock: trace.clock, events: trace.events, notUnderstood: trace.notUnderstood },
      ...{ imported: imported?.file ?? null, params: arm.params, losses: trace.losses, probes: probesIn(dir) },
    },
  }
}

function load(file: string): ReadonlyMap<string, Entry> {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as { format?: unknown; entries?: Record<string, Entry> } | null
    return found?.format === FORMAT && found.entries ? new Map(Object.entries(found.entries)) : new Map()
  } catch {
    // None yet, or half of one: it is made again.
    return new Map()
  }
}

function save(file: string, entries: ReadonlyMap<string, Entry>): void {
  const partial = `${file}.${process.pid}.partial`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(partial, JSON.stringify({ format: FORMAT, entries: Object.fromEntries(entries) }))
    renameSync(partial, file)
  } catch {
    // A directory that cannot be written is read the long way each time.
    rmSync(partial, { force: true })
  }
}

function directories(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : [],
    )
  } catch {
    return []
  }
}

/** Every whole run, and every directory that is none. Reads only manifests that are new or changed since the last time. */
export function indexRuns(results: string): RunIndex {
  const file = join(results, INDEX)
  const before = load(file)
  const entries = new Map<string, Entry>()
  let changed = false
  for (const experiment of directories(results))
    for (const run of directories(join(results, experiment))) {
      const name = `${experiment}/${run}`
      const dir = join(results, experiment, run)
      const facts = statSync(join(dir, 'manifest.json'), { throwIfNoEntry: false })
      const known = before.get(name)
      const [size, time] = [facts?.size ?? -1, facts?.mtimeMs ?? 0]
      if (known?.size === size && known.time === time) {
        entries.set(name, known)
        continue
      }
      changed = true
      const found = facts ? readRun(dir, experiment, run) : { why: 'manifest.json is missing: half of it was deleted' }
      entries.set(name, { size, time, ...found })
    }
  if (changed || entries.size !== before.size) save(file, entries)
  const all = [...entries]
  return {
    runs: all
      .flatMap(([, { run }]) => (run === undefined ? [] : [run]))
      .toSorted((a, b) => (a.started < b.started ? -1 : a.started > b.started ? 1 : 0)),
    skipped: all.flatMap(([name, { why }]) => (why === undefined ? [] : [{ name, why }])),
  }
}
