/** The arrows of tasks/README.md, read from the import lines: who may use whom, and which file alone uses a library. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importsOf, PRODUCTION, TASKS, type ImportLine } from './imports.ts'

const FILES = PRODUCTION
const IMPORTS: readonly ImportLine[] = FILES.flatMap(importsOf)

const folder = (path: string) => (path.includes('/') ? (path.split('/')[0] ?? '') : '')
const ours = ({ from }: ImportLine) => from.endsWith('.ts')
const shown = (list: readonly ImportLine[]) => list.map(({ file, from }) => `${file} -> ${from}`)

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
    duckdb: ['trace/duckdb.ts'],
    treeSitter: ['linux/c/c-parser.ts'],
    protobuf: ['trace/export/perfetto.ts'],
    commander: ['cli.ts'],
    vega: ['results/report/vega.ts'],
    childProcess: [],
  })
})

/** Files whose code matches; comments do not count. */
const using = (pattern: RegExp) =>
  FILES.filter((file) => {
    const code = readFileSync(join(TASKS, file), 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '')
    return pattern.test(code)
  }).map((file) => relative('.', file))

test('only ui prints, and only cli ends the process', () => {
  expect(
    using(/\bconsole\.(log|error|warn)\(|process\.(stdout|stderr)\.write\(/).filter((file) => folder(file) !== 'ui'),
  ).toEqual([])
  expect(using(/process\.exit\(/)).toEqual(['cli.ts'])
})

/** The parser reads its grammar, a file of an npm package. */
const READS_ITS_GRAMMAR = 'linux/c/c-parser.ts'

test('SQL names the files that it reads as duckdb.ts does: literally', () => {
  expect(using(/read_parquet\(|FROM \$\{quoted\(/)).toEqual(['trace/duckdb.ts'])
})

test('linux has no input and output', () => {
  const wrong = IMPORTS.filter(
    ({ file, from }) =>
      folder(file) === 'linux' && file !== READS_ITS_GRAMMAR && /^node:(fs|net|http|child_process|dns|tls)/.test(from),
  )
  expect(shown(wrong)).toEqual([])
})
