/** Every option that names an output file, by the whole program: standard output, devices, directories. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { Rig } from './rig.ts'

const rig = new Rig(false)
afterAll(() => rig.remove())
const LINES = Array.from(
  { length: 20 },
  (_, at) => `  cat-12 [000] d... 1.0000${10 + at}: bpf_trace_printk: line ${at}`,
)

beforeAll(async () => {
  expect((await rig.lab(['init', '.'])).status).toBe(0)
  rig.write('log.txt', `${LINES.join('\n')}\n`)
  expect((await rig.lab(['import', 'log.txt'])).status).toBe(0)
})

/** The words of each command before the name of its file, and how the file begins. */
const COMMANDS: readonly (readonly [words: string, begins: string])[] = [
  ['export last -o', '\x1f\x8b'],
  ['report -o', '<!doctype html>'],
  ['query FROM[runs] --parquet', 'PAR1'],
  ['trace last --all --svg', '<svg'],
  ['trace last --csv', 'time_ns,cpu'],
  ['trace last --jsonl', '{"time_ns"'],
  ['trace last --chrome', '{'],
  ['trace last --perfetto', '\n'],
]

const argvOf = (words: string): string[] =>
  words.split(' ').map((word) => (word === 'FROM[runs]' ? 'SELECT run FROM runs' : word))

describe.each(COMMANDS)('lab %s', (words, begins) => {
  test('- is standard output, and nothing else is written there', () => {
    const { status, stdout, stderr } = spawnSync(join(TOOL_ROOT, 'lab'), [...argvOf(words), '-'], {
      cwd: rig.dir,
      encoding: 'latin1',
      env: { ...process.env, CI: 'true' },
    })
    expect([status, stdout.slice(0, begins.length).toLowerCase()]).toEqual([0, begins.toLowerCase()])
    expect(stdout).not.toContain('/dev/stdout')
    expect(stderr).toContain('/dev/stdout')
  })

  test('refuses a directory, and --json with standard output', async () => {
    const refused = await rig.lab([...argvOf(words), 'results'])
    expect([refused.status, refused.stdout]).toEqual([2, ''])
    expect(refused.stderr).toContain('it is a directory')
    const { status, stdout } = await rig.lab([...argvOf(words), '-', '--json'])
    expect([status, stdout]).toEqual([2, expect.stringContaining('stdout is for JSON')])
  })
})

test('a pipe stays a pipe, and its reader has the whole file', async () => {
  execFileSync('mkfifo', [join(rig.dir, 'pipe')])
  const { status, stdout } = spawnSync(
    'sh',
    ['-c', 'cat pipe & "$1" trace last --csv pipe >/dev/null || exit; wait', 'sh', join(TOOL_ROOT, 'lab')],
    { cwd: rig.dir, encoding: 'utf8', env: { ...process.env, CI: 'true' } },
  )
  expect([status, stdout.split('\n').length]).toEqual([0, LINES.length + 2])
  expect(statSync(join(rig.dir, 'pipe')).isFIFO()).toBe(true)
})

test('the root directory is no file', async () => {
  const { status, stderr } = await rig.lab(['export', 'last', '-o', '/'])
  expect([status, stderr]).toEqual([2, expect.stringContaining('this is not the name of a file')])
})

test('--figures takes a directory', async () => {
  const { status, stderr } = await rig.lab(['report', '--figures', '-'])
  expect([status, stderr]).toEqual([2, expect.stringContaining('--figures: it takes a directory')])
  expect(readdirSync(rig.dir)).not.toContain('-')
})
