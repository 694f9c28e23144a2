import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { processTag } from './process.ts'
import { abandonedScratch, makeScratch, withScratch } from './scratch.ts'

let temp = ''
beforeEach(() => {
  temp = tempDir()
  vi.stubEnv('TMPDIR', temp)
  return () => vi.unstubAllEnvs()
})

test('a scratch directory is ours alone, and gone afterwards, also after a failure', async () => {
  let seen = ''
  const work = withScratch('verify', (dir) => {
    seen = dir
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    return Promise.reject(new Error('no'))
  })
  await expect(work).rejects.toThrow('no')
  expect(seen).not.toBe('')
  expect(existsSync(seen)).toBe(false)
})

test('of a process that is gone it is garbage; of one that lives, or of another program, it is not', async () => {
  const { pid } = spawnSync('true')
  const gone = processTag().replace(/^\d+/, String(pid))
  for (const name of [`lab-verify-${gone}-1`, `lab-reproduce-${gone}-1`, `other-verify-${gone}-1`, 'lab-verify-notes'])
    mkdirSync(join(temp, name))
  await makeScratch('follow')
  expect((await abandonedScratch()).map((dir) => basename(dir)).toSorted()).toEqual([
    `lab-reproduce-${gone}-1`,
    `lab-verify-${gone}-1`,
  ])
})

test('a TMPDIR that is not there is reported, with a way out', async () => {
  vi.stubEnv('TMPDIR', join(temp, 'none'))
  const failure = await failureOf(makeScratch('verify'))
  expect(failure).toMatchObject({ kind: 'lab', parts: { wayOut: expect.stringContaining('TMPDIR') } })
})
