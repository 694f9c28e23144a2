/** `lab` in a checkout runs its sources joined into a few files, and never those of another state of the sources. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { needs } from './needs.ts'

let checkout = ''

/** A checkout of its own, with the packages of this one. */
beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'lab-checkout-'))
  for (const name of ['lab', 'tasks', 'package.json', 'package-lock.json'])
    cpSync(join(TOOL_ROOT, name), join(checkout, name), { recursive: true })
  mkdirSync(join(checkout, 'node_modules'))
  for (const name of readdirSync(join(TOOL_ROOT, 'node_modules')))
    if (name !== '.lab' && name !== '.package-lock.json')
      symlinkSync(join(TOOL_ROOT, 'node_modules', name), join(checkout, 'node_modules', name))
  writeFileSync(join(checkout, 'node_modules/.package-lock.json'), '{}')
})

afterAll(() => rmSync(checkout, { recursive: true }))

/** What `lab --version` prints: the version, from package.json through a source that the tests change. */
function version(): string {
  const { stdout, stderr } = spawnSync(join(checkout, 'lab'), ['--version'], { encoding: 'utf8' })
  return stdout.trim() + stderr
}

const joinedDir = () => join(checkout, 'node_modules/.lab')
/** States of the sources that were joined. */
const states = () => readdirSync(joinedDir()).filter((name) => existsSync(join(joinedDir(), name, 'cli.mjs')))

/** Changes a source, and back when the test ends. */
function edit(name: string, from: string, to: string): void {
  const file = join(checkout, 'tasks', name)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(from)
  writeFileSync(file, text.replace(from, to))
  onTestFinished(() => writeFileSync(file, text))
}

test('each state of the sources is joined once, and run', () => {
  const before = version()
  expect(before).toMatch(/^\d+\.\d+\.\d+/)
  const [first = '', ...others] = states()
  expect(others).toEqual([])
  // What was joined is what runs, not the sources.
  const chunk = join(joinedDir(), first, 'cli.mjs')
  writeFileSync(chunk, `console.log('joined')\n${readFileSync(chunk, 'utf8')}`)
  expect(version()).toBe(`joined\n${before}`)
})

test('a source that was changed is run as it is now', () => {
  const before = version()
  edit('engine/own-version.ts', 'return ', 'return "changed " + ')
  expect(version()).toContain('changed ')
  expect(version()).not.toBe(before)
})

test('a source that comes to be is another state', () => {
  version()
  const count = states().length
  writeFileSync(join(checkout, 'tasks/engine/new.ts'), '')
  version()
  expect(states()).toHaveLength(count + 1)
  rmSync(join(checkout, 'tasks/engine/new.ts'))
})

test('sources that cannot be joined are run all the same, and the log says why', () => {
  edit('test/bundle.ts', 'await bundle(dir)', 'throw new Error("cannot be joined today")')
  edit('engine/own-version.ts', 'return ', 'return "changed again " + ')
  expect(version()).toContain('changed again ')
  const logs = readdirSync(joinedDir())
    .map((name) => join(joinedDir(), name, 'log'))
    .filter((log) => existsSync(log))
  expect(logs.some((log) => readFileSync(log, 'utf8').includes('cannot be joined today'))).toBe(true)
  // Once: another start does not try again.
  const before = readdirSync(joinedDir())
  expect(version()).toContain('changed again ')
  expect(readdirSync(joinedDir())).toEqual(before)
})

test(
  'a checkout that is not writable runs its sources',
  needs(process.getuid?.() !== 0, 'root may write everywhere'),
  () => {
    rmSync(joinedDir(), { recursive: true })
    chmodSync(join(checkout, 'node_modules'), 0o500)
    onTestFinished(() => chmodSync(join(checkout, 'node_modules'), 0o700))
    expect(version()).toMatch(/^\d+\.\d+\.\d+/)
    expect(existsSync(joinedDir())).toBe(false)
  },
)

test('of the states that nothing uses any more, five are left', () => {
  for (let index = 0; index < 5; index++) {
    writeFileSync(join(checkout, 'tasks/engine/new.ts'), `// ${index}\n`)
    version()
  }
  rmSync(join(checkout, 'tasks/engine/new.ts'))
  expect(states()).toHaveLength(5)
})
