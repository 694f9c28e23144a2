import { expect, test } from 'vitest'
import { writeAll } from './unpack.ts'

test('a disk that takes a part of what is written gets the rest, too', async () => {
  const written = Buffer.alloc(10)
  const write = (bytes: Buffer, from: number, length: number, at: number) => {
    const bytesWritten = bytes.copy(written, at, from, from + Math.min(length, 3))
    return Promise.resolve({ bytesWritten, buffer: bytes })
  }
  await writeAll({ write } as unknown as Parameters<typeof writeAll>[0], Buffer.from('abcdefg'), 2)
  expect(written.toString('latin1')).toBe('\0\0abcdefg\0')
})
