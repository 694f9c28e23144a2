/**
 * Published results beside measured ones, by the whole program: in the report, as a paper, and what `lab check`
 * refuses.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { which } from '../host/which.ts'
import { COST_RUNS, makeRuns, traceText } from './report-runs.ts'
import { Rig } from './rig.ts'
import { needs } from './needs.ts'

const rig = new Rig(false)
beforeAll(async () => {
  expect((await rig.lab(['init', '.'])).status).toBe(0)
  await makeRuns(rig, traceText(10), COST_RUNS)
})
afterAll(() => rig.remove())

const published = (ratio: string) => `
    published:
      - source: a paper & its 100 % claims
        metric: read_ns
        unit: us
        values: { bytes=16: [0.05, 0.01], bytes=1024: 3, bytes=4096: 12 }
        claims:
          - { monotone: rising, over: bytes, says: larger reads take longer }
          - { ratio: ${ratio}, of: bytes=4096, to: bytes=1024 }
          - { shape: 60% }
          - { equal: 5% }
          - { atLeast: 50, arm: bytes=16 }
`

/** The lab file of the rig with an experiment `cost` that has published results. */
function declareCost(ratio = '[3, 5]') {
  const file = join(rig.dir, 'lab.yaml')
  const before = readFileSync(file, 'utf8')
  const cost = `  cost:
    workload: { run: 'true \${bytes}' }
    params: { bytes: [16, 1024, 4096] }
    repeat: 6
    metrics: { read_ns: { stdout: 'took (.+) ns', unit: ns } }${published(ratio)}`
  writeFileSync(file, `${before.trimEnd()}\n${cost}`)
  return () => writeFileSync(file, before)
}

test('a verdict for each claim, both series in a figure and a table', async () => {
  const restore = declareCost()
  const { status, stderr } = await rig.lab(['report', 'cost', '-o', 'published.html'])
  restore()
  expect([status, stderr]).toEqual([0, expect.any(String)])
  const text = readFileSync(join(rig.dir, 'published.html'), 'utf8')
  expect(text).toContain('Published beside measured')
  expect(text).toContain('a paper &amp; its 100 % claims')
  const verdicts = Array.from(text.matchAll(/<span class="badge \w+">([a-z ]+)<\/span><\/td>/g), ([, word]) => word)
  expect(verdicts.slice(0, 5)).toEqual(['holds', 'holds', 'holds', 'not comparable here', 'not comparable here'])
  expect(text).toContain('id="cost-read-ns-published-beside-measured"')
})

test('an arm that was published and not measured is counted, not listed, and no spread is made up', async () => {
  const restore = declareCost()
  const file = join(rig.dir, 'lab.yaml')
  const more = readFileSync(file, 'utf8')
    .replace('bytes: [16, 1024, 4096] }\n    repeat: 6', 'bytes: [16, 1024, 4096, 8192] }\n    repeat: 6')
    .replace('bytes=16: [0.05, 0.01], bytes=1024: 3, bytes=4096: 12', 'bytes=16: 0.05, bytes=1024: 3, bytes=8192: 24')
  writeFileSync(file, more)
  const { status } = await rig.lab(['report', 'cost', '-o', 'left.html'])
  restore()
  const text = readFileSync(join(rig.dir, 'left.html'), 'utf8')
  const [caption = ''] = /[^>]*as published [^<]*/.exec(text) ?? []
  expect([status, caption]).toEqual([0, expect.stringContaining('Not measured: 1 published arm.')])
  expect(caption).not.toContain('spread')
})

test('a claim that does not hold', async () => {
  const restore = declareCost('[5, 6]')
  const { status } = await rig.lab(['report', 'cost', '-o', 'refuted.html'])
  restore()
  expect(status).toBe(0)
  expect(readFileSync(join(rig.dir, 'refuted.html'), 'utf8')).toContain('<span class="badge bad">does not hold</span>')
})

test.each([
  [/bytes=4096: 12/, 'bytes=4097: 12', 'no arm of the experiment is called "bytes=4097"'],
  [/unit: us/, 'unit: KiB', 'they cannot be compared'],
  [/repeat: 6/, 'repeat: 1', 'a claim needs 5 runs of each arm, and the experiment makes 1'],
  [/values: \{.*\}/, 'values: { csv: values.csv }', 'values.csv:2: "47,60" has a comma as its decimal point'],
])('%s: refused by lab check', async (from, to, fact) => {
  rig.write('values.csv', 'arm,value\nbytes=16,"47,60"\n')
  const restore = declareCost()
  const file = join(rig.dir, 'lab.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
  const { status, stderr } = await rig.lab(['check'])
  restore()
  expect([status, stderr]).toEqual([2, expect.stringContaining(fact)])
})

describe('the report as a paper', () => {
  const dir = join(rig.dir, 'as-paper')
  beforeAll(async () => {
    const restore = declareCost()
    const { status, stderr } = await rig.lab(['report', '--paper', 'as-paper', '-o', 'as-paper.html'])
    restore()
    expect([status, stderr]).toEqual([0, expect.any(String)])
  })

  test('has the claims and the methods', () => {
    const source = readFileSync(join(dir, 'paper.tex'), 'utf8')
    expect(source).toContain('larger reads take longer')
    expect(source).toContain('\\section{Methods}')
  })

  /** Of texlive-latex-base; the packages that the paper loads come with texlive-latex-recommended. */
  const latex = which('pdflatex')
  test(
    'is compiled by pdflatex',
    needs(latex !== undefined, 'there is no pdflatex (package texlive-latex-recommended)'),
    () => {
      const made = spawnSync(latex ?? '', ['-interaction=nonstopmode', '-halt-on-error', 'paper.tex'], {
        cwd: dir,
        encoding: 'utf8',
      })
      expect([made.status, made.stdout.match(/^!.*/m)?.[0]]).toEqual([0, undefined])
      expect(readFileSync(join(dir, 'paper.pdf')).subarray(0, 5).toString()).toBe('%PDF-')
    },
  )
})
