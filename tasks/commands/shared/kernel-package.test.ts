/** Packages of kernels in the index of an archive, and the lines of a lab file that pin them. */
import { expect, test, vi } from 'vitest'
import { serve, SigningKey, suite } from '../../host/debian/archive.fixture.ts'
import { failureOf } from '../../test/caught.ts'
import { testContext } from '../../test/context.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { declarationOf, findPackage } from './kernel-package.ts'
import { needsProgram } from '../../test/needs.ts'

// gpg and apt's helper are programs of their own; a loaded host needs seconds for each.
vi.setConfig({ testTimeout: 120_000 })

const GPG = needsProgram('gpg', '--version', 'gnupg')
const VERSION = '9.9.1-1'
const RELEASE = '9.9.1+deb99-cloud-amd64'

const record = (name: string, hash: string, depends = '', version = VERSION) =>
  [
    `Package: ${name}`,
    `Version: ${version}`,
    'Architecture: amd64',
    `Depends: ${depends}`,
    `SHA256: ${hash.repeat(64)}`,
  ].join('\n')
const exact = (...names: readonly string[]) => names.map((name) => `${name} (= ${VERSION})`).join(', ')

const RECORDS = [
  record('linux-image-cloud-amd64', 'a', exact('linux-base-cloud-amd64', `linux-image-${RELEASE}`)),
  record('linux-base-cloud-amd64', 'b'),
  record(
    `linux-image-${RELEASE}`,
    'c',
    `${exact(`linux-binary-${RELEASE}`, `linux-modules-${RELEASE}`)}, kmod, linux-initramfs-tool`,
  ),
  record(`linux-binary-${RELEASE}`, 'd'),
  record(`linux-modules-${RELEASE}`, 'e'),
  record('linux-source-9.9', 'f', 'binutils, xz-utils'),
  record('linux-image-rt-amd64', '0', exact('linux-image-9.9.0-rt-amd64')),
]

/** Looks up a package in a suite that an archive on loopback has. */
async function lookUp(name: string) {
  const key = new SigningKey()
  const { base } = await serve(suite('sid', RECORDS, key))
  vi.stubEnv('LAB_DEBIAN_MIRROR', base)
  vi.stubEnv('LAB_DEBIAN_KEYRING', key.ring)
  const context = testContext(tempDir())
  const { found, name: suggested } = await findPackage(name, 'sid', context)
  return { suggested, lines: await declarationOf(found, context) }
}

test('a kernel of several packages is pinned with all of them', GPG, async () => {
  expect(await lookUp(`linux-image-${RELEASE}`)).toEqual({
    suggested: 'debian-9.9',
    lines: {
      source: {
        prebuilt: `linux-image-${RELEASE}`,
        version: VERSION,
        sha256: 'c'.repeat(64),
        parts: { [`linux-binary-${RELEASE}`]: 'd'.repeat(64), [`linux-modules-${RELEASE}`]: 'e'.repeat(64) },
        suite: 'sid',
      },
    },
  })
})

test("a name that stands for a suite's kernel of today pins that kernel", GPG, async () => {
  expect(await lookUp('linux-image-cloud-amd64')).toEqual(await lookUp(`linux-image-${RELEASE}`))
})

test('a source package becomes a kernel that is built, with the shipped fragments', GPG, async () => {
  expect(await lookUp('linux-source-9.9')).toEqual({
    suggested: 'v9.9',
    lines: {
      source: { package: 'linux-source-9.9', suite: 'sid', version: VERSION, sha256: 'f'.repeat(64) },
      config: ['lab:base', 'lab:guest', 'lab:tracing'],
    },
  })
})

test.each([
  [
    'linux-image-9.9.1+deb98-cloud-amd64',
    /^there is no package \S+ in sid$/,
    /did you mean linux-image-9\.9\.1\+deb99/,
  ],
  ['linux-image-rt-amd64', /stands for linux-image-9\.9\.0-rt-amd64, which no index has/, /lab kernels add/],
  ['linux-headers-9.9', /^linux-headers-9\.9 is not the name of a kernel's package$/, /linux-image-\* package/],
])('%s is refused with what to write instead', GPG, async (name, fact, wayOut) => {
  const { kind, parts } = await failureOf(lookUp(name))
  expect(kind).toBe('user')
  expect(parts.fact).toMatch(fact)
  expect(parts.wayOut).toMatch(wayOut)
})
