/** Indexes of archives: which of them are believed, and what is said of the others. */
import { expect, test, vi } from 'vitest'
import { failureOf } from '../../test/caught.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { serve, SigningKey, suite } from './archive.fixture.ts'
import { readFileSync } from 'node:fs'
import { suiteFile, suiteRecords, suiteVersions } from './index.ts'
import { needsProgram } from '../../test/needs.ts'

// gpg and apt's helper are programs of their own; a loaded host needs seconds for each.
vi.setConfig({ testTimeout: 120_000 })

const GPG = needsProgram('gpg', '--version', 'gnupg')
const RECORDS = ['Package: linux-image-9.9.0-1-cloud-amd64\nVersion: 9.9.1-1\nSHA256: 0']
const { signal } = new AbortController()

/** Asks a suite of an archive on loopback, with the keys of `known`. */
async function ask(files: Parameters<typeof serve>[0], known: SigningKey) {
  const { base } = await serve(files)
  vi.stubEnv('LAB_DEBIAN_KEYRING', known.ring)
  return readFileSync(await suiteFile('trixie', tempDir(), signal, base), 'utf8')
}

test('a signed index is believed', GPG, async () => {
  const key = new SigningKey()
  expect(await ask(suite('trixie', RECORDS, key), key)).toContain('linux-image-9.9.0-1-cloud-amd64')
})

test('a date until which it is valid may be to come', GPG, async () => {
  const key = new SigningKey()
  const fields = ['Valid-Until: Sat, 01 Jan 2050 00:00:00 UTC']
  expect(await ask(suite('trixie', RECORDS, key, fields), key)).toContain('9.9.1-1')
})

test('kernels and versions are read from it, and it is fetched once a day', GPG, async () => {
  const key = new SigningKey()
  const { base, asked } = await serve(suite('trixie', [...RECORDS, 'Package: strace\nVersion: 6.13-1'], key))
  vi.stubEnv('LAB_DEBIAN_KEYRING', key.ring)
  const cache = tempDir()
  for (let again = 0; again < 2; again++) {
    const kernels = await suiteRecords('trixie', cache, signal, base)
    expect(kernels.map((kernel) => `${kernel.package} ${kernel.version}`)).toEqual([
      'linux-image-9.9.0-1-cloud-amd64 9.9.1-1',
    ])
  }
  expect(await suiteVersions('trixie', ['strace', 'none'], cache, signal)).toEqual(new Map([['strace', '6.13-1']]))
  expect(asked).toHaveLength(2)
})

interface Case {
  readonly name: string
  readonly files: () => { readonly files: Parameters<typeof serve>[0]; readonly known: SigningKey }
  readonly fact: RegExp
}
const CASES: readonly Case[] = [
  {
    name: 'signed with a key that has expired (for which gpgv ends with 0)',
    files: () => {
      const key = new SigningKey('20200101')
      return { files: suite('trixie', RECORDS, key), known: key }
    },
    fact: /signed with a key that has expired/,
  },
  {
    name: 'that was valid until a day in the past',
    files: () => {
      const key = new SigningKey()
      const fields = ['Valid-Until: Wed, 01 Jan 2020 00:00:00 UTC']
      return { files: suite('trixie', RECORDS, key, fields), known: key }
    },
    fact: /was valid until Wed, 01 Jan 2020 00:00:00 UTC/,
  },
  {
    name: 'signed by somebody else',
    files: () => ({ files: suite('trixie', RECORDS, new SigningKey()), known: new SigningKey() }),
    fact: /a key that this host does not know/,
  },
  {
    name: 'changed after it was signed',
    files: () => {
      const key = new SigningKey()
      const files = suite('trixie', RECORDS, key)
      const release = String(files['dists/trixie/InRelease']).replace('Suite: trixie', 'Suite: trixiE')
      return { files: { ...files, 'dists/trixie/InRelease': Buffer.from(release) }, known: key }
    },
    fact: /was changed after it was signed/,
  },
  {
    name: 'with a list in front of the signed part',
    files: () => {
      const key = new SigningKey()
      const files = suite('trixie', RECORDS, key)
      const signed = key.sign('Suite: trixie\n').toString()
      const list = /^ [0-9a-f]{64} \d+ .*$/m.exec(String(files['dists/trixie/InRelease']))?.[0] ?? ''
      return { files: { ...files, 'dists/trixie/InRelease': Buffer.from(`${list}\n${signed}`) }, known: key }
    },
    fact: /its index (?:does not list|is not signed)/,
  },
  {
    name: 'whose packages are others than those that were signed',
    files: () => {
      const key = new SigningKey()
      const other = suite('trixie', ['Package: linux-evil\nVersion: 1'], key)
      const name = 'dists/trixie/main/binary-amd64/Packages.xz'
      return { files: { ...suite('trixie', RECORDS, key), [name]: other[name] ?? Buffer.alloc(0) }, known: key }
    },
    fact: /is not the one that was signed/,
  },
]

test.each(CASES)('an index $name is refused', GPG, async ({ files, fact }) => {
  const { files: served, known } = files()
  const { kind, parts } = await failureOf(ask(served, known))
  expect(kind).toBe('lab')
  expect(parts.place).toMatch(/^suite trixie of http:/)
  expect(parts.fact).toMatch(fact)
  expect(parts.wayOut).toBeTruthy()
})
