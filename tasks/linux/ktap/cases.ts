/** Results of tests in a text, and its single tests: each with its result and, where it failed, what was printed about it. */

export interface TestCase {
  /** With its parents in front: "test_progs/attach_probe". */
  readonly name: string
  readonly result: 'passed' | 'failed' | 'skipped' | 'todo'
  /** Of a test that failed: the last lines before its result, or the first ones after it. */
  readonly said?: readonly string[]
}

export interface TestResults {
  readonly form: 'TAP' | 'kselftest' | 'BPF selftest'
  readonly passed: number
  readonly failed: number
  /** `# SKIP`, and `[SKIP]`. */
  readonly skipped: number
  /** Failures that are known: `# TODO`, `# XFAIL`. */
  readonly todo: number
  /** Names of the tests that failed, the innermost ones, as far as they are kept. */
  readonly failures: readonly string[]
  /** What is wrong with the text itself: results that are missing, tests that were given up. */
  readonly problems: readonly string[]
}

/** And each test by its name. */
export type TestsFound = TestResults & { readonly tests: readonly TestCase[] }

/** Lines that a failed test is shown with. */
export const SAID = 10
/** Tests that are kept by name, and characters of a line. */
const MOST_CASES = 20_000
const LONGEST = 400

/** Collects tests, in their order. */
export class Cases {
  readonly all: TestCase[] = []
  #lines: string[] = []

  /** A line that is no result. */
  line(text: string): void {
    if (text.trim() === '') return
    this.#lines.push(text.slice(0, LONGEST))
    if (this.#lines.length > SAID) this.#lines.shift()
  }

  /** A result, with the lines since the one before it. */
  result(name: string, result: TestCase['result'], own?: string): void {
    const said = [...this.#lines, ...(own === undefined ? [] : [own.slice(0, LONGEST)])]
    this.#lines = []
    if (this.all.length < MOST_CASES)
      this.all.push({ name: name.slice(0, LONGEST), result, ...(result === 'failed' && said.length > 0 && { said }) })
  }
}
