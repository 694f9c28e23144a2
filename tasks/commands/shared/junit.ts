/**
 * How experiments ended in the XML that CI systems read, as JUnit's Ant task writes it: a suite for each experiment, a
 * case for each run. What a guest said in it is made printable, since XML 1.0 has no place for most control characters.
 */
import { printable } from '../../engine/printable.ts'
import { whyNot } from '../../results/why.ts'
import type { Ran } from './run-each.ts'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string): string => printable(text, 400).replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign] ?? '')

interface Case {
  readonly name: string
  readonly seconds: number
  /** `failure`: it ran and did not pass. `error`: there is no result. */
  readonly bad?: { readonly kind: 'failure' | 'error'; readonly text: string; readonly details: string }
}

export interface Suite {
  readonly name: string
  readonly cases: readonly Case[]
}

const caseName = (arm: string, repeat: number): string => [arm, `repeat ${repeat}`].filter(Boolean).join(' ')

export function suiteOf({ experiment, outcome, failure }: Ran): Suite {
  const ended = (outcome?.outcomes ?? []).map(({ dir, manifest }): Case => {
    const { arm, repeat, seconds, verdict } = manifest
    const name = caseName(arm.name, repeat)
    if (verdict === 'passed') return { name, seconds }
    return { name, seconds, bad: { kind: 'failure', text: `${verdict}: ${whyNot(manifest) ?? ''}`, details: dir } }
  })
  const without = (outcome?.problems ?? []).map((problem): Case => {
    const { place = '', fact, wayOut = '' } = problem.failure.parts
    const name = caseName(problem.arm, problem.repeat)
    return { name, seconds: 0, bad: { kind: 'error', text: `${place}: ${fact}`, details: wayOut } }
  })
  const left = (outcome?.left ?? []).map(({ arm, why, runs }): Case => {
    const text = `${runs} run${runs === 1 ? '' : 's'} left out: ${why}`
    return { name: arm, seconds: 0, bad: { kind: 'error', text, details: '`lab run --resume` does what is left' } }
  })
  const failed: Case[] = failure
    ? [
        {
          name: experiment.name,
          seconds: 0,
          bad: { kind: 'error', text: failure.parts.fact, details: failure.parts.wayOut ?? '' },
        },
      ]
    : []
  return { name: experiment.name, cases: [...ended, ...without, ...left, ...failed] }
}

const count = ({ cases }: Suite, kind: 'failure' | 'error'): number =>
  cases.filter(({ bad }) => bad?.kind === kind).length

function caseXml(suite: string, { name, seconds, bad }: Case): string {
  const head = `    <testcase classname="${escaped(suite)}" name="${escaped(name)}" time="${seconds.toFixed(3)}"`
  if (bad === undefined) return `${head}/>\n`
  return `${head}>\n      <${bad.kind} message="${escaped(bad.text)}">${escaped(bad.details)}</${bad.kind}>\n    </testcase>\n`
}

/** The whole file. */
export function junitXml(suites: readonly Suite[]): string {
  const body = suites.map((suite) => {
    const { name, cases } = suite
    const seconds = cases.reduce((sum, testCase) => sum + testCase.seconds, 0)
    return (
      `  <testsuite name="${escaped(name)}" tests="${cases.length}" failures="${count(suite, 'failure')}" errors="${count(suite, 'error')}" time="${seconds.toFixed(3)}">\n` +
      `${cases.map((testCase) => caseXml(name, testCase)).join('')}  </testsuite>\n`
    )
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${body.join('')}</testsuites>\n`
}

/** Percent signs and line ends as workflow commands want them (docs.github.com, "Workflow commands"). */
const commandText = (text: string): string =>
  printable(text, 400).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

/** An annotation of GitHub Actions for each case that did not pass; GitHub shows ten of a step. */
export const githubAnnotations = (suites: readonly Suite[]): string[] =>
  suites.flatMap(({ name, cases }) =>
    cases.flatMap((testCase) =>
      testCase.bad
        ? [
            `::error title=${commandText(`${name} ${testCase.name}`).replaceAll(':', '%3A').replaceAll(',', '%2C')}::${commandText(testCase.bad.text)}`,
          ]
        : [],
    ),
  )

/** A cell of a table in Markdown. */
const cell = (text: string): string =>
  printable(text, 200)
    .replaceAll('|', String.raw`\|`)
    .replaceAll('<', '&lt;')

/** The summary of a job: a table of the experiments, and what did not pass. */
export function githubSummary(suites: readonly Suite[]): string {
  const rows = suites.map((suite) => {
    const bad = suite.cases.filter((testCase) => testCase.bad !== undefined)
    const why = bad[0]?.bad?.text ?? ''
    return `| ${cell(suite.name)} | ${suite.cases.length - bad.length} of ${suite.cases.length} | ${cell(why)} |`
  })
  return ['### lab run', '', '| experiment | passed | why not |', '| --- | --- | --- |', ...rows, ''].join('\n')
}
