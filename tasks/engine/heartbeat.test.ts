import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi, onTestFinished } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { beat, keepBeating, silence, timeOn } from './heartbeat.ts'

const AN_HOUR = 3600 * 1000

test('how long something was silent goes by the clock of its file system, not by ours', async () => {
  const dir = tempDir()
  const file = join(dir, 'note')
  writeFileSync(file, 'x')
  const then = statSync(file).mtimeMs
  utimesSync(file, (then - AN_HOUR) / 1000, (then - AN_HOUR) / 1000)
  const now = vi.spyOn(Date, 'now').mockReturnValue(0)
  onTestFinished(() => {
    now.mockRestore()
  })
  expect(await silence(file)).toBeGreaterThan(AN_HOUR - 1000)
  expect(await timeOn(dir)).toBeGreaterThanOrEqual(then - 1000)
  await beat(file)
  expect(statSync(file).mtimeMs).toBeGreaterThanOrEqual(then - 1000)
  expect(readdirSync(dir)).toEqual(['note'])
})

test('what is not there has not been silent, and is not made by a beat', async () => {
  const file = join(tempDir(), 'none')
  await beat(file)
  expect(await silence(file)).toBeUndefined()
})

test('a directory beats too, until it is let go of', async () => {
  const dir = tempDir()
  utimesSync(dir, 1000, 1000)
  {
    using _beating = keepBeating(dir, 5)
    await expect.poll(() => statSync(dir).mtimeMs).toBeGreaterThan(1_000_000)
  }
  utimesSync(dir, 1000, 1000)
})
