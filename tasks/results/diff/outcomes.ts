/** What came out: verdict, completeness, losses, and how often each program fired. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { StoredRun } from '../manifest.ts'
import type { Difference } from './facts.ts'
import type { Side } from './side.ts'

const Programs = z.object({
  programs: z.array(
    z.object({ program: z.string(), attached: z.string().nullable(), hits: z.number(), missed: z.number() }),
  ),
})

function programsOf({ dir }: StoredRun) {
  try {
    return Programs.parse(JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8'))).programs
  } catch {
    // An import has none.
    return []
  }
}

/** Each outcome of a run by its name, in the order in which it is shown. */
function outcomesOf(run: StoredRun): Map<string, string> {
  const { manifest } = run
  const lost = Object.entries(manifest.trace.losses).filter(([, count]) => count !== 0)
  const facts: [string, string][] = [
    ['verdict', manifest.verdict],
    ['trace', manifest.trace.completeness],
    ['losses', lost.map(([layer, count]) => `${layer} ${count ?? 'unknown'}`).join(', ') || 'none'],
    [
      'exit of the workload',
      manifest.workload.signal === null
        ? `status ${manifest.workload.status ?? '-'}`
        : `signal ${manifest.workload.signal}`,
    ],
  ]
  for (const { program, attached, hits, missed } of programsOf(run)) {
    const count = (n: number) => (n < 0 ? 'not counted' : String(n))
    const misses = missed === 0 ? '' : `, ${count(missed)} missed`
    facts.push([`hits of ${program}`, attached === null ? 'not attached' : `${count(hits)}${misses}`])
  }
  return new Map(facts)
}

const distinct = (values: readonly string[]): string => {
  const counts = Map.groupBy(values, (value) => value)
  if (counts.size === 1) return values[0] ?? '-'
  return [...counts]
    .map(([value, list]) => `${value} (${list.length} of ${values.length})`)
    .toSorted()
    .join(', ')
}

/** What came out otherwise on the other side; of a group each value with the number of runs that have it. */
export function outcomesThatDiffer(first: Side, second: Side): Difference[] {
  const [a, b] = [first, second].map(({ runs }) => runs.map(outcomesOf))
  const names = new Set([...(a ?? []), ...(b ?? [])].flatMap((facts) => [...facts.keys()]))
  return [...names].flatMap((what): Difference[] => {
    const [one = '-', other = '-'] = [a, b].map((list) => distinct((list ?? []).map((run) => run.get(what) ?? '-')))
    return one === other ? [] : [{ what, a: one, b: other }]
  })
}
