import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jobsIn } from '../../host/slurm.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { endOfLog, memoryLimitIn, outOfMemory, stopIn } from './end-of-job.ts'

test('a task that was killed for its memory says what it had and what to ask for', () => {
  const [job] = jobsIn('17_3|OUT_OF_MEMORY|OutOfMemory|n1||1792M')
  expect(job).toMatchObject({ task: 3, state: 'OUT_OF_MEMORY', memory: 1792 * 2 ** 20 })
  expect(outOfMemory({ memory: job?.memory ?? 0 }, 0)).toEqual({
    why: 'it needed more than the 1792M that it had asked for',
    wayOut: 'write `memory: 2816M` in the profile, and resume',
  })
  expect(jobsIn('17_3|OUT_OF_MEMORY|||0:125|1.75G')[0]?.memory).toBe(1792 * 2 ** 20)
  expect(jobsIn('17_3|OUT_OF_MEMORY|||0:125|0')[0]).not.toHaveProperty('memory')
  expect(outOfMemory({}, 0).wayOut).toContain('`memory:` with more')
})

test('the log has the numbers where the accounts call the job FAILED', () => {
  const log = `restored\nslurmstepd: error: Step 17.batch exceeded memory limit (230146048 > 104857600), being killed\n`
  const limit = memoryLimitIn(log)
  expect(limit).toEqual({ used: 230146048, memory: 104857600 })
  expect(outOfMemory(limit ?? {}, 0)).toMatchObject({
    why: 'it needed 220M, more than the 100M that it had asked for',
    wayOut: expect.stringContaining('`memory: 512M`'),
  })
})

test('nobody is told to ask for less than every task of the plan needs', () => {
  expect(outOfMemory({ memory: 100 * 2 ** 20 }, 1792 * 2 ** 20).wayOut).toContain('`memory: 1792M`')
})

test('the kernel that kills a process of the group gives no number', () => {
  const log =
    'slurmstepd-n1: error: Detected 1 oom_kill event in StepId=17.batch. Some of the step tasks have been OOM Killed.'
  expect(memoryLimitIn(log)).toEqual({})
})

test.each([
  'error: vm default: its guest says "slurmstepd: error: Step 1.batch exceeded memory limit (9 > 1), being killed"',
  'slurmstepd: error: *** JOB 17 ON n1 CANCELLED AT 2026-11-30T10:00:00 DUE TO TIME LIMIT ***',
])('nothing else is taken for it: %s', (log) => {
  expect(memoryLimitIn(log)).toBeUndefined()
})

test('what stopped a job that is queued again is the last thing that Slurm says of it', () => {
  const line = (why: string) =>
    `slurmstepd-n1: error: *** JOB 20 ON n1 CANCELLED AT 2026-11-30T22:31:37 DUE TO ${why} ***\n`
  expect(stopIn(`${line('NODE FAILURE')}boots\n${line('PREEMPTION')}interrupted\n`)).toBe('preemption')
  expect(stopIn(`the guest says ${line('PREEMPTION')}`)).toBeUndefined()
})

test('the end of a log, however long it is, and none', async () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'logs'))
  writeFileSync(join(dir, 'logs/17_3.log'), `${'x'.repeat(200_000)}\nlast`)
  expect(await endOfLog(dir, '17', 3)).toMatch(/^x{65531}\nlast$/)
  expect(await endOfLog(dir, '17', 4)).toBe('')
})
