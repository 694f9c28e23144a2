import { expect, test } from 'vitest'
import { COMPAT, compatRows } from './compat.ts'
import { parseVersion } from './version.ts'

const OLD = ['host-fcommon', 'libsubcmd-werror', 'no-cf-protection', 'no-stack-protector']

test.each([
  ['v5.4', 12, OLD],
  ['v5.4', 9, ['no-cf-protection']],
  ['v5.4', 8, []],
  ['v5.5', 12, OLD.filter((name) => name !== 'host-fcommon')],
  ['v5.7', 12, ['libsubcmd-werror', 'no-cf-protection']],
  ['v5.10', 11, ['no-cf-protection']],
  ['v5.13', 14, ['libsubcmd-werror']],
  ['v5.17', 14, []],
])('%s with gcc %i needs %j', (version, gcc, names) => {
  const parsed = parseVersion(version) ?? expect.unreachable(version)
  expect(compatRows(parsed, { gcc, binutils: 240 }).map(({ name }) => name)).toEqual(names)
})

test('every row does something and says why; no two of them assign the same', () => {
  for (const { make, options, why } of COMPAT) {
    expect(Object.keys({ ...make, ...options })).not.toEqual([])
    expect(why).toMatch(/\w/)
  }
  const assigned = COMPAT.flatMap(({ make, options }) => Object.keys({ ...make, ...options }))
  expect(new Set(assigned).size).toBe(assigned.length)
})
