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

async function imports(bytes: Buffer, name: string): Promise<void> {
  const results = join(dir, `results${count++}`)
  const file = join(dir, name)
  writeFileSync(file, bytes)
  try {
    const { manifest, tally } = await importStep({ file, name: 'fuzz', results }, testContext(dir))
    const { imported, trace } = manifest
    // Each line of the text is an event, a heading, a loss, or not understood.
    expect(imported?.lines).toBeGreaterThanOrEqual(trace.events + trace.notUnderstood)
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
}, 115_000)

test('text', async () => {
  const text = `# tracer: nop\n       readfile-95    [000] d...     8.498202: 0x00000001: ext4 file read\nCPU:1 [LOST 5 EVENTS]\n          <idle>-0     [001] d.h..     8.498203: bpf_trace_printk: x\n`
  await fc.assert(
    fc.asyncProperty(
      mutated(Buffer.from(text), Buffer.from(text.repeat(40))),
      async (bytes) => await imports(bytes, 'fuzz.txt'),
    ),
    { numRuns: 40 },
  )
}, 115_000)
