import { stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { fingerprintOf } from '../../engine/fingerprint.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { openCommandLog } from './logged.ts'
import { openSession, viewFor } from './session.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

test('a command that goes on for long keeps what it was handed from being pruned', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] })
  vi.stubEnv('LAB_CACHE_DIR', tempDir())
  const view = viewFor({ json: true }, openCommandLog('run', [], undefined))
  const { context } = openSession({ json: true }, new AbortController().signal, view)
  const { dir } = await context.store.put('kernel', fingerprintOf({}), {}, () => Promise.resolve())
  const file = join(dir, 'inputs.json')
  await utimes(file, 1, 1)
  vi.advanceTimersByTime(3600 * 1000)
  await expect.poll(async () => (await stat(file)).mtimeMs).toBeGreaterThan(1000)
})
