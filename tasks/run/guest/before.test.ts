import { expect, test } from 'vitest'
import type { HolderLine } from './holder.ts'
import { beforeFailure, commandsBefore, recentLines } from './before.ts'

const LOG = `[    0.000000] Linux version 5.10.223
[   11.900000] EXT4-fs (vdb): mounted filesystem
[   12.400000] EXT4-fs (vdb): Unrecognized mount option "data=nonsense" or missing value
not a line of the kernel
`

test('lines of the kernel that are not older than the command', () => {
  expect(recentLines(LOG, '12.50 20.11\n', 0.3)).toEqual([
    'EXT4-fs (vdb): Unrecognized mount option "data=nonsense" or missing value',
  ])
  expect(recentLines(LOG, '12.50 20.11\n', 1)).toHaveLength(2)
})

test('a guest that did not answer has said nothing', () => {
  expect(recentLines('', '', 5)).toEqual([])
})

test('commands of before: in their order, with the parameters of the arm', () => {
  const before = [{ run: 'mkdir ${dir}' }, 'drop-caches' as const, { run: 'touch "${dir}/a b"' }]
  expect(commandsBefore(before, { dir: '/x' })).toEqual([
    ['mkdir', '/x'],
    ['touch', '/x/a b'],
  ])
})

const error = (doing: string): HolderLine[] => [
  { event: 'error', doing, value: '/data', errno: 16, text: 'Device or resource busy' },
  { event: 'kernel-said', text: 'EXT4-fs (vdb): cannot' },
]

test('a step that the holder could not do, with the kernel’s words', () => {
  const failure = beforeFailure(error('remount'), 'experiment x')
  expect(failure?.parts).toMatchObject({
    place: 'experiment x, before',
    fact: 'remount /data failed: Device or resource busy',
    lines: ['kernel: EXT4-fs (vdb): cannot'],
  })
})

test.each(['open the trace', 'constructor'])('%s is no step of before:', (doing) => {
  expect(beforeFailure(error(doing), 'experiment x')).toBeUndefined()
})
