import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
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

test('a pack is unpacked, and nothing is wrong with it', async () => {
  const to = tempDir()
  const file = await packOf([{ name: 'results/x/stdout', content: 'hi' }, sums({ 'results/x/stdout': 'hi' })])
  expect(await openPack(file, to)).toEqual([])
  expect(readFileSync(join(to, 'results/x/stdout'), 'utf8')).toBe('hi')
})

test.each([
  ['../out'],
  ['results/../../out'],
  ['/etc/out'],
  ['results/./out'],
  ['results/\u001b[2Jout'],
  ['results\\out'],
])('the name %j is refused, and nothing is written for it', async (name) => {
  const to = join(tempDir(), 'to')
  const problems = await openPack(await packOf([{ name, content: 'x' }, sums({})]), to)
  expect(problems).toEqual([expect.stringContaining('no file of a pack')])
  expect(existsSync(join(to, '..', 'out'))).toBe(false)
})

test.each([
  ['a link', [{ name: 'results/l', type: 'symlink', linkname: '/etc' }, sums({})], 'no file of a pack'],
  ['a changed file', [{ name: 'a', content: 'x' }, sums({ a: 'y' })], 'a is not what was packed'],
  ['a missing file', [sums({ a: 'y' })], 'a is missing'],
  ['an added file', [{ name: 'a', content: 'x' }, sums({})], 'a was not packed by lab'],
  [
    'the same file twice',
    [{ name: 'a', content: 'x' }, { name: 'a', content: 'y' }, sums({ a: 'x' })],
    'no file of a pack',
  ],
  ['no sums', [{ name: 'a', content: 'x' }], `${SUMS} is missing`],
] as const)('%s is told', async (_name, entries, fact) => {
  expect((await openPack(await packOf(entries), tempDir())).join('\n')).toContain(fact)
})

test('a pack that was cut short is no pack', async () => {
  const file = await packOf([{ name: 'a', content: 'x'.repeat(10_000) }, sums({ a: 'x' })])
  writeFileSync(file, readFileSync(file).subarray(0, -20))
  expect(await failureOf(openPack(file, tempDir()))).toMatchObject({ kind: 'user' })
})
