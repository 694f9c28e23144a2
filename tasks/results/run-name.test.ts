import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { fits, namedRun } from './run-name.ts'

const RUN = '20261130-005049-c784990d'
const KNOWN = new Set(['readiter', 'cost'])

test.each([
  [RUN, { part: RUN, exact: false }],
  ['last', { back: 0, part: 'last', exact: false }],
  ['last~2', { back: 2, part: 'last~2', exact: false }],
  ['readiter@last', { experiment: 'readiter', back: 0, part: 'last', exact: false }],
  ['cost@last~3', { experiment: 'cost', back: 3, part: 'last~3', exact: false }],
  [`readiter/${RUN}`, { experiment: 'readiter', part: RUN, exact: false }],
  [`./results/readiter/${RUN}/`, { experiment: 'readiter', part: RUN, exact: false }],
  [`/home/somebody/lab/results/readiter/${RUN}`, { experiment: 'readiter', part: RUN, exact: false }],
  ['no-such/x', { part: 'no-such/x', exact: false }],
  ['', { part: '', exact: false }],
])('%s', (name, meant) => {
  expect(namedRun(name, KNOWN, '/nowhere')).toEqual(meant)
})

test('the path of a directory that is a result, from wherever it is', () => {
  const results = join(tempDir(), 'some where')
  const dir = join(results, 'readiter', RUN)
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'manifest.json'), '{}')
  const meant = { experiment: 'readiter', part: RUN, exact: true }
  expect(namedRun('.', KNOWN, dir)).toEqual(meant)
  expect(namedRun(`../${RUN}/`, KNOWN, dir)).toEqual(meant)
  expect(namedRun(dir, KNOWN, '/')).toEqual(meant)
  expect(namedRun(`readiter/${RUN}`, KNOWN, results)).toEqual(meant)
})

test('a run is meant by its beginning or its last part', () => {
  expect(fits(RUN, '20261130')).toBe(true)
  expect(fits(RUN, 'c784990d')).toBe(true)
  expect(fits(RUN, '784990d')).toBe(false)
})
