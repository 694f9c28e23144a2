/**
 * What the log of the guest's kernel says against a run: its splats, whether the experiment allows them, and whether
 * they came before it; and the tests whose results the workload or the kernel printed. From the raw files, so that `lab
 * verify` finds the same.
 */
import { patternOf } from '../../config/interpolate.ts'
import type { AllowedSplat } from '../../config/resolved.ts'
import { matches } from '../../config/text/pattern.ts'
import type { Failed } from '../../trace/expect/expect-failure.ts'
import type { TestCase, TestsFound } from '../../linux/ktap/cases.ts'
import { resultsText, testResults, testsFailed } from '../../linux/ktap/ktap.ts'
import { explainsTaint, splatTaints } from '../../linux/splats/kinds.ts'
import { logLine } from '../../linux/splats/line.ts'
import { findSplats, type Splat } from '../../linux/splats/reader.ts'
import type { RunSplat, RunTests } from '../../results/manifest.ts'
import { of, type HolderLine } from '../guest/holder.ts'

export interface KernelLog {
  readonly dmesg: string | undefined
  readonly console: string | undefined
  readonly lines: readonly HolderLine[]
}

/** Splats and characters of a line that a manifest keeps. */
const MOST_SPLATS = 50
const LONGEST = 400

const allows = (allow: readonly AllowedSplat[], { kind, function: name }: Pick<Splat, 'kind' | 'function'>): boolean =>
  allow.some(
    (splat) =>
      splat.kind === kind &&
      (splat.function === undefined || (name !== undefined && matches(patternOf(splat.function, {}), name))),
  )

/** The line of dmesg with which the run begins; older loaders do not say, and then all of it is the run's. */
const firstLine = (lines: readonly HolderLine[]): number => of(lines, 'log')[0]?.line ?? 1

/** Reports that the console has and dmesg does not: its buffer was overwritten, or somebody replaced the file. */
function onlyOnConsole(console: readonly Splat[], dmesg: readonly Splat[]): readonly Splat[] {
  const key = (splat: Splat) => `${splat.kind} ${splat.function ?? splat.what}`
  const there = new Map<string, number>()
  for (const splat of dmesg) there.set(key(splat), (there.get(key(splat)) ?? 0) + 1)
  return console.filter((splat) => {
    const left = there.get(key(splat)) ?? 0
    there.set(key(splat), left - 1)
    return left <= 0
  })
}

/** Flags that say that the kernel warned or died, and whose report is nowhere. */
function unexplainedTaints(lines: readonly HolderLine[], found: readonly Splat[]): [letter: string, before: boolean][] {
  const log = of(lines, 'log')[0]
  if (log === undefined || log.taint < 0) return []
  const before = new Set(splatTaints(Math.max(0, log.taintBefore)))
  return splatTaints(log.taint)
    .filter((letter) => !found.some(({ kind }) => explainsTaint(kind, letter)))
    .map((letter) => [letter, before.has(letter)])
}

/** All splats of a guest up to the end of a run. */
export function splatsOf({ dmesg, console, lines }: KernelLog, allow: readonly AllowedSplat[]): readonly RunSplat[] {
  const logged = findSplats(dmesg ?? '')
  const printed = onlyOnConsole(findSplats(console ?? ''), logged)
  const first = firstLine(lines)
  const cut = (text: string) => text.slice(0, LONGEST)
  const splat =
    (file: RunSplat['file']) =>
    (splat: Splat): RunSplat => ({
      kind: splat.kind,
      function: splat.function ?? null,
      module: splat.module ?? null,
      what: cut(splat.what),
      file,
      line: splat.line,
      at: splat.at ?? null,
      when: file === 'dmesg' && splat.line < first ? 'before' : 'run',
      allowed: allows(allow, splat),
      lines: splat.lines.map(cut),
    })
  const taints = unexplainedTaints(lines, [...logged, ...printed]).map(([letter, before]): RunSplat => {
    const what = `taint flag ${letter} is set, and the report that set it is not in the log`
    const kind = 'tainted'
    return {
      kind,
      function: null,
      module: null,
      what,
      file: 'kernel.tainted',
      line: null,
      at: null,
      when: before ? 'before' : 'run',
      allowed: allows(allow, { kind }),
      lines: [what],
    }
  })
  return [...logged.map(splat('dmesg')), ...printed.map(splat('console.log')), ...taints]
}

/** What a manifest keeps of them: those that count first, in the order of the log. */
export const keptSplats = (splats: readonly RunSplat[]): readonly RunSplat[] =>
  splats.length <= MOST_SPLATS
    ? splats
    : [...splats.filter(({ allowed }) => !allowed), ...splats.filter(({ allowed }) => allowed)].slice(0, MOST_SPLATS)

/** What a text must have for its lines to be looked at: outputs may have millions of them. */
const MAYBE_TESTS =
  /^\s*(?:not ok\b|ok\b|K?TAP version |1\.\.\d)|\[\s*(?:RUN|OK|PASS|FAIL|SKIP|UN)|^Summary: \d|^#\d+(?:\/\w+)?\s.*(?:OK|FAIL|SKIP)/m

/** Results as a manifest keeps them, and each test by its name. */
export type PrintedTests = RunTests & { readonly tests: readonly TestCase[] }

const printedTests = (found: TestsFound, file: RunTests['file']): PrintedTests => {
  const said = found.tests.find(({ result }) => result === 'failed')?.said
  return { ...found, file, listed: found.tests.length, ...(said !== undefined && { said: [...said] }) }
}

/** Results of tests in the workload's output, and in the kernel's log since the run began. */
export function testsOf(stdout: string, { dmesg = '', lines }: KernelLog): readonly PrintedTests[] {
  const printed = MAYBE_TESTS.test(stdout) ? testResults(stdout.split(/\r*\n/)) : undefined
  const own = dmesg
    .split('\n')
    .slice(firstLine(lines) - 1)
    .map(logLine)
    .filter(({ by }) => by !== 'program')
    .map(({ text }) => text)
  // Forms before TAP are those of programs; the kernel prints KTAP.
  const logged = testResults(own)
  return [
    ...(printed ? [printedTests(printed, 'stdout')] : []),
    ...(logged?.form === 'TAP' ? [printedTests(logged, 'dmesg')] : []),
  ]
}

/** Tests that failed are a failure of the workload, whatever its exit status. */
export const testFailures = (tests: readonly PrintedTests[]): Failed[] =>
  tests.filter(testsFailed).map((test) => ({
    stage: 'workload',
    fact: `its tests did not pass (${test.form} in ${test.file}): ${resultsText(test).slice(0, LONGEST)}`,
    said: [
      ...test.tests.flatMap(({ name, result, said = [] }) =>
        result === 'failed' ? [name, ...said.map((line) => `    ${line}`)] : [],
      ),
      ...test.problems,
    ],
  }))
