/** The arrows of tasks/README.md, read from the import lines: who may use whom, and which file alone uses a library. */
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const FILES = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(file) && !file.startsWith('test/'))
  .toSorted()

interface Import {
  readonly file: string
  readonly from: string
  readonly typeOnly: boolean
}

/** Every import and re-export, with the path of ours relative to tasks/. */
const IMPORTS: readonly Import[] = FILES.flatMap((file) => {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return Array.from(
    text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)/gm),
    ([, type, plain, dynamic]) => {
      const from = plain ?? dynamic ?? ''
      return {
        file,
        typeOnly: type !== undefined,
        from: from.startsWith('.') ? normalize(join(dirname(file), from)) : from,
      }
    },
  )
})

const folder = (path: string) => (path.includes('/') ? (path.split('/')[0] ?? '') : '')
const ours = ({ from }: Import) => from.endsWith('.ts')
const shown = (list: readonly Import[]) => list.map(({ file, from }) => `${file} -> ${from}`)

test('there is something to read', () => {
  expect(FILES.length).toBeGreaterThan(150)
  expect(IMPORTS.length).toBeGreaterThan(600)
})

describe('a folder imports only', () => {
  test.each<[string, readonly string[]]>([
    ['engine', ['engine']],
    ['linux', ['linux', 'engine']],
    ['host', ['host', 'engine', 'linux']],
    ['ui', ['ui', 'engine']],
  ])('%s: %j', (name, allowed) => {
    const wrong = IMPORTS.filter((one) => ours(one) && folder(one.file) === name && !allowed.includes(folder(one.from)))
    expect(shown(wrong)).toEqual([])
  })
})

test('nothing below the commands imports them', () => {
  const wrong = IMPORTS.filter(
    (one) => ours(one) && folder(one.from) === 'commands' && folder(one.file) !== 'commands' && one.file !== 'cli.ts',
  )
  expect(shown(wrong)).toEqual([])
})

test('one file each imports a library', () => {
  const users = (library: RegExp) => [
    ...new Set(IMPORTS.filter(({ from }) => library.test(from)).map(({ file }) => file)),
  ]
  expect({
    zx: users(/^zx/),
    listr2: users(/^listr2/),
    duckdb: users(/^@duckdb/),
    treeSitter: users(/^web-tree-sitter/),
    protobuf: users(/^protobufjs/),
    commander: users(/^commander/),
    vega: users(/^vega/),
    childProcess: users(/^node:child_process$/),
  }).toEqual({
    zx: ['host/sh.ts'],
    listr2: ['ui/live.ts'],
    duckdb: ['data/duckdb.ts'],
    treeSitter: ['linux/c-parser.ts'],
    protobuf: ['data/perfetto.ts'],
    commander: ['cli.ts'],
    vega: ['report/vega.ts'],
    childProcess: [],
  })
})

/** Files whose code matches; comments do not count. */
const using = (pattern: RegExp) =>
  FILES.filter((file) => {
    const code = readFileSync(join(ROOT, file), 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '')
    return pattern.test(code)
  }).map((file) => relative('.', file))

test('only ui prints, and only cli ends the process', () => {
  expect(
    using(/\bconsole\.(log|error|warn)\(|process\.(stdout|stderr)\.write\(/).filter((file) => folder(file) !== 'ui'),
  ).toEqual([])
  expect(using(/process\.exit\(/)).toEqual(['cli.ts'])
})

/** The parser reads its grammar, a file of an npm package. */
const READS_ITS_GRAMMAR = 'linux/c-parser.ts'

test('SQL names the files that it reads as duckdb.ts does: literally', () => {
  expect(using(/read_parquet\(|FROM \$\{quoted\(/)).toEqual(['data/duckdb.ts'])
})

test('linux has no input and output', () => {
  const wrong = IMPORTS.filter(
    ({ file, from }) =>
      folder(file) === 'linux' && file !== READS_ITS_GRAMMAR && /^node:(fs|net|http|child_process|dns|tls)/.test(from),
  )
  expect(shown(wrong)).toEqual([])
})
