/** A text that was read before is read as it was the first time, and places in it are the same. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { hashText } from '../../engine/fingerprint.ts'
import { keepTextsIn } from './known-texts.ts'
import { readYaml } from './read-yaml.ts'
import { locate } from './yaml-location.ts'

const dir = mkdtempSync(join(tmpdir(), 'lab-texts-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
let count = 0
let cache = ''
beforeEach(() => {
  cache = join(dir, String(count++))
  keepTextsIn(cache)
})

const kept = (): string[] => {
  try {
    return readdirSync(join(cache, 'texts'))
  } catch {
    return []
  }
}
const read = (text: string) => readYaml('lab.yaml', Buffer.from(text))

test('the same data and the same places', () => {
  const text = 'lab: x\nvms:\n  a: &a { memory: 1G, cpus: 2 }\n  b: *a\n'
  const [first, second] = [read(text), read(text)]
  expect(kept()).toHaveLength(1)
  expect(second.data).toEqual(first.data)
  expect([first.yaml?.isKnown, second.yaml?.isKnown]).toEqual([undefined, true])
  const at = { severity: 'error', message: 'm', path: ['vms', 'b', 'cpus'], at: 'value' } as const
  const [a, b] = [first.yaml, second.yaml].map((yaml) => yaml && locate(yaml, at))
  expect(b).toEqual(a)
  expect(b).toMatchObject({ line: 3, sourceLine: '  a: &a { memory: 1G, cpus: 2 }' })
})

test.each([
  ['a key twice', 'lab: x\nlab: y\n'],
  ['a number that is another text', 'kernels: { 5.10: { source: 5.10 } }\n'],
  ['no number', 'lab: .nan\n'],
  ['a negative zero', 'lab: -0.0\n'],
  ['a list', '- lab\n'],
  ['nothing', ''],
  ['no YAML', 'lab: {\n'],
])('%s is not kept', (_, text) => {
  const first = read(text)
  expect(kept()).toEqual([])
  const second = read(text)
  expect([second.data, second.diagnostics]).toEqual([first.data, first.diagnostics])
})

test('another text is another one, and a damaged entry is none', () => {
  read('lab: x\n')
  expect(read('lab: y\n').data).toEqual({ lab: 'y' })
  for (const damage of [() => '{', () => '{"lab":"z"}', (entry: string) => entry.replace('"x"', '"z"')]) {
    for (const name of kept()) {
      const file = join(cache, 'texts', name)
      writeFileSync(file, damage(readFileSync(file, 'utf8')))
    }
    expect(read('lab: x\n').data).toEqual({ lab: 'x' })
  }
})

test('the oldest go', () => {
  for (let index = 0; index < 80; index++) read(`lab: x${index}\n`)
  expect(kept()).toHaveLength(64)
})

/** Entries are known by the text alone: what is made of it must not change while FORMAT stays. */
test('FORMAT is raised when texts are read in another way', () => {
  const file = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8')
  const pinned = JSON.parse(file('../../../package.json')) as { dependencies: Record<string, string> }
  const reading = ['read-yaml.ts', 'yaml-lint.ts'].map(file).join('') + String(pinned.dependencies['yaml'])
  expect(
    hashText(reading).slice(0, 12),
    'raise FORMAT in known-texts.ts if a text gets other data or findings, and write the new digest here',
  ).toBe('993b50c69f5a')
})
