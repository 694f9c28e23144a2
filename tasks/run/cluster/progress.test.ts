import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../../test/temp-dir.ts'
import type { Manifest } from '../../results/manifest.ts'
import { putRun } from '../../results/run.fixture.ts'
import { runName } from './blocks.ts'
import { noteFinished } from './done.ts'
import { madeOf, noteJobs, submittedJobs } from './progress.ts'
import type { PlanHeader } from './stored-plan.ts'

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

test('a run that failed and may be tried again is not done, unless its task has finished with it', async () => {
  const [dir, results] = [tempDir(), tempDir()]
  const plan = {
    id: '0123456789ab',
    experiment: 'x',
    started: '2026-11-30T10:00:00.000Z',
    blocks: 3,
    size: 1,
    attempts: 3,
    results,
  } as PlanHeader
  const put = async (index: number, attempt: number, verdict: Manifest['verdict']) =>
    await putRun(results, {
      run: runName(plan, index, attempt),
      manifest: { experiment: 'x', verdict, plan: { id: plan.id, index, attempt } as Manifest['plan'] & object },
    })
  await put(0, 1, 'passed')
  await put(1, 1, 'failed')
  // The third block has a note of its end, and no result any more.
  noteFinished(dir, 2)
  expect(await madeOf(dir, plan)).toEqual({ runs: 2, missing: [1, 2] })
  noteFinished(dir, 1)
  expect(await madeOf(dir, plan)).toEqual({ runs: 2, missing: [2] })
  // A later attempt that passed needs no note.
  await put(2, 1, 'failed')
  await put(2, 2, 'passed')
  expect(await madeOf(tempDir(), plan)).toEqual({ runs: 3, missing: [1] })
})
