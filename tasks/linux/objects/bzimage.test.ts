import { expect, test } from 'vitest'
import { ElfError } from './elf.ts'
import { bzImage } from './bzimage.fixture.ts'
import { payloadOf } from './bzimage.ts'

const RELEASE = '6.1.0-50-cloud-amd64'
const ELF = Buffer.from('\x7fELF and so on', 'latin1')

test('the kernel in a boot image, its compression and its release', () => {
  const image = bzImage(ELF, RELEASE)
  expect(payloadOf(image)).toEqual({ format: 'none', bytes: ELF, release: RELEASE })
  for (const [magic, format] of [
    ['1f8b08000000', 'gzip'],
    ['02214c180000', 'lz4'],
    ['28b52ffd0000', 'zstd'],
    ['fd377a585a00', 'xz'],
  ] as const)
    expect(payloadOf(bzImage(Buffer.from(magic, 'hex'), RELEASE)).format).toBe(format)
})

test.each<[string, (image: Buffer) => Buffer, RegExp]>([
  ['a text', () => Buffer.from('#!/bin/sh\n'), /not an x86 boot image/],
  ['another kind of kernel', (image) => image.fill(0, 0x202, 0x206), /not an x86 boot image/],
  ['an image of 2007', (image) => (image.writeUInt16LE(0x207, 0x206), image), /older than 2\.08/],
  ['an image that is cut off', (image) => image.subarray(0, -4), /behind its end/],
  [
    'an unknown compression',
    (image) => image.fill(0xee, image.length - ELF.length),
    /unknown format \(it begins with eeee/,
  ],
])('%s is refused', (_name, change, message) => {
  const image = change(bzImage(ELF, RELEASE))
  expect(() => payloadOf(image)).toThrow(ElfError)
  expect(() => payloadOf(image)).toThrow(message)
})
