/** Values in the maps of two runs that are not the same. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MapsSchema, valueText } from '../../trace/events/maps-file.ts'
import type { StoredRun } from '../manifest.ts'
import type { Difference } from './facts.ts'

/** The pid of a run's own workload is the same thing in both. */
const WORKLOAD = '${workload.pid}'

function named(text: string, pid: number | null): string {
  return pid === null ? text : text.replaceAll(new RegExp(`(?<!\\w)${pid}(?!\\w)`, 'g'), WORKLOAD)
}

/** `object map[key]` -> value; undefined where the run has no maps.json that can be read. */
function entries({ dir, manifest }: StoredRun): Map<string, string> | undefined {
  try {
    const { maps } = MapsSchema.parse(JSON.parse(readFileSync(join(dir, 'maps.json'), 'utf8')))
    const { pid } = manifest.workload
    return new Map(
      maps.flatMap(({ object, name, entries: list, cut }) => [
        ...list.map(({ key, value }): [string, string] => [
          name.startsWith('.') ? `${object} ${name}` : `${object} ${name}[${named(valueText(key), pid)}]`,
          named(valueText(value), pid),
        ]),
        ...(cut ? [[`${object} ${name}: entries that were not kept`, 'some'] as [string, string]] : []),
      ]),
    )
  } catch {
    return undefined
  }
}

export interface MapsCompared {
  /** Entries on each side; null where its maps were not kept or cannot be read. */
  readonly entries: readonly [number | null, number | null]
  readonly differences: readonly Difference[]
}

/** Entries that only one side has show as `-` on the other; with no maps on one side nothing is compared. */
export function compareMaps(first: StoredRun, second: StoredRun): MapsCompared {
  const [a, b] = [entries(first), entries(second)]
  const counts = [a?.size ?? null, b?.size ?? null] as const
  if (!a || !b) return { entries: counts, differences: [] }
  const keys = [...new Set([...a.keys(), ...b.keys()])]
  const differences = keys.flatMap((what): Difference[] => {
    const [one = '-', other = '-'] = [a.get(what), b.get(what)]
    return one === other ? [] : [{ what, a: one, b: other }]
  })
  return { entries: counts, differences }
}
