/** The arrows of tasks/README.md, read from the import lines: who may use whom, and which file alone uses a library. */
import { globSync, readdirSync, readFileSync } from 'node:fs'
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

/** Who may import whom: each room only those to its right. `test/` is nobody's. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  engine: [],
  ui: ['engine'],
  linux: ['engine'],
  host: ['engine', 'linux'],
  config: ['engine', 'linux'],
  trace: ['engine', 'linux', 'config'],
  build: ['engine', 'linux', 'host', 'config'],
  vm: ['engine', 'linux', 'host', 'config', 'build'],
  results: ['engine', 'linux', 'host', 'config', 'trace', 'build'],
  explain: ['engine', 'linux', 'host'],
  init: ['engine', 'config'],
  import: ['engine', 'linux', 'host', 'trace', 'results'],
  run: ['engine', 'linux', 'host', 'config', 'trace', 'build', 'vm', 'results'],
  evidence: ['engine', 'linux', 'host', 'config', 'trace', 'build', 'vm', 'results', 'import', 'run'],
  upkeep: ['engine', 'linux', 'host', 'config', 'vm', 'results', 'run'],
}
const BELOW_COMMANDS = Object.keys(ARROWS)

describe('a room imports only the rooms below it', () => {
  test('every room is in the table', () => {
    const rooms = [...new Set(FILES.map(folder))].filter((name) => name !== '')
    expect(rooms.toSorted()).toEqual([...BELOW_COMMANDS, 'commands'].toSorted())
  })

  test.each(BELOW_COMMANDS)('%s', (name) => {
    const allowed = [name, ...(ARROWS[name] ?? [])]
    const wrong = IMPORTS.filter(
      (line) => ours(line) && folder(line.file) === name && !allowed.includes(folder(line.from)),
    )
    expect(shown(wrong)).toEqual([])
  })

  test('the table has no circle', () => {
    const left = new Map(Object.entries(ARROWS))
    for (let again = true; again;) {
      again = false
      for (const [name, below] of left) if (!below.some((other) => left.has(other))) again = left.delete(name)
    }
    expect([...left.keys()]).toEqual([])
  })
})

test('no files import one another in a circle, types included', () => {
  const next = new Map(FILES.map((file) => [file, IMPORTS.filter((line) => line.file === file && ours(line))]))
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) circles.push([...path.slice(at), file].join(' -> '))
    if (at >= 0 || done.has(file)) return
    for (const { from } of next.get(file) ?? []) visit(from, [...path, file])
    done.add(file)
  }
  for (const file of FILES) visit(file, [])
  expect(circles).toEqual([])
})

test('tasks/README.md has a line for every room and every folder in it', () => {
  const [, tree = ''] = readFileSync(join(TASKS, 'README.md'), 'utf8').split('```')
  const described: string[] = []
  let room = ''
  for (const [, indent = '', name = ''] of tree.matchAll(/^( *)([a-z-]+\/) /gm)) {
    if (indent === '') room = name
    described.push(indent === '' ? name : room + name)
  }
  const real = readdirSync(TASKS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${relative(TASKS, join(entry.parentPath, entry.name))}/`)
    .filter((path) => path.split('/').length <= 3 && !/^(test|init)\/./.test(path))
  expect(described.toSorted()).toEqual(real.toSorted())
  for (const [, room = '', file = ''] of tree.matchAll(/^([a-z]+)\/ .*\[([a-z-]+\.ts)/gm))
    expect(FILES, `${room} is said to begin with ${file}`).toContain(`${room}/${file}`)
})

test('nothing below the commands imports them', () => {
  const wrong = IMPORTS.filter(
    (line) =>
      ours(line) && folder(line.from) === 'commands' && folder(line.file) !== 'commands' && line.file !== 'cli.ts',
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
    mcp: users(/^@modelcontextprotocol/),
    vega: users(/^vega/),
    childProcess: users(/^node:child_process$/),
  }).toEqual({
    zx: ['host/sh.ts'],
    listr2: ['ui/live.ts'],
    duckdb: ['trace/duckdb.ts'],
    treeSitter: ['linux/c/c-parser.ts'],
    protobuf: ['trace/export/perfetto.ts'],
    commander: ['commands/program.ts'],
    mcp: ['commands/mcp/server.ts'],
    vega: ['results/report/vega.ts'],
    childProcess: [],
  })
})

test('every production file is reached from the program', () => {
  const reached = new Set<string>()
  // The second is the file of a worker thread, which no import line names.
  const waiting = ['cli.ts', 'evidence/replay-thread.ts']
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    waiting.push(
      ...importsOf(file)
        .filter(ours)
        .map(({ from }) => from),
    )
  }
  expect(FILES.filter((file) => !reached.has(file))).toEqual([])
})

test('no file is longer than 400 lines', () => {
  const long = FILES.filter((file) => readFileSync(join(TASKS, file), 'utf8').split('\n').length > 401)
  expect(long).toEqual([])
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

test('temporary directories and half-written files have names that `lab gc` knows', () => {
  // engine/scratch.ts and engine/replace-file.ts make them; what is made by hand is left in place by a SIGKILL.
  expect(using(/\bmkdtemp(?:Sync)?\(|randomUUID\(/)).toEqual([])
})

test('a test that is skipped says why: its options come from test/needs.ts', () => {
  const wrong = globSync('**/*.test.ts', { cwd: TASKS }).filter(
    (file) =>
      file !== 'test/architecture.test.ts' && /\.(?:skipIf|runIf)\(/.test(readFileSync(join(TASKS, file), 'utf8')),
  )
  expect(wrong).toEqual([])
})
