import { describe, expect, test } from 'vitest'
import { affordable, budget, takeFirst, workers } from './workers.ts'

const free = { signal: new AbortController().signal }

describe('workers', () => {
  test('do everything once, and each lets go at its end', async () => {
    const todo = [1, 2, 3, 4, 5, 6, 7]
    const done: number[] = []
    const closed: number[] = []
    await workers(
      3,
      {
        next: () => todo.shift(),
        run: async (item) => {
          await Promise.resolve()
          done.push(item)
        },
        close: async (worker) => {
          closed.push(worker)
          await Promise.resolve()
        },
      },
      free,
    )
    expect(done.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(closed.toSorted((a, b) => a - b)).toEqual([0, 1, 2])
  })

  test('work at the same time', async () => {
    const both = Promise.withResolvers<void>()
    let at = 0
    const todo = ['a', 'b']
    await workers(
      2,
      {
        next: () => todo.shift(),
        run: async () => {
          if (++at === 2) both.resolve()
          await both.promise
        },
        close: () => Promise.resolve(),
      },
      free,
    )
    expect(at).toBe(2)
  })

  test('a failure stops the rest, and is thrown when all have let go', async () => {
    const todo = [1, 2, 3, 4, 5, 6]
    const closed: number[] = []
    const work = workers(
      2,
      {
        next: () => todo.shift(),
        run: (item) =>
          item === 2 ? Promise.reject(new Error('two')) : new Promise((resolve) => setTimeout(resolve, 5)),
        close: async (worker) => {
          await Promise.resolve()
          closed.push(worker)
        },
      },
      free,
    )
    await expect(work).rejects.toThrow('two')
    expect(closed.toSorted((a, b) => a - b)).toEqual([0, 1])
    expect(todo.length).toBeGreaterThan(0)
  })

  test('an interruption ends them', async () => {
    const stop = new AbortController()
    const work = workers(
      1,
      {
        next: () => 1,
        run: async () => await Promise.resolve(stop.abort(new Error('Ctrl-C'))),
        close: () => Promise.resolve(),
      },
      stop,
    )
    await expect(work).rejects.toMatchObject({ kind: 'interrupted' })
  })

  test('a VM that cannot be closed is reported', async () => {
    const work = workers(
      1,
      { next: () => undefined, run: () => Promise.resolve(), close: () => Promise.reject(new Error('stuck')) },
      free,
    )
    await expect(work).rejects.toThrow('stuck')
  })
})

test('takeFirst prefers what suits, and takes the first otherwise', () => {
  const list = ['a1', 'b1', 'a2']
  expect(takeFirst(list, (item) => item.startsWith('b'))).toBe('b1')
  expect(takeFirst(list, (item) => item.startsWith('c'))).toBe('a1')
  expect(list).toEqual(['a2'])
  expect([takeFirst(list, () => false), takeFirst(list, () => true)]).toEqual(['a2', undefined])
})

const G = 2 ** 30
test.each([
  ['CPUs', { cpus: 2, memory: G }, { cpus: 4, freeBytes: 100 * G }, 4],
  ['memory', { cpus: 1, memory: 2 * G }, { cpus: 16, freeBytes: 5 * G }, 2],
  ['at least one', { cpus: 4, memory: 8 * G }, { cpus: 2, freeBytes: G }, 1],
])('the budget is bounded by %s', (_name, vm, host, count) => {
  expect(budget(vm, host)).toBe(count)
})

test('VMs that have no room are not started, whatever is asked for; too few CPUs are only said', () => {
  const vm = { cpus: 2, memory: 2 ** 30 }
  const host = { cpus: 4, freeBytes: 4 * 2 ** 30 }
  expect(affordable(2, vm, host)).toEqual({ count: 2 })
  const tight = affordable(8, vm, host)
  expect(tight.count).toBe(3)
  expect(tight.why).toMatch(/8 VMs of 1280 MB have no room in the 4096 MB that are free: 3 at a time/)
  const many = affordable(8, vm, { cpus: 4, freeBytes: 2 ** 40 })
  expect([many.count, many.why]).toEqual([8, '8 VMs share 4 CPUs: times of one run depend on the others'])
  expect(affordable(1, vm, { cpus: 1, freeBytes: 0 })).toEqual({ count: 1 })
})
