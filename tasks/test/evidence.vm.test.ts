/** Results as evidence: a real run, checked, packed, tampered with, and made again. */
import { appendFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cacheDir } from '../engine/context.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
let run = ''
const at = (name: string) => join(lab.dir, 'results/readiter', run, name)

beforeAll(async () => {
  const { status, stderr } = await lab.lab(['run', 'readiter', '--kernel', 'v5.10', '--repeat', '2'])
  if (status !== 0) throw new Error(stderr)
  run = readdirSync(join(lab.dir, 'results/readiter')).toSorted().at(-1) ?? ''
})
afterAll(() => lab.remove())

test('a result that nobody touched is as recorded', async () => {
  const { status, stdout } = await lab.lab(['verify', run])
  expect(stdout).toContain('all as recorded')
  expect(stdout).toContain('ok  expectations: come out as recorded')
  expect(status).toBe(0)
})

describe('a result that somebody touched is refused:', () => {
  test.each<[string, string, (text: string) => string, string]>([
    ['a verdict', 'manifest.json', (text) => text.replace('"verdict": "passed"', '"verdict": "failed"'), 'verdict'],
    ['a digest', 'manifest.json', (text) => text.replace(/"digest": "./, '"digest": "x'), 'digest of the events'],
    ['a sequence', 'manifest.json', (text) => text.replace(/"sequence": "./, '"sequence": "x'), 'sequence'],
    ['a number of events', 'manifest.json', (text) => text.replace(/"events": \d+/, '"events": 7'), 'trace'],
    ['a line of stdout', 'stdout', (text) => `${text}x`, 'stdout: is not what was recorded'],
    [
      'a hash that leads elsewhere',
      'manifest.json',
      (text) => text.replace('"stdout":', '"../../x":'),
      'no name of a result file',
    ],
  ])('%s', async (_name, file, change, fact) => {
    const before = readFileSync(at(file), 'utf8')
    writeFileSync(at(file), change(before))
    const { status, stdout } = await lab.lab(['verify', run])
    writeFileSync(at(file), before)
    expect(stdout).toContain('NOT OK')
    expect(stdout).toContain(fact)
    expect(status).toBe(1)
  })

  test('what it was made of', async () => {
    const inputs = join(lab.dir, 'results/.inputs')
    const kept = readdirSync(inputs).find((name) => name.startsWith('lab-')) ?? ''
    const file = join(inputs, kept, 'bpf/readiter.bpf.c')
    const before = readFileSync(file, 'utf8')
    appendFileSync(file, '// better\n')
    const { status, stdout } = await lab.lab(['verify', run])
    writeFileSync(file, before)
    expect(stdout).toContain(`inputs ${kept}: are not what they were`)
    expect(status).toBe(1)
  })
})

test('a pack is the same bytes each time, is checked without the lab, and refused when one bit differs', async () => {
  const [a, b] = [join(lab.dir, 'a.tar.gz'), join(lab.dir, 'b.tar.gz')]
  for (const file of [a, b]) expect((await lab.lab(['export', 'readiter', '-o', file])).status).toBe(0)
  expect(readFileSync(a).equals(readFileSync(b))).toBe(true)
  const elsewhere = new Rig(false)
  const good = await elsewhere.lab(['verify', a])
  expect(good.stdout).toContain('2 results, all as recorded')
  expect(good.status).toBe(0)
  const bytes = readFileSync(a)
  bytes.writeUInt8(bytes.readUInt8(Math.floor(bytes.length / 2)) ^ 1, Math.floor(bytes.length / 2))
  writeFileSync(a, bytes)
  expect((await elsewhere.lab(['verify', a])).status).not.toBe(0)
  writeFileSync(a, 'no archive')
  const junk = await elsewhere.lab(['verify', a])
  expect(junk.stderr).toContain('no whole evidence pack')
  expect(junk.status).toBe(2)
  elsewhere.remove()
})

test('a run that is made again comes out the same; what is not kept cannot be', async () => {
  // The cache is shared: building a kernel again is what the reproducible-build test is for.
  const { status, stdout, stderr } = await lab.lab(['reproduce', run, '--cache', cacheDir(process.env)])
  expect(stderr).not.toContain('error')
  expect(stdout).toContain('same  sequence: 18 messages of the workload')
  expect(stdout).toContain('same  kernel: bzImage is the same, bit for bit')
  expect(status).toBe(0)
  rmSync(join(lab.dir, 'results/.inputs'), { recursive: true })
  const gone = await lab.lab(['reproduce', run, '--cache', cacheDir(process.env)])
  expect(gone.status).toBe(2)
  expect(gone.stderr).toContain('was not kept')
})
