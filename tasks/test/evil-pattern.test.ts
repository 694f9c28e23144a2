/**
 * A lab file whose `order:` backtracks for ever on the messages of a run. Whatever looks at such a run again ends, and
 * says which expression it was: the lab of a pack, or of a run that somebody handed on, is a stranger's.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { EVIL, EVIL_TEXT } from '../config/text/evil-pattern.fixture.ts'
import { matches } from '../config/text/pattern.ts'
import { PRODUCTION, TASKS } from './imports.ts'
import { exportStep } from '../results/export.ts'
import { reportStep } from '../results/report/report.ts'
import { MANIFEST, putRun } from '../results/run.fixture.ts'
import { judgeImported } from '../run/judge/imported.ts'
import { readKeptLab, experimentOf } from '../results/kept-lab.ts'
import { executed, forked, said, trace } from '../trace/events/trace.fixture.ts'
import { failureOf } from './caught.ts'
import { testContext } from './context.ts'
import { tempDir } from './temp-dir.ts'
import { TOOL_ROOT } from '../commands/shared/app.ts'

vi.mock('../engine/deadline.ts', async (original) => {
  const real = await original<typeof import('../engine/deadline.ts')>()
  return { ...real, withDeadline: (ms: number, work: () => unknown) => real.withDeadline(Math.min(ms, 1000), work) }
})

/** As a lab file has it. */
const EVIL_SOURCE = `/${EVIL.source}/`
const NAMED = /the regular expression .*\(a\+\)\+.* was not done after/
const EVENTS = trace(forked(1, 7), executed(7, '/run/readfile'), said(7, EVIL_TEXT, 'end', EVIL_TEXT, 'end'))

/** A run whose kept lab has the expression. */
async function evilRun() {
  const results = join(tempDir(), 'results')
  const lab = `lab-${'0'.repeat(32)}`
  mkdirSync(join(results, '.inputs', lab), { recursive: true })
  const text = readFileSync(join(TOOL_ROOT, 'lab.yaml'), 'utf8')
  const evil = text.replaceAll(/^( *)order:\n/gm, `$1order:\n$1  - ${EVIL_SOURCE}\n`)
  expect(evil).not.toBe(text)
  writeFileSync(join(results, '.inputs', lab, 'lab.yaml'), evil)
  const inputs = { lab, kernel: lab, image: lab }
  const run = await putRun(results, { run: MANIFEST.run, events: EVENTS, manifest: { inputs } })
  return { results, run, file: join(results, '.inputs', lab, 'lab.yaml') }
}

test('lab report leaves its events out, and says why', async () => {
  const { results } = await evilRun()
  const context = testContext(tempDir())
  const wanted = { words: [], since: undefined, definition: undefined, results, labName: 'x', output: undefined }
  const { file } = await reportStep(wanted, context)
  const notices = context.events.flatMap((event) => (event.type === 'notice' ? [event.text] : []))
  expect(notices.filter((one) => NAMED.test(one))).toHaveLength(1)
  expect(readFileSync(file, 'utf8')).toMatch(/was not done after .* its events are in no figure/)
})

test('lab trace --perfetto fails, and leaves no file', async () => {
  const { run } = await evilRun()
  const order = [(message: string) => matches({ kind: 'regex', regex: EVIL }, message)]
  const wanted = { comm: undefined, pid: undefined, probe: undefined, from: undefined, to: undefined, all: false }
  const file = join(tempDir(), 'out')
  const failure = await failureOf(
    exportStep({ run, format: 'perfetto', file, request: wanted, order }, testContext(tempDir())),
  )
  expect([failure.kind, failure.parts.fact]).toEqual(['user', expect.stringMatching(NAMED)])
})

test('lab import --as: no expectation of such an arm holds', async () => {
  const { file } = await evilRun()
  const experiment = experimentOf(readKeptLab(file, TOOL_ROOT), 'readiter')
  const { arms } = judgeImported(experiment, EVENTS, 'v5.10')
  for (const { verdicts } of arms) expect(verdicts).toEqual([{ ok: false, lines: [expect.stringMatching(NAMED)] }])
})

test('only the file with the deadline runs the expressions of a lab', () => {
  const running = PRODUCTION.filter((file) =>
    /\.regex\.(?:test|exec)\(|\.(?:match|matchAll|replace|replaceAll|search|split|test|exec)\((?:\w+\.)?regex\b/.test(
      readFileSync(join(TASKS, file), 'utf8'),
    ),
  )
  expect(running).toEqual(['config/text/pattern.ts'])
})
