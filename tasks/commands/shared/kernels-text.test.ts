import { expect, test } from 'vitest'
import { kernelsText, type KernelRow } from './kernels-text.ts'

const row = (name: string, version: string, more: Partial<KernelRow>): KernelRow => ({
  name,
  source: `linux-image-${version}`,
  version,
  kind: 'prebuilt',
  here: 'ready',
  mirror: undefined,
  ...more,
})

const ROWS = [
  row('debian-12', '6.1.176-1', { mirror: { suite: 'bookworm', listed: true } }),
  row('debian-13', '6.12.117-1', {
    mirror: {
      suite: 'trixie',
      listed: true,
      newer: { package: 'linux-image-6.12.118+deb13-cloud-amd64', version: '6.12.118-1' },
    },
  }),
  row('old', '6.1.140-1', {
    here: '-',
    mirror: {
      suite: 'bookworm',
      listed: false,
      newer: { package: 'linux-image-6.1.0-50-cloud-amd64', version: '6.1.176-1' },
    },
  }),
  row('v5.4', 'linux-5.4.tar.xz', { kind: 'built', here: 'fetched' }),
  row('sid', '7.2.13-1', { mirror: { suite: 'sid', listed: undefined, why: 'Could not resolve the mirror' } }),
]

test('the table fits a terminal of 80 columns; what is newer, gone or not known is said below it', () => {
  const lines = kernelsText(ROWS).split('\n')
  expect(lines.filter((line) => line.length > 80)).toEqual([])
  expect(lines.map((line) => line.trimEnd())).toEqual([
    'KERNEL     VERSION           KIND      HERE     IN THE MIRROR',
    'debian-12  6.1.176-1         prebuilt  ready    bookworm: newest',
    'debian-13  6.12.117-1        prebuilt  ready    trixie: newer',
    'old        6.1.140-1         prebuilt  -        bookworm: gone',
    'v5.4       linux-5.4.tar.xz  built     fetched  -',
    'sid        7.2.13-1          prebuilt  ready    sid: ?',
    'debian-13: trixie has linux-image-6.12.118+deb13-cloud-amd64 6.12.118-1',
    '  lab kernels add linux-image-6.12.118+deb13-cloud-amd64',
    'old: bookworm no longer has this version',
    'old: bookworm has linux-image-6.1.0-50-cloud-amd64 6.1.176-1',
    '  lab kernels add linux-image-6.1.0-50-cloud-amd64',
    'sid: the index of sid could not be had: Could not resolve the mirror',
  ])
})
