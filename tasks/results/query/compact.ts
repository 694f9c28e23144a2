/**
 * One table of events for many runs. DuckDB takes a third of a millisecond to open a file, however small: a query of
 * 10,000 runs spent 7 s of CPU time on that. So the small tables of an experiment are copied into one file,
 * `results/.compact/EXPERIMENT.HEX.parquet`, by the first query that meets many new ones.
 *
 * It is a cache, as `.index` is. What a run says is in the run's own directory: its part of the copy counts only while
 * its own table has the size and the time that it had when it was copied, and nothing but queries reads the copy.
 * Whoever deletes it loses nothing.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { removeAtForcedEnd } from '../../engine/interruption.ts'
import { partialBeside, replaceFile } from '../../engine/replace-file.ts'
import { openDatabase, quoted } from '../../trace/duckdb.ts'
import { oddColumn } from '../../trace/events/table-shape.ts'
import { COPIES, removeCopies } from './copies.ts'
import { eventsOf, queryMemory, type CompactTable } from './views.ts'

/** So many small tables may be in no copy, those of all experiments together; and so few of one are left alone. */
const LIMITS = { loose: 512, few: 16 }
/** A larger table is worth opening. Bytes. */
const SMALL = 1 << 20
/** What is copied at a time goes through memory; the next query copies more. Bytes. */
const AT_ONCE = 64 << 20

/** Beside the copy: what it was made of, as run, size (bytes) and time (milliseconds) of its table. */
const Note = z.object({
  format: z.literal(1),
  file: z.string().regex(/^[^/]+\.[0-9a-f]{8}\.parquet$/),
  runs: z.record(z.string(), z.tuple([z.number(), z.number()])),
})
type Note = z.infer<typeof Note>

/** What a view of events is made of. */
export interface Sources {
  readonly compact: readonly CompactTable[]
  /** Tables of runs that are read themselves. */
  readonly files: readonly string[]
}

const factsOf = (file: string): Stats | undefined => {
  try {
    return statSync(file, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
const runOf = (file: string): string => basename(dirname(file))

/** How the tables of one experiment stand to the copy of it. */
interface State {
  readonly compact: CompactTable | undefined
  /** Tables that the copy has as they are, with their size and time. */
  readonly kept: Note['runs']
  /** Tables that it lacks and could have, and those that it never will. */
  readonly loose: ReadonlyMap<string, [size: number, time: number]>
  readonly large: readonly string[]
}

function noteOf(dir: string, experiment: string): Note | undefined {
  try {
    const note = Note.parse(JSON.parse(readFileSync(join(dir, `${experiment}.json`), 'utf8')))
    return factsOf(join(dir, note.file))?.isFile() === true ? note : undefined
  } catch {
    return undefined
  }
}

function stateOf(dir: string, experiment: string, files: readonly string[]): State {
  const note = noteOf(dir, experiment)
  const kept: Note['runs'] = {}
  const loose = new Map<string, [number, number]>()
  const large: string[] = []
  for (const file of files) {
    const facts = factsOf(file)
    const [size, time] = note?.runs[runOf(file)] ?? []
    if (facts === undefined || !facts.isFile() || facts.size > SMALL) large.push(file)
    else if (facts.size === size && facts.mtimeMs === time) kept[runOf(file)] = [size, time]
    else loose.set(file, [facts.size, facts.mtimeMs])
  }
  const without = Object.keys(note?.runs ?? {}).filter((run) => !Object.hasOwn(kept, run))
  return { compact: note && { file: join(dir, note.file), without }, kept, loose, large }
}

const sourcesOf = ({ compact, loose, large }: State): Sources => ({
  compact: compact ? [compact] : [],
  files: [...loose.keys(), ...large],
})

/** The first of these tables that have no more than so many bytes together. */
function upTo(bytes: number, tables: State['loose']): State['loose'] {
  let sum = 0
  return new Map([...tables].filter(([, [size]]) => (sum += size) <= bytes))
}

/** Copies what was copied before and is as it was, and loose tables. */
async function rewrite(results: string, experiment: string, { compact, kept, loose }: State): Promise<void> {
  const dir = join(results, COPIES)
  const name = `${experiment}.${randomBytes(4).toString('hex')}.parquet`
  const partial = partialBeside(join(dir, name))
  const removed = removeAtForcedEnd(partial)
  try {
    using database = await openDatabase({ memory_limit: `${queryMemory()}B` })
    const { connection } = database
    const some = upTo(AT_ONCE, loose)
    // A table and not a view, for which DuckDB would open each file three times.
    await connection.run(`CREATE TABLE fresh AS ${eventsOf({ compact: [], files: [...some.keys()] })}`)
    // One of another shape would change the types of all.
    if ((await oddColumn(connection, 'fresh')) !== undefined) return
    const source = compact
      ? `${eventsOf({ compact: [compact], files: [] })} UNION ALL BY NAME FROM fresh`
      : 'FROM fresh'
    await connection.run(
      `COPY (${source}) TO ${quoted(partial)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)`,
    )
    const runs: Note['runs'] = { ...kept }
    for (const [file, facts] of some) {
      const now = factsOf(file)
      if (now?.size !== facts[0] || now.mtimeMs !== facts[1]) return
      runs[runOf(file)] = facts
    }
    const note: Note = { format: 1, file: name, runs }
    renameSync(partial, join(dir, name))
    replaceFile(join(dir, `${experiment}.json`), JSON.stringify(note))
    // Also what another query wrote meanwhile, or one that was killed before it wrote its note. Where that query is
    // about to note a file that is gone, the next one makes a copy again.
    removeCopies(results, (of, file) => of === experiment && file.endsWith('.parquet') && file !== name)
  } finally {
    removed()
    rmSync(partial, { force: true })
  }
}

/**
 * Where to read the events of these tables; makes or renews the copies first where that pays. A directory that takes no
 * file, and a table that cannot be read, leave things as they are.
 * @param files `results/EXPERIMENT/RUN/events.parquet`
 */
export async function compacted(results: string, files: readonly string[], limits = LIMITS): Promise<Sources> {
  const dir = join(results, COPIES)
  const experiments = Map.groupBy(files, (file) => basename(dirname(dirname(file))))
  const states = [...experiments].map(([name, own]) => ({ name, own, state: stateOf(dir, name, own) }))
  const isMuch = states.reduce((sum, { state }) => sum + state.loose.size, 0) > limits.loose
  const found: Sources[] = []
  for (const { name: experiment, own, state: before } of states) {
    let state = before
    if ((isMuch && state.loose.size > limits.few) || (state.compact?.without.length ?? 0) > 0)
      try {
        mkdirSync(dir, { mode: 0o700, recursive: true })
        await rewrite(results, experiment, state)
        state = stateOf(dir, experiment, own)
      } catch {
        // Then the runs are read themselves.
      }
    found.push(sourcesOf(state))
  }
  try {
    // Those of experiments that have no runs any more.
    removeCopies(results, (experiment) => !experiments.has(experiment))
  } catch {
    // It is not ours to change.
  }
  return { compact: found.flatMap(({ compact }) => compact), files: found.flatMap((part) => part.files) }
}
