import { expect, test } from 'vitest'
import { KIND_NAMES, splatTaints } from './kinds.ts'
import { findSplats, SplatReader } from './reader.ts'
import { ORDINARY } from './ordinary.fixture.ts'
import { GOLDEN } from './splats.fixture.ts'

test.each(GOLDEN)('$name', ({ text, is }) => {
  expect(findSplats(text)).toEqual([expect.objectContaining(is)])
})

test('every kind has a golden text; a taint flag without a report is no text', () => {
  const kinds = new Set(GOLDEN.map(({ is }) => is.kind))
  expect(KIND_NAMES.filter((kind) => !kinds.has(kind))).toEqual(['tainted'])
})

test.each(GOLDEN)('$name, in the middle of an ordinary log: found there, and nothing else', ({ text, is }) => {
  const before = ORDINARY.split('\n').length - 1
  expect(findSplats(`${ORDINARY}${text}\n${ORDINARY}`)).toEqual([
    expect.objectContaining({ ...is, line: is.line + before }),
  ])
})

test('an ordinary log has none, with any kind of line end or prefix', () => {
  expect(findSplats(ORDINARY)).toEqual([])
  expect(findSplats(ORDINARY.replaceAll('\n', '\r\n'))).toEqual([])
  expect(findSplats(ORDINARY.replaceAll(/^<\d>\[ *[\d.]+\] /gm, ''))).toEqual([])
})

test.each([
  ['a console', '[    1.5] ', '\r'],
  ['dmesg -T', '[Sun Nov 29 20:33:41 2026] ', ''],
  ['journalctl', 'Nov 29 20:33:41 vm kernel: ', ''],
  ['journalctl -o short-iso', '2026-11-29T20:33:41+0000 vm kernel: ', ''],
  ['CONFIG_PRINTK_CALLER', '<4>[    1.500000][    C1] ', ''],
  ['a text that somebody pasted', '', ''],
  ['syslog without host and kernel:', 'Nov 29 20:33:41  ', ''],
  ['syslog without the host', 'Nov 29 20:33:41 kernel: [    1.500000] ', ''],
  ['an ISO date before the time of printk', '2026-11-29T20:33:41.917035+01:00   [    1.500000] ', ''],
  ['dmesg -x', 'kern  :alert : [    1.500000] ', ''],
])('the prefix of %s', (_, prefix, end) => {
  expect(
    findSplats(`${prefix}kernel BUG at mm/demo.c:305!${end}\n${prefix}RIP: 0010:demo_free+0x13a/0x180${end}`),
  ).toEqual([expect.objectContaining({ kind: 'bug', function: 'demo_free', what: 'kernel BUG at mm/demo.c:305!' })])
})

test.each([
  'see the WARNING: CPU: 0 PID: 1 at kernel/foo.c:12 bar+0x1/0x2',
  'BUG: I forgot the trailing zero',
  '- Kernel panic - not syncing: what is that?',
  'WARNING: this takes a while',
  'INFO: task force blocked for days',
])('prose: %s', (line) => {
  expect(findSplats(line)).toEqual([])
})

test('two reports are two; an oops and the panic after it as well', () => {
  const warning = (name: string) => `[    1.5] WARNING: CPU: 0 PID: 1 at kernel/demo.c:12 ${name}+0x2a/0x50\n`
  expect(findSplats(warning('a') + warning('b')).map((splat) => splat.function)).toEqual(['a', 'b'])
  const oops =
    '[    1.5] BUG: kernel NULL pointer dereference, address: 0000000000000010\n[    1.5] Oops: 0000 [#1] SMP\n'
  const panic = '[    1.5] Kernel panic - not syncing: Fatal exception\n'
  expect(findSplats(oops + panic).map(({ kind }) => kind)).toEqual(['oops', 'panic'])
})

test('a log without end stays bounded', () => {
  const reader = new SplatReader()
  for (let n = 0; n < 20_000; n++) reader.feed(`[    1.5] WARNING: CPU: 0 PID: 1 at kernel/demo.c:12 f${n}+0x2a/0x50`)
  expect(reader.end().length).toBe(200)
  expect(reader.more).toBe(19_800)
})

test('taint flags that a splat leaves, and others', () => {
  expect(splatTaints(0)).toEqual([])
  expect(splatTaints(512 + 128 + 4096)).toEqual(['D', 'W'])
  expect(splatTaints(2 ** 18)).toEqual([])
})
