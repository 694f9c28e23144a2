/** What the fields of typed events are like, arm by arm. */
import { join } from 'node:path'
import { typedFile } from '../../trace/events/typed-name.ts'
import { typedSummary, type FieldSummary } from '../../trace/events/typed-summary.ts'
import { readableTables, type TableOptions } from './readable.ts'
import type { ExperimentRuns, ReportRun } from './runs.ts'

/** One channel of one arm. */
export interface TypedFacts {
  readonly label: string
  readonly channel: string
  readonly runs: readonly ReportRun[]
  /** All runs that have it; `runs` are the newest of them. */
  readonly of: number
  readonly fields: readonly FieldSummary[]
}

export interface TypedOptions extends TableOptions {
  /** A directory for what does not fit in memory. */
  readonly temp: string
  /** Runs of each arm whose events are read; the newest. */
  readonly mostRuns: number
}

/**
 * Every channel of every arm that has records, if only of the lab's own; a table that cannot be read is named and left
 * out.
 */
export async function typedFacts({ groups }: ExperimentRuns, options: TypedOptions): Promise<TypedFacts[]> {
  const { results, temp, mostRuns } = options
  const found: TypedFacts[] = []
  for (const { label, counted } of groups)
    for (const channel of new Set(counted.flatMap(({ typed }) => typed))) {
      const all = counted.filter(({ typed }) => typed.includes(channel))
      const tables = all.slice(-mostRuns).map((run) => ({
        run,
        file: join(results, run.experiment, run.run, typedFile(channel)),
      }))
      const { list, value: fields } = await readableTables(
        tables,
        options,
        async (good) =>
          await typedSummary(
            good.map(({ file }) => file),
            temp,
          ),
      )
      // Records that were left out are told of: a program can call itself what the lab's loader is called.
      if (fields.some(({ records, ofHolder }) => records + ofHolder > 0))
        found.push({ label, channel, fields, runs: list.map(({ run }) => run), of: all.length })
    }
  return found
}
