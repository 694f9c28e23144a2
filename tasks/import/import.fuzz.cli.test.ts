/**
 * A trace.dat that was damaged anywhere, read with the real trace-cmd: a run with every line counted, or a sentence;
 * nothing half-written.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { Failure } from '../engine/error.ts'
import { recordsOf } from '../linux/ftrace/glued-records.ts'
import { importStep } from './import.ts'
import { testContext } from '../test/context.ts'
import { mutated } from '../test/mutate.ts'
import { recording } from '../test/recording.ts'

const dir = mkdtempSync(join(tmpdir(), 'lab-fuzz-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const TEXTS = ['ext4 file read', 'caf\xe9', 'a: b [000] d... 1.000001: print: x', 'copyout to 0x12 from 0x34 len 16']
const BASES = [
  recording(TEXTS.map((text) => Buffer.from(text, 'latin1'))),
  recording(Array.from({ length: 300 }, (_, index) => Buffer.from(`message ${index}`))),
]

let count = 0

/** Records that a text can have at most: some of its lines hold several (linux/ftrace/glued-records.ts). */
const recordsIn = (bytes: Buffer): number =>
  bytes
    .toString('latin1')
    .split('\n')
    .reduce((sum, line) => sum + recordsOf(line).length, 0)

/** @param most records, where the file says how many there can be; else each has a line */
async function imports(bytes: Buffer, name: string, most?: number): Promise<void> {
  const results = join(dir, `results${count++}`)
  const file = join(dir, name)
  writeFileSync(file, bytes)
  try {
    const { manifest, tally } = await importStep({ file, name: 'fuzz', results }, testContext(dir))
    const { imported, trace } = manifest
    // Each record of the text is an event, a heading, a loss, or not understood.
    expect(most ?? imported?.lines).toBeGreaterThanOrEqual(trace.events + trace.notUnderstood)
    expect(tally.others.length).toBeGreaterThanOrEqual(Math.min(trace.notUnderstood, 1))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const left = existsSync(join(results, 'fuzz')) ? readdirSync(join(results, 'fuzz')) : []
    expect(left).toEqual([])
  } finally {
    rmSync(results, { recursive: true, force: true })
  }
}

test('recordings', async () => {
  await fc.assert(
    fc.asyncProperty(mutated(...BASES), async (bytes) => await imports(bytes, 'fuzz.dat')),
    { numRuns: 40 },
  )
})

/** Two records in one line, and a beginning that is neither's: found by this test. */
const GLUED = `${' '.repeat(7)}re${'       readfile-95    [000] d...     8.498202: 0x00000001: '.repeat(2)}ext4 file read\n`

test('text', async () => {
  const text = `# tracer: nop\n       readfile-95    [000] d...     8.498202: 0x00000001: ext4 file read\nCPU:1 [LOST 5 EVENTS]\n          <idle>-0     [001] d.h..     8.498203: bpf_trace_printk: x\n`
  await fc.assert(
    fc.asyncProperty(
      mutated(Buffer.from(text), Buffer.from(text.repeat(40))),
      async (bytes) => await imports(bytes, 'fuzz.txt', recordsIn(bytes)),
    ),
    { numRuns: 40, examples: [[Buffer.from(GLUED)]] },
  )
})
