/**
 * Results of tests in a text: TAP (testanything.org), KTAP (Documentation/dev-tools/ktap.rst), and what kselftests
 * printed before they spoke TAP: `[FAIL]`, `[ FAILED ]`, "#1 name:FAIL" of bpf's. Only a text that really is one of
 * these has results. Text in, facts out.
 */

import { bpfResults } from './bpf.ts'
import { Cases, type TestCase, type TestResults, type TestsFound } from './cases.ts'

/** Whether the tests say that something is wrong. */
export const testsFailed = ({ failed, problems }: TestResults): boolean => failed > 0 || problems.length > 0

/** Names and problems that are kept. */
const MOST = 50

const VERSION = /^(?:K?TAP) version \d+$/
const PLAN = /^1\.\.(\d+)(?:\s+#\s*(skip)\b.*)?$/i
const RESULT = /^(not )?ok\b(?:\s+(\d+))?(?:\s+-)?\s*(.*)$/
const DIRECTIVE = /(?:^|\s)#\s*(SKIP|TODO|XFAIL|XPASS|TIMEOUT|ERROR)\b/i
const BAIL = /^Bail out!\s*(.*)$/
const SUBTEST = /^# Subtest:\s*(.*)$/
/** kselftest/runner.sh before each test, whose output it then prints behind "# ". */
const RUNS = /^# (?:selftests: \S+: \S|timeout set to )/
/** ksft_print_cnts() of kselftest.h. */
const TOTALS = /^# Totals: pass:\d+ fail:(\d+) .*\berror:(\d+)/

/** A level of indentation: the whole text, or the subtests of one test. */
interface Level {
  readonly indent: number
  name: string | undefined
  plan: number | undefined
  results: number
  /** How many failed, and how many the level's own totals say. */
  failed: number
  totals: number
  failures: string[]
}

/** Of "not" and the word after "#". */
function resultOf(failed: boolean, directive: string | undefined): TestCase['result'] {
  if (directive === 'SKIP') return 'skipped'
  if (directive === 'TODO' || directive === 'XFAIL') return 'todo'
  return failed || directive === 'TIMEOUT' || directive === 'ERROR' ? 'failed' : 'passed'
}

class Tap {
  readonly counts = { passed: 0, failed: 0, skipped: 0, todo: 0 }
  readonly failures: string[] = []
  readonly problems: string[] = []
  readonly cases = new Cases()
  readonly #levels: Level[] = []
  /** The text is of kselftest/runner.sh. */
  #runner = false
  version = false
  plan = false
  /** `1..0 # SKIP`: there was nothing to do. */
  skippedWhole = false
  results = 0

  line(indent: number, text: string): void {
    this.#runner ||= RUNS.test(text)
    // What a test prints, behind "# " for each runner around it, is a level of its own.
    if (this.#runner && /^# (?!Subtest:|Totals:|selftests: )/.test(text)) return this.line(indent + 2, text.slice(2))
    const totals = TOTALS.exec(text)
    if (totals) {
      const level = this.#levels.find((one) => one.indent === indent) ?? this.#level(indent)
      level.totals = Number(totals[1]) + Number(totals[2])
    }
    if (VERSION.test(text)) {
      this.version = true
      this.#level(indent)
      return
    }
    const subtest = SUBTEST.exec(text)
    if (subtest) {
      this.#level(indent).name = subtest[1]
      return
    }
    const plan = PLAN.exec(text)
    if (plan) {
      this.plan = true
      if (plan[1] === '0') this.skippedWhole = true
      this.#level(indent).plan = Number(plan[1])
      return
    }
    const result = RESULT.exec(text)
    if (result) return this.#result(indent, result[1] !== undefined, result[2], result[3] ?? '')
    this.cases.line(text)
    const bail = BAIL.exec(text)
    if (bail) this.problem(`the tests were given up: ${bail[1] || 'Bail out!'}`)
  }

  end(): void {
    while (this.#levels.length > 0) this.#close()
    if (this.results === 0 && !this.skippedWhole) this.problem('no test has a result')
  }

  problem(text: string): void {
    if (this.problems.length < MOST) this.problems.push(text)
  }

  /** The level of an indentation. Lines of a parent end the levels inside it. */
  #level(indent: number): Level {
    while ((this.#levels.at(-1)?.indent ?? -1) > indent) this.#close()
    const last = this.#levels.at(-1)
    if (last?.indent === indent) return last
    const level: Level = { indent, name: undefined, plan: undefined, results: 0, failed: 0, totals: 0, failures: [] }
    this.#levels.push(level)
    return level
  }

  #result(indent: number, failed: boolean, number: string | undefined, rest: string): void {
    const inner = this.#levels.at(-1)
    const children = inner && inner.indent > indent ? inner.failures : []
    // What a test printed is called as the test is, whose result comes last.
    if (inner && inner.indent > indent && rest !== '') inner.name ??= rest.replace(/\s*#.*$/, '')
    const level = this.#level(indent)
    const directive = DIRECTIVE.exec(rest)?.[1]?.toUpperCase()
    const name = rest.replace(/\s*#.*$/, '') || `test ${number ?? level.results + 1}`
    level.results++
    this.results++
    const result = resultOf(failed, directive)
    this.counts[result]++
    this.cases.result(name, result, /#\s*(\S.*)$/.exec(rest)?.[1])
    if (result === 'failed') {
      level.failed++
      // A parent fails because a child did: the child is what to look at.
      const names = children.length > 0 ? children.map((child) => `${name}: ${child}`) : [name]
      level.failures.push(...names.slice(0, MOST))
      if (indent === this.#levels[0]?.indent) this.#keep(names)
    } else if (result === 'passed') {
      // Its parent says that all is well.
      if (children.length > 0) this.problem(`${name} passed, although ${children.join(', ')} did not`)
    }
  }

  #keep(names: readonly string[]): void {
    this.failures.push(...names.slice(0, MOST - this.failures.length))
  }

  #close(): void {
    const level = this.#levels.pop()
    if (level === undefined) return
    const { plan, results, name, failures, failed, totals } = level
    const of = name === undefined ? '' : ` of ${name}`
    if (plan !== undefined && plan !== results)
      this.problem(
        `the plan${of} is 1..${plan}, and ${results} test${results === 1 ? ' has a result' : 's have results'}`,
      )
    // Tests that print no results, and whose exit status says that all is well.
    if (totals > failed) this.problem(`the totals${of} say that ${totals} failed, and ${failed} of the results do`)
    // Subtests whose parent never came: what they said stays true.
    const parent = this.#levels.at(-1)
    if (parent === undefined && this.#levels.length === 0 && this.failures.length === 0) this.#keep(failures)
  }
}

/** Lines of the forms before TAP: `[FAIL] name`, `name [FAIL]`, `[     FAIL ] name`. */
const STATUS = /^\[\s*(RUN|OK|PASS|PASSED|FAIL|FAILED|SKIP|SKIPPED|XFAIL)\s*\]\s*(.*)$/
/** And those of ftracetest, which has two more words for tests that this kernel cannot run, and one for no result. */
const STATUS_LAST =
  /^(\S.*?)\s*(?:\.\.\.)?\s*:?\s*\[\s*(OK|PASS|PASSED|FAIL|FAILED|SKIP|XFAIL|UNSUPPORTED|UNTESTED|UNRESOLVED)\s*\]$/
const HARNESS = /^(?:# )?(?:selftests: |\[={10}\] |TAP version)/

const OLD_RESULT = (status: string): TestCase['result'] =>
  status.startsWith('FAIL') || status === 'UNRESOLVED'
    ? 'failed'
    : status.startsWith('SKIP') || status === 'UNSUPPORTED' || status === 'UNTESTED'
      ? 'skipped'
      : status === 'XFAIL'
        ? 'todo'
        : 'passed'

function kselftest(lines: readonly string[]): TestsFound | undefined {
  const counts = { passed: 0, failed: 0, skipped: 0, todo: 0 }
  const failures: string[] = []
  const cases = new Cases()
  let first = 0
  let last = 0
  let harness = false
  let lastFailures = 0
  for (const text of lines) {
    harness ||= HARNESS.test(text)
    const begins = STATUS.exec(text)
    const ends = begins ? null : STATUS_LAST.exec(text)
    const [status, name] = begins ? [begins[1], begins[2]] : [ends?.[2], ends?.[1]]
    if (status === undefined || status === 'RUN') {
      if (begins) first++
      cases.line(text)
      continue
    }
    if (begins) first++
    else last++
    const result = OLD_RESULT(status)
    counts[result]++
    cases.result(name || 'a test', result)
    if (result !== 'failed') continue
    if (ends) lastFailures++
    if (failures.length < MOST) failures.push(name || 'a test')
  }
  // A status at the end of a line is also how services and benchmarks talk: alone it says nothing.
  const shaped = first > 0 || harness || last > lastFailures + 1
  return shaped && first + last > 0
    ? { form: 'kselftest', ...counts, failures, problems: [], tests: cases.all }
    : undefined
}

const indentOf = (line: string): number => line.length - line.trimStart().length

/** The results in a text, or undefined where it has none. @param lines without prefixes and line ends */
export function testResults(lines: Iterable<string>): TestsFound | undefined {
  const all = [...lines].map((line) => line.trimEnd())
  const tap = new Tap()
  for (const line of all) tap.line(indentOf(line), line.trimStart())
  // "1..5" or "ok" alone are words that any program may print.
  if (!tap.version && !(tap.plan && (tap.results > 0 || tap.skippedWhole))) return bpfResults(all) ?? kselftest(all)
  tap.end()
  return { form: 'TAP', ...tap.counts, failures: tap.failures, problems: tap.problems, tests: tap.cases.all }
}

/** "2 of 5 tests failed: a, b; the plan is 1..6, and 5 tests have results". */
export function resultsText({ passed, failed, skipped, todo, failures, problems }: TestResults): string {
  const all = passed + failed + skipped + todo
  const words = [
    ...(failed > 0 ? [`${failed} of ${all} test${all === 1 ? '' : 's'} failed: ${failures.join(', ')}`] : []),
    ...problems,
  ]
  if (words.length > 0) return words.join('; ')
  const extra = [...(skipped > 0 ? [`${skipped} skipped`] : []), ...(todo > 0 ? [`${todo} known to fail`] : [])]
  return [`${passed} of ${all} test${all === 1 ? '' : 's'} passed`, ...extra].join(', ')
}
