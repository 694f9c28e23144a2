import { expect, test } from 'vitest'
import { compareVersions, inRange, parseVersion, versionOfMakefile, versionText } from './version.ts'

const version = (text: string) => parseVersion(text) ?? expect.unreachable(text)

test.each([
  ['v5.4', '5.4.0'],
  ['5.10.223', '5.10.223'],
  ['6.1.0-28-amd64', '6.1.0'],
  ['5.4-rc3', '5.4.0'],
])('%s is %s', (text, whole) => {
  expect(versionText(version(text))).toBe(whole)
})

test.each(['', 'v5', 'linux-5.4', 'next'])('%j is no version', (text) => {
  expect(parseVersion(text)).toBeUndefined()
})

test('versions sort as numbers', () => {
  const sorted = ['5.10', '4.19.300', '5.4.2', '5.4.10', '5.4'].map(version).toSorted(compareVersions)
  expect(sorted.map(versionText)).toEqual(['4.19.300', '5.4.0', '5.4.2', '5.4.10', '5.10.0'])
})

test.each([
  ['5.3', 'v5.3..', true],
  ['5.2.99', 'v5.3..', false],
  ['5.6.19', '..v5.7', true],
  ['5.7', '..v5.7', false],
  ['5.10', '..v5.7', false],
  ['6.1', 'v4.19..v6.2', true],
  ['6.2', 'v4.19..v6.2', false],
  ['4.18', 'v4.19..v6.2', false],
])('%s in %s: %s', (text, range, inside) => {
  expect(inRange(version(text), range)).toBe(inside)
})

test('the version of a tree is in its Makefile', () => {
  const makefile =
    '# SPDX\nVERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 223\nEXTRAVERSION = -rc1\n\nKERNELVERSION = $(VERSION)\n'
  expect(versionOfMakefile(makefile)).toEqual(version('5.10.223'))
  expect(versionOfMakefile('VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL =\n')).toEqual(version('6.1'))
  expect(versionOfMakefile('all:\n\tcc\n')).toBeUndefined()
})
