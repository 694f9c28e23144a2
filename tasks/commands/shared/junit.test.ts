import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { userError } from '../../engine/error.ts'
import { failureOf } from '../../test/caught.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { tellCi } from './ci.ts'
import { githubAnnotations, githubSummary, junitXml, suiteOf } from './junit.ts'
import type { Ran } from './run-each.ts'

const manifest = (verdict: string, repeat: number, more: object = {}) => ({
  verdict,
  repeat,
  seconds: 1.5,
  arm: { name: 'n=1', params: { n: 1 } },
  workload: { argv: [], pid: 1, status: verdict === 'failed' ? 3 : 0, signal: null, ms: 1 },
  expectations: [],
  failures: [],
  trace: { reasons: [] },
  ...more,
})

const RAN = [
  {
    experiment: { name: 'first' },
    outcome: {
      outcomes: [
        { dir: '/r/first/a', manifest: manifest('passed', 1) },
        { dir: '/r/first/<b>', manifest: manifest('failed', 2) },
      ],
      problems: [
        { arm: 'n=1', repeat: 3, failure: userError({ place: 'vm', fact: 'it & "that"\u001b[2J', wayOut: 'x' }) },
      ],
      left: [],
    },
  },
  { experiment: { name: 'second' }, failure: userError({ fact: 'no kernel | can be had' }) },
] as unknown as readonly Ran[]

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="first" tests="3" failures="1" errors="1" time="3.000">
    <testcase classname="first" name="n=1 repeat 1" time="1.500"/>
    <testcase classname="first" name="n=1 repeat 2" time="1.500">
      <failure message="failed: the workload ended with status 3">/r/first/&lt;b&gt;</failure>
    </testcase>
    <testcase classname="first" name="n=1 repeat 3" time="0.000">
      <error message="vm: it &amp; &quot;that&quot;\\x1b[2J">x</error>
    </testcase>
  </testsuite>
  <testsuite name="second" tests="1" failures="0" errors="1" time="0.000">
    <testcase classname="second" name="second" time="0.000">
      <error message="no kernel | can be had"></error>
    </testcase>
  </testsuite>
</testsuites>
`

test('JUnit: a suite for each experiment, a case for each run, and runs without a result', () => {
  expect(junitXml(RAN.map(suiteOf))).toBe(XML)
})

test('GitHub: annotations and a table', () => {
  const suites = RAN.map(suiteOf)
  expect(githubAnnotations(suites)).toEqual([
    '::error title=first n=1 repeat 2::failed: the workload ended with status 3',
    String.raw`::error title=first n=1 repeat 3::vm: it & "that"\x1b[2J`,
    '::error title=second second::no kernel | can be had',
  ])
  expect(githubSummary(suites)).toContain('| first | 1 of 3 | failed: the workload ended with status 3 |')
  expect(githubSummary(suites)).toContain(String.raw`| second | 0 of 1 | no kernel \| can be had |`)
})

test('what goes where: the file always, GitHub only in its jobs', async () => {
  const dir = tempDir()
  const [junit, summary] = [join(dir, 'j.xml'), join(dir, 's.md')]
  writeFileSync(summary, 'before\n')
  const cache = join(dir, 'cache')
  expect(await tellCi(RAN, junit, { GITHUB_STEP_SUMMARY: summary }, cache)).toEqual([])
  expect(readFileSync(junit, 'utf8')).toBe(XML)
  expect(readFileSync(summary, 'utf8')).toBe('before\n')
  const lines = await tellCi(RAN, undefined, { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary }, cache)
  expect(lines.length).toBe(3)
  expect(readFileSync(summary, 'utf8')).toMatch(/^before\n### lab run\n/)
  const unwritable = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: dir }
  expect((await failureOf(tellCi(RAN, undefined, unwritable, cache))).parts.place).toBe('GITHUB_STEP_SUMMARY')
})
