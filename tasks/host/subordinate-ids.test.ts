/**
 * Scratch of an ordinary user's image build: its files belong to the subordinate ids of the user, who may not remove
 * them without those. A real user with such ids, in a mount namespace where /etc/subuid has them.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, type TestOptions } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { mayMount } from '../test/namespace.ts'
import { which } from './which.ts'

const NOBODY = 65534
const OPTIONS: TestOptions =
  mayMount && process.getuid?.() === 0 && which('newuidmap') !== undefined && existsSync('/etc/subuid')
    ? {}
    : { skip: true, meta: { reason: 'only root can become a user with subordinate ids, and newuidmap is needed' } }

/**
 * Runs code of ours as that user; `dir` is a scratch directory with a tree of the subordinate ids in it. @returns the
 * directory of temporary files
 */
function asUser(code: string): string {
  const temp = mkdtempSync(join(tmpdir(), 'lab-unit-'))
  onTestFinished(() => rmSync(temp, { recursive: true, force: true }))
  chmodSync(temp, 0o777)
  const [ids, script] = [join(temp, 'ids'), join(temp, 'script.ts')]
  writeFileSync(ids, `${NOBODY}:200000:65536\nnobody:200000:65536\n`)
  const from = (name: string) => JSON.stringify(join(TOOL_ROOT, 'tasks', name))
  writeFileSync(
    script,
    `import { makeScratch } from ${from('engine/scratch.ts')}
     import { undoAll } from ${from('engine/interruption.ts')}
     import { removeAfterForcedEnd, removeScratch } from ${from('host/mmdebstrap.ts')}
     import { run } from ${from('host/sh.ts')}
     process.setgroups([])
     process.setgid(${NOBODY})
     process.setuid(${NOBODY})
     const dir = await makeScratch('image')
     const tree = 'mkdir "$1/d" "$1/d/e" && chown -R 5:5 "$1/d"'
     await run(['unshare', '--map-root-user', '--map-auto', '--', 'sh', '-c', tree, 'sh', dir])
     ${code}`,
  )
  const mounts = 'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec "$@"'
  const argv = ['-m', 'sh', '-c', mounts, 'sh', ids, process.execPath, script]
  const { status, stderr } = spawnSync('unshare', argv, {
    encoding: 'utf8',
    cwd: temp,
    env: { PATH: process.env['PATH'] ?? '', HOME: temp, TMPDIR: temp },
  })
  expect(status, stderr).toBe(0)
  return temp
}

const left = (temp: string) => readdirSync(temp).filter((name) => name.startsWith('lab-image-'))

test('is removed with the user’s own rights and those ids', OPTIONS, () => {
  expect(left(asUser(`if (!(await removeScratch(dir))) throw new Error('it stays')`))).toEqual([])
})

test('is removed after a forced end, too', OPTIONS, async () => {
  const temp = asUser(`removeAfterForcedEnd(dir)\nundoAll()\nprocess.exit(0)`)
  await expect.poll(() => left(temp)).toEqual([])
})
