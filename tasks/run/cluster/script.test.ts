import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../../test/temp-dir.ts'
import { scriptText } from './script.ts'

/** What a job prints whose `lab` is echo. */
function job(scratch: string | undefined, env: Readonly<Record<string, string>>) {
  const dir = tempDir()
  const file = join(dir, 'task.sh')
  writeFileSync(file, scriptText({ node: '/bin/echo', entry: 'lab' }, dir, scratch, []))
  const { status, stdout, stderr } = spawnSync('bash', [file, 'task', 'PLAN'], {
    env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...env },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('a task is told its block, and a scratch directory by what the node makes of its name', () => {
  const node = tempDir()
  const env = { SLURM_ARRAY_TASK_ID: '3', SLURM_TMPDIR: node }
  expect(job('$SLURM_TMPDIR/lab', env).stdout).toBe(`lab task PLAN --scratch ${node}/lab 3\n`)
  expect(existsSync(join(node, 'lab'))).toBe(true)
  expect(job(undefined, env).stdout).toBe('lab task PLAN 3\n')
})

test.each(['$SLURM_TMPDIR', '$SLURM_TMPDIR/lab', '/tmp/${SLURM_TMPDIR}/$HOME'])(
  'scratch: %s fails the job where the node has no such variable, in place of another directory',
  (scratch) => {
    for (const more of [{}, { SLURM_TMPDIR: '' }] as Record<string, string>[]) {
      const { status, stdout, stderr } = job(scratch, { SLURM_ARRAY_TASK_ID: '3', ...more })
      expect([status === 0, stdout]).toEqual([false, ''])
      expect(stderr).toContain('SLURM_TMPDIR: scratch of the profile names it, and it is not set on this node')
    }
  },
)
