import { createWriteStream, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip, gzipSync } from 'node:zlib'
import { pack, type Header } from 'tar-stream'
import { expect, test } from 'vitest'
import { hashText } from '../engine/fingerprint.ts'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { openPack, SUMS } from './pack.ts'

async function packOf(
  entries: readonly (Partial<Header> & { name: string } & { content?: string })[],
): Promise<string> {
  const archive = pack()
  for (const { content = '', ...header } of entries) archive.entry(header, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  const file = join(tempDir(), 'pack.tar.gz')
  writeFileSync(file, gzipSync(Buffer.concat(chunks)))
  return file
}
const sums = (files: Readonly<Record<string, string>>) => ({
  name: SUMS,
  content: Object.entries(files)
    .map(([name, content]) => `${hashText(content)}  ${name}\n`)
    .join(''),
})

const A = 'results/x/run/stdout'

test('a pack is unpacked, and nothing is wrong with it', async () => {
  const to = tempDir()
  const kept = `results/.inputs/lab-${'0'.repeat(32)}/bpf/notes (copy), größer.h`
  const file = await packOf([{ name: A, content: 'hi' }, { name: kept }, sums({ [A]: 'hi', [kept]: '' })])
  expect(await openPack(file, to)).toEqual([])
  expect(readFileSync(join(to, A), 'utf8')).toBe('hi')
})

test.each([
  ['../out'],
  ['results/../../out'],
  ['/etc/out'],
  ['results/./out'],
  ['results/x//out'],
  ['results/\u001b[2Jout'],
  ['results/\u202eout'],
  ['results\\out'],
])('the name %j is refused, and nothing is written for it', async (name) => {
  const to = join(tempDir(), 'to')
  const problems = await openPack(await packOf([{ name, content: 'x' }, sums({})]), to)
  expect(problems).toEqual([expect.stringContaining('no file of a pack')])
  expect(existsSync(join(to, '..', 'out'))).toBe(false)
})

test('a pack that tar packed again, with its directories, is the same pack', async () => {
  const entries = [
    { name: './', type: 'directory', content: '' },
    { name: './results/x/', type: 'directory', content: '' },
    { name: `./${A}`, content: 'x' },
    { ...sums({ [A]: 'x' }), name: `./${SUMS}` },
  ] as const
  expect(await openPack(await packOf(entries), tempDir())).toEqual([])
  const outside = { name: '../out/', type: 'directory', content: '' } as const
  expect(await openPack(await packOf([outside, ...entries]), tempDir())).toEqual(['../out/: no file of a pack'])
})

test.each([
  ['a link', [{ name: 'results/l', type: 'symlink', linkname: '/etc' }, sums({})], 'no file of a pack'],
  ['a changed file', [{ name: A, content: 'x' }, sums({ [A]: 'y' })], `${A} is not what was packed`],
  ['a missing file', [sums({ [A]: 'y' })], `${A} is missing`],
  ['an added file', [{ name: A, content: 'x' }, sums({})], `${A} was not packed by lab`],
  [
    'a file that no pack has, with its sum',
    [{ name: 'results/x/paper.pdf', content: 'x' }, sums({ 'results/x/paper.pdf': 'x' })],
    'results/x/paper.pdf was not packed by lab',
  ],
  [
    'the same file twice',
    [{ name: A, content: 'x' }, { name: A, content: 'y' }, sums({ [A]: 'x' })],
    'no file of a pack',
  ],
  [
    'a file in the place of a directory',
    [{ name: 'results/x', content: 'x' }, { name: A, content: 'y' }, sums({ [A]: 'y' })],
    `${A}: no file of a pack`,
  ],
  ['no sums', [{ name: A, content: 'x' }], `${SUMS} is missing`],
] as const)('%s is reported', async (_name, entries, fact) => {
  expect((await openPack(await packOf(entries), tempDir())).join('\n')).toContain(fact)
})

test('what is in a pack never is in memory as a whole', async () => {
  const size = 256 * 2 ** 20
  const archive = pack()
  const file = join(tempDir(), 'pack.tar.gz')
  const writing = pipeline(archive, createGzip({ level: 1 }), createWriteStream(file))
  const entry = archive.entry({ name: A, size })
  const zeros = Buffer.alloc(2 ** 20)
  await pipeline(
    Array.from({ length: size / zeros.length }, () => zeros),
    entry,
  )
  archive.finalize()
  await writing
  let most = 0
  const before = process.memoryUsage.rss()
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss() - before)), 5)
  const to = tempDir()
  expect(await openPack(file, to)).toEqual([`${SUMS} is missing`])
  clearInterval(watch)
  expect(statSync(join(to, A)).size).toBe(size)
  expect(most).toBeLessThan(size / 2)
})

test('a pack that was cut short is no pack', async () => {
  const file = await packOf([{ name: 'a', content: 'x'.repeat(10_000) }, sums({ a: 'x' })])
  writeFileSync(file, readFileSync(file).subarray(0, -20))
  expect(await failureOf(openPack(file, tempDir()))).toMatchObject({ kind: 'user' })
})

test('a pack of a later version is refused by its format; one without a format is of 0.1.0', async () => {
  const { name, content } = sums({ [A]: 'hi' })
  const packed = (first: string) =>
    packOf([
      { name: A, content: 'hi' },
      { name, content: `${first}${content}` },
    ])
  expect(await openPack(await packed(''), tempDir())).toEqual([])
  expect(await openPack(await packed('# lab pack 2 (lab 0.2.0)\n'), tempDir())).toEqual([])
  const failure = await failureOf(openPack(await packed('# lab pack 3 (lab 9.0.0)\n'), tempDir()))
  expect(failure).toMatchObject({ kind: 'user', reason: 'newer-format' })
  expect(failure.parts.fact).toMatch(/^this evidence pack has format 3, and lab \S+ reads formats up to 2$/)
})
