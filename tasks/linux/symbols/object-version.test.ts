import { expect, test } from 'vitest'
import { objectVersion, versionOfCode } from './object-version.ts'

test.each([
  [328_704, '5.4.0'],
  [265_984, '4.15.0'],
  [330_495, '5.10.255'],
])('R-0502-1 %i is %s', (code, version) => {
  expect(versionOfCode(code)).toBe(version)
})

test.each([
  [328_704, 328_704, undefined],
  [265_984, 328_704, 'warning'],
  [328_704, 265_984, 'error'],
  [265_984, 265_985, 'error'],
])('R-0502-1 an object for %i on kernel %i: %s', (says, kernel, level) => {
  expect(objectVersion(says, kernel)?.level).toBe(level)
})
