import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { requirementsTable, TABLE } from './requirements.ts'

test('the table of requirements is that of the tests (node tasks/test/requirements.ts writes it)', () => {
  expect(readFileSync(TABLE, 'utf8')).toBe(requirementsTable())
})

test('a test that names a requirement is in the table, with the kernel that it ran on', () => {
  const row = (id: string) =>
    requirementsTable()
      .split('\n')
      .find((line) => line.startsWith(`| ${id} |`))
  expect(row('R-0601-2')).toMatch(
    /linux\/ftrace\/tracepoint\.test\.ts.*test\/tracepoint\.vm\.test\.ts.*\| default; none \|$/,
  )
  expect(row('R-0801-2')).toContain('test/experiments.vm.test.ts')
})
