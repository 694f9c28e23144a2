/** Tables of events that can be read: each other one is named, and the rest is asked again. */
import { basename } from 'node:path'
import { damageOf, notAFile } from '../../trace/events/table-shape.ts'
import type { Emit } from '../../engine/event.ts'
import type { ReportRun } from './runs.ts'
import { warnUnreadable } from '../unreadable.ts'

export interface TableOfRun {
  readonly run: ReportRun
  readonly file: string
}

export interface TableOptions {
  readonly results: string
  readonly emit: Emit
}

/** @param deep looks at every page of a file, not only whether it is there */
async function good<Table extends TableOfRun>(tables: readonly Table[], deep: boolean, emit: Emit): Promise<Table[]> {
  const found: Table[] = []
  for (const table of tables) {
    const damage = deep ? await damageOf(table.file, true) : notAFile(table.file)
    if (damage === undefined) found.push(table)
    else
      warnUnreadable(
        table.run,
        { what: basename(table.file), error: damage, so: 'the run is in no figure of it' },
        emit,
      )
  }
  return found
}

/**
 * What `work` makes of the tables that can be read, and which those are. @throws what `work` throws where each of them
 * can be
 */
export async function readableTables<Table extends TableOfRun, T>(
  tables: readonly Table[],
  { emit }: Pick<TableOptions, 'emit'>,
  work: (list: readonly Table[]) => Promise<T>,
): Promise<{ readonly list: readonly Table[]; readonly value: T }> {
  const read = async (list: readonly Table[]) => ({ list, value: await work(list) })
  const there = await good(tables, false, emit)
  return await read(there).catch(async (error: unknown) => {
    const whole = await good(there, true, emit)
    if (whole.length === there.length) throw error
    return await read(whole)
  })
}
