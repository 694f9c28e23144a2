import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { groupMemory, oomKills } from './memory-group.ts'

/** A root with these files. */
function rootWith(files: Readonly<Record<string, string>>): string {
  const root = tempDir()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

const NONE = '9223372036854771712\n'

test('the limit of a job of Slurm is one of a group above (cgroup v1)', () => {
  const dir = 'sys/fs/cgroup/memory/slurm_n1/uid_0/job_6'
  const root = rootWith({
    'proc/self/cgroup': '9:name=systemd:/\n4:cpu,memory:/slurm_n1/uid_0/job_6/step_batch/task_0\n0::/\n',
    [`${dir}/step_batch/task_0/memory.limit_in_bytes`]: NONE,
    [`${dir}/step_batch/task_0/memory.oom_control`]: 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
    [`${dir}/step_batch/memory.limit_in_bytes`]: '104857600\n',
    [`${dir}/memory.limit_in_bytes`]: '209715200\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': NONE,
  })
  expect(groupMemory(root)).toBe(104857600)
  expect(oomKills(root)).toBe(2)
})

test('the same of cgroup v2', () => {
  const dir = 'sys/fs/cgroup/system.slice/slurmstepd.scope/job_6'
  const root = rootWith({
    'proc/self/cgroup': '0::/system.slice/slurmstepd.scope/job_6/step_batch/user/task_0\n',
    [`${dir}/step_batch/user/task_0/memory.max`]: 'max\n',
    [`${dir}/step_batch/user/task_0/memory.events`]: 'low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\noom_group_kill 0\n',
    [`${dir}/memory.max`]: '104857600\n',
  })
  expect([groupMemory(root), oomKills(root)]).toEqual([104857600, 1])
})

test('a container that sees its own group as the topmost, and a process outside of what it sees', () => {
  const limit = { 'sys/fs/cgroup/memory/memory.limit_in_bytes': '1048576\n' }
  expect(groupMemory(rootWith({ 'proc/self/cgroup': '4:memory:/docker/0123\n', ...limit }))).toBe(1048576)
  const outside = { 'proc/self/cgroup': '0::/../../etc\n', 'sys/fs/cgroup/memory.max': '4096\n' }
  expect(groupMemory(rootWith(outside))).toBe(4096)
})

test('where nothing is said there is no limit and no count', () => {
  expect([groupMemory(rootWith({})), oomKills(rootWith({}))]).toEqual([Infinity, undefined])
  expect(groupMemory(rootWith({ 'proc/self/cgroup': '0::/\n' }))).toBe(Infinity)
})
