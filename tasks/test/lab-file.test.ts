import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { labJsonSchema } from '../config/schema/json-schema.ts'
import { Lab } from '../config/schema/schema.ts'
import { EXAMPLE_FILES, exampleOf, keysOf, labFilePage, PAGE, valuesAt } from './lab-file.ts'

const rows = keysOf(labJsonSchema())
const documents = EXAMPLE_FILES.map((file): unknown => parse(readFileSync(file, 'utf8')))

test('docs/lab-file.md is what the schema says: if not, node tasks/test/lab-file.ts --write', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(labFilePage())
})

test('every key has a description', () => {
  expect(rows.length).toBeGreaterThan(100)
  expect(rows.filter(({ description }) => description === '').map(({ path }) => path)).toEqual([])
})

test('every key is used in a lab file that examples are taken from, and its own line fits into a table', () => {
  const groups = Map.groupBy(rows, ({ path, description }) => `${path.slice(0, path.lastIndexOf('.'))} ${description}`)
  const without = [...groups.values()].filter(
    (group) => !group.some(({ path }) => documents.some((document) => valuesAt(document, path).length > 0)),
  )
  expect(without.map(([first]) => first?.path)).toEqual([])
  // Of a key with keys below it the example is theirs.
  const leaves = rows.filter(
    ({ path }) => !rows.some((other) => /^[.[]/.test(other.path.slice(path.length)) && other.path.startsWith(path)),
  )
  const unshown = leaves.filter(
    ({ path, description }) =>
      !leaves.some((other) => other.description === description && exampleOf(documents, other.path) !== undefined) &&
      exampleOf(documents, path) === undefined,
  )
  expect(unshown.map(({ path }) => path)).toEqual([])
})

test.each(EXAMPLE_FILES)('%s has the shape of a lab file', (file) => {
  expect(Lab.safeParse(parse(readFileSync(file, 'utf8'))).error?.issues ?? []).toEqual([])
})
