import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'

type Interruption = typeof import('./interruption.ts')
let fresh: Interruption
// What it knows is the process's, so each test gets a copy of its own.
beforeEach(async () => {
  vi.resetModules()
  fresh = await import('./interruption.ts')
})

describe('at an interruption', () => {
  test('all that is registered and still goes on is stopped', () => {
    const stopped: string[] = []
    fresh.atInterruption(() => stopped.push('first'))
    fresh.atInterruption(() => stopped.push('ended before'))()
    fresh.stopAll()
    expect(stopped).toEqual(['first'])
  })

  test('nothing of that kind is begun afterwards', () => {
    fresh.stopAll()
    expect(() => fresh.atInterruption(() => undefined)).toThrow(expect.objectContaining({ kind: 'interrupted' }))
  })
})

describe('a forced end', () => {
  test('undoes the newest first, each once, and goes on after one that fails', () => {
    const undone: number[] = []
    fresh.undoAtForcedEnd(() => undone.push(1))
    fresh.undoAtForcedEnd(() => {
      throw new Error('no')
    })
    fresh.undoAtForcedEnd(() => undone.push(3))
    fresh.undoAll()
    fresh.undoAll()
    expect(undone).toEqual([3, 1])
  })

  test('undoes at once what is begun after it', () => {
    fresh.undoAll()
    const undone: string[] = []
    fresh.undoAtForcedEnd(() => undone.push('late'))
    expect(undone).toEqual(['late'])
  })

  test('removes files and leaves those whose removal was taken back', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lab-unit-'))
    const [gone, kept] = [join(dir, 'gone'), join(dir, 'kept')]
    for (const file of [gone, kept]) writeFileSync(file, '')
    fresh.removeAtForcedEnd(gone)
    fresh.removeAtForcedEnd(kept)()
    fresh.undoAll()
    expect([existsSync(gone), existsSync(kept)]).toEqual([false, true])
    rmSync(dir, { recursive: true })
  })
})
