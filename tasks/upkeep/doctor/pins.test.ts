import { expect, test } from 'vitest'
import type { PinState } from '../../host/debian/pins.ts'
import { endOfSuite, suiteOfKernel } from '../../linux/debian-releases.ts'
import { pinFinding, pinOf } from './pins.ts'

const PIN = { package: 'linux-image-6.1.0-47-cloud-amd64', version: '6.1.170-1' }
const NEWER = { package: 'linux-image-6.1.0-50-cloud-amd64', version: '6.1.176-1' }
const NOW = Date.parse('2026-11-29T12:00:00Z')
const finding = (state: PinState) => pinFinding('debian-12', PIN, state, NOW)

test('a pin that its suite has, and nothing newer, is no matter', () =>
  expect(finding({ suite: 'bookworm', listed: true })).toEqual({
    name: 'pin of debian-12',
    status: 'ok',
    fact: 'bookworm has it, and nothing newer',
  }))

test.each<[string, PinState, RegExp, RegExp | undefined]>([
  [
    'that is not the newest',
    { suite: 'bookworm', listed: true, newer: NEWER },
    /^bookworm has 6\.1\.176-1: 6\.1\.170-1 leaves its index/,
    /lab kernels add linux-image-6\.1\.0-50-cloud-amd64.*--with-inputs/,
  ],
  [
    'that is gone',
    { suite: 'bookworm', listed: false, newer: NEWER },
    /^bookworm no longer has 6\.1\.170-1: .*snapshot\.debian\.org alone$/,
    /lab kernels add/,
  ],
  [
    'of a suite that is past its end',
    { suite: 'bullseye', listed: true },
    /^updates of bullseye ended on 2026-08-31: .*archive\.debian\.org$/,
    /^`lab export --with-inputs`/,
  ],
  [
    'of a suite whose index could not be had',
    { suite: 'bookworm', listed: undefined, why: 'Could not resolve' },
    /^the index of bookworm could not be had: Could not resolve$/,
    undefined,
  ],
])('a pin %s is warned of', (_name, state, fact, wayOut) => {
  const found = finding(state)
  expect(found.status).toBe('warning')
  expect(found.fact).toMatch(fact)
  if (wayOut) expect(found.wayOut).toMatch(wayOut)
})

test('the end of a suite is said three months before it', () => {
  const at = (day: string) => endOfSuite('bullseye', Date.parse(`${day}T00:00:00Z`))
  expect(at('2026-05-01')).toBeUndefined()
  expect(at('2026-08-01')).toBe('updates of bullseye end on 2026-08-31, in 30 days')
  expect(at('2026-08-31')).toBe('updates of bullseye end on 2026-08-31, in 0 days')
  expect(at('2026-09-01')).toContain('ended on 2026-08-31')
  expect(endOfSuite('sid', NOW)).toBeUndefined()
})

test('a kernel without a suite is looked for in that of its series', () => {
  const suites = ['linux-image-5.10.0-32-amd64', 'linux-source-6.1', 'linux-image-6.12.117+deb13-cloud-amd64']
  expect([...suites, 'linux-image-7.2.13+deb14-amd64'].map(suiteOfKernel)).toEqual([
    'bullseye',
    'bookworm',
    'trixie',
    'sid',
  ])
})

test('sources that are no package have no pin', () => {
  expect(pinOf({ source: { tree: '/linux' } })).toBeUndefined()
  const source = { prebuilt: PIN.package, version: PIN.version, sha256: '0'.repeat(64) }
  expect(pinOf({ source })).toEqual({ ...PIN, suite: undefined })
})
