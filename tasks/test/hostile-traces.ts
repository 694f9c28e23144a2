/**
 * Damaged recordings in great number, read with the real trace-cmd as `lab import` and a run's analysis read them: each is a result or a
 * sentence, in bounded time, and nothing is written outside. For a person to run; the test suite has a few of them (import.fuzz.cli).
 *
 *   node tasks/test/hostile-traces.ts [how many, 5000 when left out] [seed]
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Failure } from '../engine/error.ts'
import { confinement, isDamaged } from '../host/sandbox.ts'
import { reportText } from '../host/trace-cmd.ts'
import { importStep } from '../import/import.ts'
import { testContext } from './context.ts'
import { mutated } from './mutate.ts'
import { recording } from './recording.ts'

/** Nothing of a few kilobytes may take longer. Milliseconds. */
const SLOW = 30_000
const many = Number(process.argv[2] ?? 5000)
const seed = Number(process.argv[3] ?? 1)

const dir = mkdtempSync(join(tmpdir(), 'lab-hostile-'))
const base = recording(Array.from({ length: 300 }, (_, index) => Buffer.from(`message ${index}`)))
/** Where the pages of events begin: a guest writes what is behind it. */
const first = Buffer.alloc(8)
first.writeBigUInt64LE(1_000_000_000_000n)
const pages = base.lastIndexOf(first)
const length = base.length - pages

/** The pages with other bytes here and there; the file's own headers still fit. */
const scattered = fc
  .array(fc.tuple(fc.nat(length - 1), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)), { minLength: 1, maxLength: 40 })
  .map((changes) => {
    const bytes = Buffer.from(base)
    for (const [at, byte] of changes) bytes[pages + at] = byte
    return bytes
  })
/** Headers of pages that fit, and anything in them. */
const random = fc.uint8Array({ minLength: length, maxLength: length }).map((noise) => {
  const bytes = Buffer.from(base)
  for (const [at, byte] of noise.entries()) if (at % 4096 >= 16) bytes[pages + at] = byte
  return bytes
})
const files = fc.oneof(mutated(base), scattered, random)

/** Names and times of what a parser could have written to. */
const watched = [homedir(), dir, '/', '/usr', process.cwd()]
const seen = () => watched.flatMap((place) => readdirSync(place).map((name) => `${place}/${name}`))

const count: Record<string, number> = {}
const tally = (what: string) => (count[what] = (count[what] ?? 0) + 1)
let slowest = 0
const before = seen()
console.log(`${many} recordings, seed ${seed}, confined by ${await confinement()}`)
for (const [index, bytes] of fc.sample(files, { numRuns: many, seed }).entries()) {
  const file = join(dir, 'hostile.dat')
  const results = join(dir, 'results')
  writeFileSync(file, bytes)
  const started = performance.now()
  try {
    await reportText(file, AbortSignal.timeout(2 * SLOW))
    tally('read')
  } catch (error) {
    if (!isDamaged(error)) throw error
    tally(error.parts.fact)
  }
  // DuckDB makes each import ten times as long: one of ten.
  if (index % 10 === 0)
    try {
      await importStep({ file, name: 'hostile', results }, testContext(dir))
      tally('imported')
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      tally('import refused')
    }
  slowest = Math.max(slowest, performance.now() - started)
  if (statSync(file).size !== bytes.length) throw new Error('the file was written to')
  rmSync(results, { recursive: true, force: true })
  if (index % 500 === 499) console.log(`${index + 1}: ${JSON.stringify(count)}`)
}
// What this script wrote itself is no news.
const own = new Set(['hostile.dat', 'results', 'beside'].map((name) => join(dir, name)))
const fresh = seen().filter((name) => !before.includes(name) && !own.has(name))
rmSync(dir, { recursive: true, force: true })
console.log(JSON.stringify({ count, slowestMs: Math.round(slowest), fresh }, null, 1))
if (slowest > SLOW || fresh.length > 0) process.exitCode = 1
