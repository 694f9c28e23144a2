import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { slurmJob, thisHost } from './this-host.ts'

test('a host says what may change its numbers, and null where it does not', () => {
  const root = `${tempDir()}/`
  for (const [name, text] of [
    ['proc/cpuinfo', 'processor\t: 0\nmicrocode\t: 0x2b000603\n'],
    ['sys/devices/system/cpu/smt/control', 'off\n'],
  ] as const) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  expect(thisHost(root)).toMatchObject({ microcode: '0x2b000603', smt: 'off', governor: null })
})

test('the job of Slurm is known by its variables', () => {
  expect(slurmJob({})).toBeUndefined()
  const env = { SLURM_JOB_ID: '12', SLURM_ARRAY_JOB_ID: '10', SLURM_ARRAY_TASK_ID: '2', SLURM_RESTART_COUNT: '1' }
  expect(slurmJob({ ...env, SLURMD_NODENAME: 'n1', SLURM_JOB_PARTITION: 'short' })).toEqual({
    job: '12',
    array: '10',
    task: '2',
    restart: 1,
    node: 'n1',
    partition: 'short',
  })
})
