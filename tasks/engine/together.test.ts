import { expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import type { Context } from './context.ts'
import { interrupted, userError } from './error.ts'
import { lock } from './lock.ts'
import { together } from './together.ts'

const untilAborted = ({ signal }: Context) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(interrupted()), { once: true })
  })

test('results come in the order of the works', async () => {
  const gate = Promise.withResolvers<void>()
  const works = [
    async () => {
      await gate.promise
      return 1
    },
    async () => {
      gate.resolve()
      return await Promise.resolve('two')
    },
  ] as const
  expect(await together<[number, string]>(testContext(tempDir()), [works[0], works[1]])).toEqual([1, 'two'])
})

test('the first failure stops the others, is the one that is thrown, and is thrown after they ended', async () => {
  let ended = false
  const slow = async (context: Context) => {
    try {
      return await untilAborted(context)
    } finally {
      await new Promise((resolve) => setImmediate(resolve))
      ended = true
    }
  }
  const error = userError({ fact: 'wrong' })
  const context = testContext(tempDir())
  expect(await failureOf(together<[never, never]>(context, [slow, () => Promise.reject(error)]))).toBe(error)
  expect(ended).toBe(true)
  expect(context.signal.aborted).toBe(false)
})

test('a work that was only told to stop does not hide the cause, not even one that waits for a lock', async () => {
  const path = `${tempDir()}/lock`
  await using _held = await lock(path, new AbortController().signal, () => undefined)
  const waiting = Promise.withResolvers<void>()
  const error = userError({ fact: 'wrong' })
  const works = [
    async ({ signal }: Context) => await lock(path, signal, waiting.resolve),
    async ({ signal }: Context) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      signal.throwIfAborted()
    },
    async () => {
      await waiting.promise
      throw error
    },
  ]
  expect(await failureOf(together(testContext(tempDir()), works))).toBe(error)
})

test('an interruption from outside reaches every work', async () => {
  const control = new AbortController()
  const both = together<[never, never]>(testContext(tempDir(), control.signal), [untilAborted, untilAborted])
  control.abort()
  expect((await failureOf(both)).kind).toBe('interrupted')
})
