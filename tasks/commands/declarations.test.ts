/** The declarations of all commands: names that agree, examples that work, an overview that is current. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { overview, OVERVIEW_FILE } from '../test/overview.ts'
import type { Command, OptionRow } from './command.ts'
import { COMMANDS, loadCommand } from './registry.ts'
import { EVERYWHERE } from './shared/options.ts'

const NAMES = Object.keys(COMMANDS)
const all: readonly Command[] = await Promise.all(NAMES.map(loadCommand))
const flagsOf = (rows: readonly OptionRow[] = []) => rows.flatMap(([flags]) => flags.match(/--[a-z-]+/g) ?? [])
const byName = new Map(all.map((command) => [command.usage.split(' ')[0] ?? '', command]))

test('a command is called what the registry calls it', () => {
  expect([...byName.keys()]).toEqual(NAMES)
})

test('the overview is what the declarations say: if not, node tasks/test/overview.ts --write', async () => {
  expect(JSON.parse(readFileSync(OVERVIEW_FILE, 'utf8'))).toEqual(await overview())
})

test.each(all.map((command) => [command.usage, command] as const))(
  'options of %s have one long name each',
  (_, command) => {
    const flags = flagsOf([...(command.options ?? []), ...EVERYWHERE])
    expect(flags).toEqual([...new Set(flags)])
    expect(flags).toHaveLength((command.options ?? []).length + EVERYWHERE.length)
  },
)

const examples = all.flatMap(({ usage, examples: rows = [] }) =>
  rows.map(([line]): [string, string] => [usage.split(' ')[0] ?? '', line]),
)
test.each(examples)('an example of %s: %s', (_, line) => {
  for (const [, name = '', rest = ''] of line.matchAll(/\blab ([a-z]+)([^|&]*)/g)) {
    expect(NAMES).toContain(name)
    // What follows a plain "--" is the guest's command.
    const used = rest.split(' -- ')[0]?.match(/--[a-z-]+/g) ?? []
    expect(flagsOf([...(byName.get(name)?.options ?? []), ...EVERYWHERE])).toEqual(expect.arrayContaining(used))
  }
})

test('the examples of a command call it', () => {
  for (const name of new Set(examples.map(([command]) => command)))
    expect(examples.some(([command, line]) => command === name && line.includes(`lab ${name}`))).toBe(true)
})
