/**
 * Damaged recordings in great number, read with the real trace-cmd as `lab import` and a run's analysis read them: each
 * is a result or a sentence, in bounded time, and nothing is written outside.
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Failure, messageOf } from '../../engine/error.ts'
import { confinement, isDamaged } from '../../host/sandbox.ts'
import { reportText } from '../../host/trace-cmd.ts'
import { importStep } from '../../import/import.ts'
import { testContext } from '../context.ts'
import { mutated } from '../mutate.ts'
import { recording } from '../recording.ts'

/** Nothing of a few kilobytes may take longer. Milliseconds. */
const SLOW = 30_000
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

export interface TraceFigures {
  readonly confinedBy: string
  /** How many were read, were refused, or were too much for trace-cmd, and in which way. */
  readonly count: Readonly<Record<string, number>>
  readonly slowestMs: number
  readonly problems: readonly string[]
}

/** Entries of directories that a parser could have written to. */
const seenIn = (places: readonly string[]) =>
  places.flatMap((place) => readdirSync(place).map((name) => join(place, name)))

/** @param seed the same one makes the same recordings */
export async function tortureTraces(many: number, seed: number, say: (text: string) => void): Promise<TraceFigures> {
  const dir = mkdtempSync(join(tmpdir(), 'lab-hostile-'))
  const watched = [homedir(), dir, '/', '/usr', process.cwd()]
  const count: Record<string, number> = {}
  const tally = (what: string) => (count[what] = (count[what] ?? 0) + 1)
  const problems: string[] = []
  let slowestMs = 0
  const before = seenIn(watched)
  for (const [index, bytes] of fc.sample(files, { numRuns: many, seed }).entries()) {
    const file = join(dir, 'hostile.dat')
    const results = join(dir, 'results')
    writeFileSync(file, bytes)
    const started = performance.now()
    try {
      await reportText(file, AbortSignal.timeout(2 * SLOW))
      tally('read')
    } catch (error) {
      if (!isDamaged(error)) problems.push(`recording ${index}: ${messageOf(error)}`)
      else tally(error.parts.fact)
    }
    // DuckDB makes each import ten times as long: one of ten.
    if (index % 10 === 0)
      try {
        await importStep({ file, name: 'hostile', results }, testContext(dir))
        tally('imported')
      } catch (error) {
        if (!(error instanceof Failure)) problems.push(`import of recording ${index}: ${messageOf(error)}`)
        tally('import refused')
      }
    const ms = performance.now() - started
    slowestMs = Math.max(slowestMs, ms)
    if (ms > SLOW) problems.push(`recording ${index} took ${Math.round(ms)} ms`)
    if (statSync(file).size !== bytes.length) problems.push(`recording ${index} was written to`)
    rmSync(results, { recursive: true, force: true })
    if (index % 500 === 499) say(`${index + 1} recordings: ${JSON.stringify(count)}`)
  }
  // What this script wrote itself is no news.
  const own = new Set(['hostile.dat', 'results', 'beside'].map((name) => join(dir, name)))
  const fresh = seenIn(watched).filter((name) => !before.includes(name) && !own.has(name))
  problems.push(...fresh.map((name) => `${name} is new`))
  rmSync(dir, { recursive: true, force: true })
  return { confinedBy: await confinement(), count, slowestMs: Math.round(slowestMs), problems }
}
