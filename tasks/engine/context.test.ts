import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { testContext } from '../test/context.ts'
import { cacheDir, step } from './context.ts'
import { bootId } from './process.ts'
import { userError } from './error.ts'

test.each([
  [{ LAB_CACHE_DIR: '/fast', XDG_CACHE_HOME: '/xdg' }, '/fast'],
  [{ LAB_CACHE_DIR: '', XDG_CACHE_HOME: '/xdg' }, '/xdg/lab'],
  [{ XDG_CACHE_HOME: '' }, join(homedir(), '.cache/lab')],
  [{ XDG_CACHE_HOME: 'relative' }, join(homedir(), '.cache/lab')],
  [{ XDG_CACHE_HOME: './relative' }, join(homedir(), '.cache/lab')],
  [{}, join(homedir(), '.cache/lab')],
])('the cache of %j is %s', (env, dir) => {
  expect(cacheDir(env)).toBe(dir)
})

test('bootId is one word without its line end', () => {
  expect(bootId()).toMatch(/^[0-9a-f-]{36}$/)
})

describe('step', () => {
  test('frames its work with events and returns its value', async () => {
    const context = testContext('/nowhere')
    const value = await step(
      context,
      'kernel v5.4',
      'Kernel',
      async ({ progress }) => {
        progress('unpack')
        progress('fetch', 1, 2, 'bytes')
        return await Promise.resolve({ outcome: 'built', detail: 'why', value: 42 })
      },
      'up',
    )
    expect(value).toBe(42)
    expect(context.events).toEqual([
      { type: 'step-start', step: 'kernel v5.4', title: 'Kernel', parent: 'up' },
      { type: 'step-progress', step: 'kernel v5.4', phase: 'unpack' },
      { type: 'step-progress', step: 'kernel v5.4', phase: 'fetch', done: 1, total: 2, unit: 'bytes' },
      { type: 'step-end', step: 'kernel v5.4', outcome: 'built', detail: 'why', seconds: expect.any(Number) as number },
    ])
  })

  test('a failure ends the step as failed and passes through', async () => {
    const context = testContext('/nowhere')
    const error = userError({ fact: 'wrong' })
    expect(await failureOf(step(context, 'a', 'A', () => Promise.reject(error)))).toBe(error)
    expect(context.events.at(-1)).toMatchObject({ type: 'step-end', step: 'a', outcome: 'failed' })
  })

  test('what the disk refuses is a failure of the step, and no bug', async () => {
    const error = Object.assign(new Error("EROFS: read-only file system, mkdir '/lab/.lab'"), { code: 'EROFS' })
    const failure = await failureOf(step(testContext('/nowhere'), 'vm a', 'vm a', () => Promise.reject(error)))
    expect(failure).toMatchObject({ kind: 'lab', exitCode: 69, parts: { place: 'vm a', fact: error.message } })
    expect(failure.parts.wayOut).toContain('mount it so that it can be written')
  })

  test('does not begin after an abort', async () => {
    const context = testContext('/nowhere', AbortSignal.abort())
    const failure = await failureOf(step(context, 'a', 'A', () => expect.unreachable('it began')))
    expect(failure.kind).toBe('interrupted')
    expect(context.events).toEqual([])
  })
})
