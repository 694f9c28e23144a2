/**
 * A file system without room, whichever it is: the message names it, and what helps there. Each is a small tmpfs in a
 * namespace of its own.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { LOG } from '../linux/ftrace/trace-log.fixture.ts'
import { MOUNTS, NAMESPACE } from './namespace.ts'
import { Rig } from './rig.ts'

const lab = new Rig(false)
const small = join(lab.dir, 'small')
const [program = '', ...options] = NAMESPACE

beforeAll(async () => {
  expect((await lab.lab(['init', '.'])).status).toBe(0)
  const lines = Object.values(LOG).flat().join('\n')
  lab.write('notes.txt', lines)
  lab.write('long.txt', `${lines}\n`.repeat(300))
  expect((await lab.lab(['import', 'notes.txt', '--name', 'notes'])).status).toBe(0)
  expect((await lab.lab(['export', 'last', '-o', 'notes.pack'])).status).toBe(0)
  mkdirSync(small)
})
afterAll(() => lab.remove())

/** A command, with `dir` on a file system of so many bytes. */
function onSmall(size: string, dir: string, argv: readonly string[], env: Record<string, string> = {}) {
  const script = 'mount -t tmpfs -o size="$1" small "$2" && shift 2 && exec "$@"'
  return spawnSync(program, [...options, 'sh', '-c', script, 'sh', size, dir, ...argv], {
    cwd: lab.dir,
    env: { ...process.env, CI: 'true', ...env },
    encoding: 'utf8',
    timeout: 100_000,
  })
}
const tool = join(TOOL_ROOT, 'lab')

test('that of the results: free some there, and nothing about the cache', MOUNTS, () => {
  const results = join(lab.dir, 'results')
  const { status, stderr } = onSmall('64k', results, [tool, 'import', 'long.txt'])
  expect(status, stderr).toBe(69)
  expect(stderr).toMatch(/^error: .*the disk is full$/m)
  expect(stderr).toContain(`full: ${results}`)
  expect(stderr).toContain('move the lab to another disk')
  expect(stderr).not.toContain('LAB_CACHE_DIR')
})

test('that of temporary files: TMPDIR', MOUNTS, () => {
  const { status, stderr } = onSmall('8k', small, [tool, 'verify', 'notes.pack'], { TMPDIR: small })
  expect(status, stderr).toBe(69)
  expect(stderr).toMatch(/^error: .*the disk is full$/m)
  expect(stderr).toContain('set TMPDIR')
  expect(stderr).not.toContain('LAB_CACHE_DIR')
})

test('that of a file that the user named: another place', MOUNTS, () => {
  const { status, stderr } = onSmall('4k', small, [tool, 'export', 'last', '-o', join(small, 'a.pack')])
  expect(status, stderr).toBe(69)
  expect(stderr).toMatch(/^error: .*the disk is full$/m)
  expect(stderr).toContain('name a place that has room')
  expect(stderr).not.toContain('LAB_CACHE_DIR')
})

test('that on which a program failed that says nothing of it', MOUNTS, () => {
  const script = join(lab.dir, 'program.ts')
  const from = (name: string) => JSON.stringify(join(TOOL_ROOT, 'tasks', name))
  writeFileSync(
    script,
    `import { noteDisk } from ${from('engine/disk.ts')}
     import { run } from ${from('host/sh.ts')}
     noteDisk('cache', process.argv[2])
     await run(['sh', '-c', 'dd if=/dev/zero of=fill bs=64k 2>/dev/null; echo odd words >&2; exit 2'], { cwd: process.argv[2] }).catch(
       ({ parts }) => console.log(JSON.stringify(parts)),
     )`,
  )
  const { stdout, stderr } = onSmall('256k', small, [process.execPath, script, small])
  expect(JSON.parse(stdout || '{}'), stderr).toMatchObject({
    fact: 'the disk is full',
    lines: [expect.stringContaining(`full: ${small} (the cache), 0 kB free`), 'sh ended with status 2', 'odd words'],
    wayOut: expect.stringContaining('LAB_CACHE_DIR'),
  })
})
