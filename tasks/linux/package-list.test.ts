import { expect, test } from 'vitest'
import { differingPackages, lockedFiles, packageLine, parsePackages, preferences } from './package-list.ts'

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
])('%s is reported', (_name, now, facts) => {
  expect(differingPackages(parsePackages(LIST), parsePackages(now), 'the mirror gives')).toEqual(facts)
})

test('a list with files names where each is in the pool; one without has none', () => {
  const files = `apt 3.0.3 amd64 ${'1'.repeat(64)} pool/main/a/apt/apt_3.0.3_amd64.deb\nlibc6 1:2.41-12+b1 amd64 ${'2'.repeat(64)} pool/updates/main/g/glibc/libc6_2.41-12+b1_amd64.deb`
  const packages = parsePackages(files)
  expect(packages.map(packageLine).join('\n')).toBe(files)
  expect(lockedFiles(packages)?.map(({ filename }) => filename.split('/').at(-1))).toEqual([
    'apt_3.0.3_amd64.deb',
    'libc6_2.41-12+b1_amd64.deb',
  ])
  expect(lockedFiles([...packages, ...parsePackages(`tar 1 amd64 ${'3'.repeat(64)}`)])).toBeUndefined()
  expect(lockedFiles([])).toBeUndefined()
})

test.each(['pool/../../etc/x.deb', '/pool/x.deb', 'pool//x.deb', 'pool/x.deb;id', 'https://example.org/pool/x.deb'])(
  'the path %s is that of no package',
  (path) => expect(parsePackages(`apt 3.0.3 amd64 ${'1'.repeat(64)} ${path}`)).toEqual([]),
)
