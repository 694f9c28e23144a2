/**
 * What a hostile user does for a day, in an hour or two: commands are killed at random moments, and damaged files of
 * every kind are read. Not part of the tests in this size; `torture.cli.test.ts` runs a small one.
 *
 *   npm run torture -- [--kills 60] [--labs 10000] [--manifests 2000] [--packs 1000] [--traces 5000] [--seed 1] [--jobs
 *   2]
 *
 * Without any of the counts all of them have these values; with one, the others are 0. What was not survived is printed
 * with the files to repeat it, and the same seed makes the same inputs and moments.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { cacheDir } from '../engine/context.ts'
import { say } from './bench-kit.ts'
import { SLOW, tortureInputs } from './torture/inputs.ts'
import { BLOCKED, kill, WITH_BUILDS, WITHOUT_BUILDS } from './torture/kills.ts'
import { tortureTraces } from './torture/traces.ts'

const FULL = { kills: 60, labs: 10_000, manifests: 2000, packs: 1000, traces: 5000 } as const
type Part = keyof typeof FULL
const PARTS = Object.keys(FULL) as Part[]

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    labs: { type: 'string' },
    manifests: { type: 'string' },
    packs: { type: 'string' },
    traces: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
})
const all = PARTS.every((part) => values[part] === undefined)
const sizeOf = (part: Part): number => (all ? FULL[part] : Number(values[part] ?? 0))
const [seed, jobs] = [Number(values.seed), Number(values.jobs)]

const WORK: Readonly<Record<Part, (count: number) => Promise<{ readonly problems: readonly string[] }>>> = {
  kills: (count) => kill([...WITHOUT_BUILDS, ...WITH_BUILDS], count, seed, cacheDir(process.env), BLOCKED, say),
  labs: (count) => tortureInputs('labs', count, seed, jobs, SLOW),
  manifests: (count) => tortureInputs('manifests', count, seed, jobs, SLOW),
  packs: (count) => tortureInputs('packs', count, seed, jobs, SLOW),
  traces: (count) => tortureTraces(count, seed, say),
}

for (const part of PARTS) {
  const count = sizeOf(part)
  if (count === 0) continue
  say(`${part}: ${count}, seed ${seed}`)
  const started = performance.now()
  const { problems, ...figures } = await WORK[part](count)
  const seconds = Math.round((performance.now() - started) / 1000)
  say(`${part}: ${JSON.stringify({ seconds, ...figures })}`)
  for (const problem of problems) say(`  PROBLEM ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}
