/** Pins against indexes on loopback: the main archive of a suite, and its security updates. */
import { expect, test, vi } from 'vitest'
import { tempDir } from '../../test/temp-dir.ts'
import { serve, SigningKey, suite, type Files } from './archive.fixture.ts'
import { pinStates } from './pins.ts'
import { needsProgram } from '../../test/needs.ts'

// gpg and apt's helper are programs of their own; a loaded host needs seconds for each.
vi.setConfig({ testTimeout: 120_000 })

const GPG = needsProgram('gpg', '--version', 'gnupg')
const NAME = 'linux-image-6.1.0-47-cloud-amd64'
const PIN = { package: NAME, version: '6.1.170-1' }
const record = (name: string, version: string) => `Package: ${name}\nVersion: ${version}\nArchitecture: amd64`

/** What the indexes say about the pin. */
async function stateOf(main: Files, security: Files, known: SigningKey) {
  vi.stubEnv('LAB_DEBIAN_KEYRING', known.ring)
  vi.stubEnv('LAB_DEBIAN_MIRROR', (await serve(main)).base)
  vi.stubEnv('LAB_DEBIAN_SECURITY', (await serve(security)).base)
  const [state] = await pinStates([PIN], tempDir(), new AbortController().signal)
  return state
}

const there = record(NAME, PIN.version)
const next = record('linux-image-6.1.0-50-cloud-amd64', '6.1.176-1')

test.each<[string, string[], string[], object]>([
  ['in main', [there], [], { listed: true, newer: undefined }],
  ['gone from main, in security', [next], [there], { listed: true, newer: { version: '6.1.176-1' } }],
  ['about to leave: security has a newer one', [there], [next], { listed: true, newer: { version: '6.1.176-1' } }],
  ['in neither', [next], [], { listed: false, newer: { package: 'linux-image-6.1.0-50-cloud-amd64' } }],
])('a pin that is %s', GPG, async (_, main, security, state) => {
  const key = new SigningKey()
  const found = await stateOf(
    suite('bookworm', main, key),
    security.length > 0 ? suite('bookworm-security', security, key) : {},
    key,
  )
  expect(found).toMatchObject({ suite: 'bookworm', ...state })
})

test.each<[string, () => { files: Files; key: SigningKey }, RegExp]>([
  ['has left the mirror', () => ({ files: {}, key: new SigningKey() }), /404/],
  [
    'is signed with an expired key',
    () => {
      const key = new SigningKey('20200101')
      return { files: suite('bookworm', [there], key), key }
    },
    /expired/,
  ],
  [
    'was valid until a day in the past',
    () => {
      const key = new SigningKey()
      return { files: suite('bookworm', [there], key, ['Valid-Until: Wed, 01 Jan 2020 00:00:00 UTC']), key }
    },
    /was valid until/,
  ],
])('of a suite that %s nothing is known, and the reason is given', GPG, async (_, made, why) => {
  const { files, key } = made()
  const found = await stateOf(files, {}, key)
  expect(found?.listed).toBeUndefined()
  expect(found?.why).toMatch(why)
})
