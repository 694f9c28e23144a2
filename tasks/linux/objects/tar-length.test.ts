import { pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { tarLength } from './tar-length.ts'

async function archive(...sizes: readonly number[]): Promise<Buffer> {
  const tar = pack()
  for (const [index, size] of sizes.entries()) tar.entry({ name: `f${index}` }, Buffer.alloc(size, 'x'))
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

test('an archive ends where the next bytes begin', async () => {
  for (const sizes of [[], [0], [1], [512], [513, 0, 70_000]]) {
    const first = await archive(...sizes)
    expect(tarLength(Buffer.concat([first, await archive(9)]))).toBe(first.length)
  }
})

test('what is cut short, or no archive, has no end', async () => {
  const whole = await archive(600)
  for (const length of [0, 511, 600, whole.length - 512, whole.length - 1])
    expect(tarLength(whole.subarray(0, length)), String(length)).toBeUndefined()
  expect(tarLength(Buffer.alloc(4096, 'text '))).toBeUndefined()
})
