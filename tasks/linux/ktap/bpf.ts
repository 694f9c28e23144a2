/**
 * What the programs of tools/testing/selftests/bpf print: test_progs ("#2/1 name:OK", then "#2 name:OK"), test_verifier
 * ("#2/p name OK", and what is wrong with it in the lines after), and the summary that both end with.
 */
import { SAID, type TestCase, type TestsFound } from './cases.ts'

/** A blank line of digits and blanks keeps the columns of newer kernels: "#3/1     align/mov:OK". */
const PROGS = /^#(\d+)(?:\/(\d+))?\s+(\S.*?):(OK|FAIL|SKIP)\b/
const VERIFIER = /^#(\d+)\/([pu]) (.*?) ?(OK|FAIL|SKIP)\b(.*)$/
const SUMMARY = /^Summary: (\d+)(?:\/(\d+))? PASSED, (\d+) SKIPPED, (\d+) FAILED$/

const RESULT = { OK: 'passed', FAIL: 'failed', SKIP: 'skipped' } as const

interface Found {
  readonly name: string
  readonly result: TestCase['result']
  readonly said: string[]
}

/** A test of test_progs stands for itself where it has no subtests, or failed although none of them did. */
function ofTest(name: string, result: TestCase['result'], said: string[], children: readonly Found[]): Found[] {
  const named = children.map((child) => ({
    ...child,
    name: child.name.startsWith(`${name}/`) ? child.name : `${name}/${child.name}`,
  }))
  const alone = children.length === 0 || (result === 'failed' && children.every((child) => child.result !== 'failed'))
  return alone ? [...named, { name, result, said }] : named
}

class Reader {
  readonly found = new Map<string, Found[]>()
  summary: { readonly failed: number } | undefined
  #children: Found[] = []
  #before: string[] = []
  /** The failed test of test_verifier whose lines come now. */
  #open: Found | undefined

  line(text: string): void {
    const progs = PROGS.exec(text)
    if (progs) return this.#progs(progs)
    const verifier = VERIFIER.exec(text)
    if (verifier) return this.#verifier(verifier)
    const summary = SUMMARY.exec(text)
    if (summary) this.summary = { failed: Number(summary[4]) }
    else if (this.#open !== undefined) {
      if (this.#open.said.length < SAID && text.trim() !== '') this.#open.said.push(text)
    } else if (text.trim() !== '') {
      this.#before.push(text)
      if (this.#before.length > SAID) this.#before.shift()
    }
  }

  #progs([, number = '', sub, name = '', word = '']: RegExpExecArray): void {
    const result = RESULT[word as keyof typeof RESULT]
    const said = this.#before.splice(0)
    if (sub !== undefined) {
      this.#children.push({ name, result, said })
      return
    }
    const children = this.#children.splice(0)
    const again = this.found.get(number)
    // Newer kernels print what failed again under "All error logs:", with what was said about it.
    if (again === undefined) this.found.set(number, ofTest(name, result, said, children))
    else for (const one of again) if (one.result === 'failed' && one.said.length === 0) one.said.push(...said)
  }

  #verifier([, number = '', side = '', name = '', word = '', rest = '']: RegExpExecArray): void {
    const result = RESULT[word as keyof typeof RESULT]
    const one: Found = { name: side === 'u' ? `${name} (unprivileged)` : name, result, said: [] }
    if (rest.trim() !== '') one.said.push(rest.trim())
    this.#open = result === 'failed' ? one : undefined
    this.found.set(`${number}/${side}`, [one])
  }

  /** Subtests whose test has no result: the program ended in it. */
  get unfinished(): readonly Found[] {
    return this.#children
  }
}

/** The results in a text, or undefined where it is of neither program. @param lines without line ends */
export function bpfResults(lines: readonly string[]): TestsFound | undefined {
  const reader = new Reader()
  for (const line of lines) reader.line(line)
  const found = [...reader.found.values()].flat().concat(reader.unfinished)
  if (found.length === 0 || (found.length === 1 && reader.summary === undefined)) return undefined
  const count = (result: TestCase['result']) => found.filter((one) => one.result === result).length
  const failed = found.filter(({ result }) => result === 'failed')
  const problems: string[] = []
  if (reader.summary === undefined) problems.push('there is no summary: the tests ended before the last of them')
  else if (reader.summary.failed > 0 && failed.length === 0)
    problems.push(`the summary counts ${reader.summary.failed} that failed, and no test says so`)
  const tests = found.map(({ name, result, said }): TestCase => ({
    name,
    result,
    ...(result === 'failed' && { said }),
  }))
  return {
    form: 'BPF selftest',
    passed: count('passed'),
    failed: failed.length,
    skipped: count('skipped'),
    todo: 0,
    failures: failed.map(({ name }) => name).slice(0, 50),
    problems,
    tests,
  }
}
