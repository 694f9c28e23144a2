/**
 * Stores results of this version as tasks/test/stored/VERSION, for later versions to read: two imports of one text, and
 * a pack of a run in a VM. `node tasks/test/stored.ts`, once for each release, after its version is set.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownVersion } from '../engine/own-version.ts'

const ROOT = join(import.meta.dirname, '../..')
const STORED = join(import.meta.dirname, 'stored')
const TEXT = join(STORED, '0.1.0/results/notes/20261130-005528-f7a5/trace.txt')

/** @throws Error for any status but 0 */
function lab(cwd: string, ...argv: readonly string[]): void {
  const { status } = spawnSync(join(ROOT, 'lab'), argv, { cwd, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`lab ${argv.join(' ')} ended with status ${String(status)}`)
}

const to = join(STORED, ownVersion())
if (existsSync(to)) throw new Error(`${to} exists: results of a released version are never written again`)
const dir = mkdtempSync(join(tmpdir(), 'lab-stored-'))
try {
  writeFileSync(join(dir, 'lab.yaml'), 'lab: stored\n')
  cpSync(TEXT, join(dir, 'notes.txt'))
  for (let count = 0; count < 2; count++) lab(dir, 'import', 'notes.txt', '--name', 'notes')
  lab(dir, 'init', 'hello')
  const hello = join(dir, 'hello')
  lab(hello, 'run', 'hello', '--repeat', '1', '--only', 'bytes=8')
  lab(hello, 'export', 'last', '-o', 'hello.pack')
  mkdirSync(to)
  cpSync(join(dir, 'results/notes'), join(to, 'results/notes'), { recursive: true })
  cpSync(join(hello, 'hello.pack'), join(to, 'hello.pack'))
  process.stdout.write(`${to}\n`)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
