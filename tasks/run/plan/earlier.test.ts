import { expect, test } from 'vitest'
import { Attempts } from './attempts.ts'
import { earlierRuns } from './earlier.ts'
import { attemptsOf } from './journal.ts'
import type { Manifest } from '../../results/manifest.ts'
import { MANIFEST } from '../../results/run.fixture.ts'

const plan = { id: 'me', warmup: false, order: 'interleaved', seed: 1, start: 'shared', parallel: 1 }

function found(index: number, attempt: number, verdict: Manifest['verdict'], lost = false) {
  const completeness = lost ? 'incomplete' : 'complete'
  const trace = { ...MANIFEST.trace, completeness } as const
  const run = `${index}-${attempt}`
  return { run, dir: run, manifest: { ...MANIFEST, verdict, trace, plan: { ...plan, index, attempt } } }
}

test('a run that was stopped between two attempts is not done', () => {
  const runs = [
    found(0, 1, 'passed'),
    found(1, 1, 'failed'),
    found(2, 1, 'failed'),
    found(2, 2, 'failed'),
    found(3, 1, 'failed', true),
    found(4, 1, 'incomplete', true),
    found(4, 2, 'passed'),
  ]
  const of = (request: ConstructorParameters<typeof Attempts>[0]) => {
    const { done, begun } = earlierRuns(attemptsOf('me', runs), () => new Attempts(request))
    return {
      done: [...done].map(([index, { dir }]) => `${index}: ${dir}`),
      next: [...begun].map(([index, { last, tries }]) => `${index}: ${last.dir}, ${tries.number} x${tries.buffers}`),
    }
  }
  expect(of({ retries: 1, onLoss: 'retry' })).toEqual({
    done: ['0: 0-1', '2: 2-2', '4: 4-2'],
    next: ['1: 1-1, 2 x1', '3: 3-1, 2 x2'],
  })
  expect(of({ retries: 0, onLoss: 'fail' }).next).toEqual([])
})
