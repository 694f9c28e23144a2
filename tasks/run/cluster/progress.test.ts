import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../../test/temp-dir.ts'
import { noteJobs, submittedJobs } from './progress.ts'

const JOB = { job: '17', from: 0, submitted: '2026-11-30T10:00:00.000Z' }

test('jobs are added to those that were submitted before', async () => {
  const dir = tempDir()
  expect(await submittedJobs(dir)).toEqual([])
  await noteJobs(dir, [JOB])
  await noteJobs(dir, [{ ...JOB, job: '18', from: null }])
  expect((await submittedJobs(dir)).map(({ job }) => job)).toEqual(['17', '18'])
})

test('a damaged list is not taken for none: what it named may still be in the queue', async () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'jobs.json'), '[{')
  await expect(noteJobs(dir, [JOB])).rejects.toThrow('the list of jobs that were submitted is damaged')
})
