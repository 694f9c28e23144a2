import { expect, test } from 'vitest'
import { EXAMPLES, examplesText } from './examples.ts'
import { COMMANDS } from '../registry.ts'

const GLOBAL = ['--json', '--yes', '--file']

test.each(Object.entries(EXAMPLES))('the examples of %s are commands and options that there are', (name, rows) => {
  for (const [line] of rows)
    for (const [, command = '', rest = ''] of line.matchAll(/\blab ([a-z]+)([^|&]*)/g)) {
      const spec = COMMANDS.find(({ usage }) => usage.split(' ')[0] === command)
      expect(spec, line).toBeDefined()
      const options = [...(spec?.options ?? []).flatMap(([flags]) => flags.match(/--[a-z-]+/g) ?? []), ...GLOBAL]
      // What follows a plain "--" is the guest's command.
      for (const flag of rest.split(' -- ')[0]?.match(/--[a-z-]+/g) ?? []) expect(options, line).toContain(flag)
    }
  expect(rows.some(([line]) => line.includes(`lab ${name}`))).toBe(true)
})

test('they stand in columns, and a command without any has no heading', () => {
  expect(examplesText('exec')).toContain('\nExamples:\n  lab exec -- uname -r')
  expect(examplesText('ps')).toBe('')
})
