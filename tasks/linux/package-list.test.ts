import { expect, test } from 'vitest'
import { differingPackages, packageLine, parsePackages, preferences } from './package-list.ts'

const HASH = 'a'.repeat(64)
const LIST = `bash 5.2.37-2+b5 amd64 ${HASH}\nlibc6 2.41-12 amd64 ${'b'.repeat(64)}\n`

test('a list is read and written, with and without hashes; other lines are none', () => {
  const packages = parsePackages(`${LIST}adduser 3.152 all\n; rm -rf /\n`)
  expect(packages.map(({ name, sha256 }) => [name, sha256?.[0]])).toEqual([
    ['bash', 'a'],
    ['libc6', 'b'],
    ['adduser', undefined],
  ])
  expect(packages.map(packageLine).join('\n')).toBe(`${LIST}adduser 3.152 all`)
})

test('preferences take these versions, older ones too', () => {
  expect(preferences(parsePackages(LIST))).toBe(
    'Package: bash\nPin: version 5.2.37-2+b5\nPin-Priority: 1001\n\nPackage: libc6\nPin: version 2.41-12\nPin-Priority: 1001\n',
  )
})

test.each([
  ['another version', LIST.replace('2.41-12', '2.41-13'), ['libc6: locked 2.41-12, the mirror gives 2.41-13']],
  ['none', LIST.split('\n')[0] ?? '', ['libc6: locked 2.41-12, the mirror gives none']],
  ['one more', `${LIST}strace 6.13 amd64\n`, ['strace 6.13: not locked']],
  ['other contents', LIST.replace(HASH, 'c'.repeat(64)), [expect.stringContaining('with other contents (ccc')]],
  ['the same', LIST, []],
  ['the same, hashes not known', LIST.replaceAll(/ [ab]{64}/g, ''), []],
])('%s is told', (_name, now, facts) => {
  expect(differingPackages(parsePackages(LIST), parsePackages(now), 'the mirror gives')).toEqual(facts)
})
