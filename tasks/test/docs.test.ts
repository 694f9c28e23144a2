/**
 * README.md and docs/: short, with links that lead somewhere and commands that exist. The SQL in them is run by
 * query.docs.test.ts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCommandLine } from '../commands/program.ts'
import { TASKS } from './imports.ts'

const ROOT = join(TASKS, '..')
const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
]
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8')

/** Lines of a page's code blocks that call lab, without their comments. Blocks marked `text` show what is printed. */
function commandsOf(page: string): string[] {
  const blocks = Array.from(read(page).matchAll(/^```(\w*)\n([^]*?)^```/gm), ([, language, text]) => ({
    language,
    text,
  }))
  return blocks
    .filter(({ language }) => language === '' || language === 'sh')
    .flatMap(({ text = '' }) => text.split('\n'))
    .filter((line) => /^(\.\/)?lab /.test(line))
    .map((line) => line.replace(/\s+#.*$/, ''))
}

const CALLS = PAGES.flatMap((page) => commandsOf(page).map((line): [string, string] => [page, line]))

test('README.md has at most 150 lines', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(151)
})

test('there are commands to check', () => {
  expect(CALLS.length).toBeGreaterThan(20)
})

/** Words of a shell line up to what belongs to the shell: a pipe, a redirection, a second command. */
function wordsOf(line: string): string[] {
  const words = Array.from(line.matchAll(/'([^']*)'|"([^"]*)"|[^\s'"]+/g), ([all, single, double]) => ({
    text: single ?? double ?? all,
    plain: single === undefined && double === undefined,
  }))
  const end = words.findIndex(({ text, plain }) => plain && /^(?:\||&&|;|<|>)/.test(text))
  return words.slice(1, end < 0 ? undefined : end).map(({ text }) => text)
}

test.each(CALLS)('%s: %s', async (_, line) => {
  const words = wordsOf(line)
  let called: string | undefined
  // Read as the program reads it: the command, its arguments, each option and its value.
  await readCommandLine(words, ({ command, options }) => {
    options()
    called = command.usage.split(' ')[0]
    return Promise.resolve()
  })
  if (words[0] !== 'help' && !words.includes('--help') && !words.includes('--version')) expect(called).toBe(words[0])
})

describe('links lead to files', () => {
  test.each([...PAGES, 'CONTRIBUTING.md', 'tasks/README.md', 'bpf/README.md'])('%s', (page) => {
    const targets = Array.from(read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g), ([, target]) => target ?? '')
    const broken = targets.filter(
      (target) => !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, dirname(page), target)),
    )
    expect(broken).toEqual([])
  })
})
