/** README.md and docs/: short, with links that lead somewhere and commands that exist. The SQL in them is run by query.docs.test.ts. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS, loadCommand } from '../commands/registry.ts'
import { TASKS } from './imports.ts'

const ROOT = join(TASKS, '..')
const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
]
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8')

/** Options that every command takes. */
const EVERYWHERE = ['--json', '--yes', '--file', '--help', '--version', '--verbose']

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

test.each(CALLS)('%s: %s', async (_, line) => {
  const [, name = '', ...words] = line.split(/\s+/)
  expect(Object.keys(COMMANDS)).toContain(name)
  const known = ((await loadCommand(name)).options ?? []).flatMap(([flags]) => flags.match(/--[a-z-]+/g) ?? [])
  for (const word of words.slice(0, words.includes('--') ? words.indexOf('--') : undefined))
    if (word.startsWith('--')) expect([...known, ...EVERYWHERE], `${name} ${word}`).toContain(word.replace(/=.*/, ''))
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
