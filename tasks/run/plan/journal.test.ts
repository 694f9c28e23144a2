import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../../test/caught.ts'
import { thisProcess } from '../../engine/process.ts'
import { tempDir } from '../../test/temp-dir.ts'
import {
  attemptsOf,
  endJournal,
  interruptedJournals,
  newJournal,
  resumeJournal,
  writeJournal,
  type Journal,
} from './journal.ts'
import type { StoredRun } from '../../results/manifest.ts'

const plan = {
  arms: ['a=1', 'a=2'],
  repeats: 3,
  warmup: 0,
  order: 'shuffled',
  inputs: { kernel: 'k1', probe: 'p1' },
} as const
const shape = { ...plan, arms: [...plan.arms] }
/** No process has this pid and start time. */
const GONE = { ...thisProcess(), pid: 2 ** 22 + 1, startTime: '1' }

async function interrupted(part: Partial<Journal> = {}): Promise<{ dir: string; journal: Journal }> {
  const dir = tempDir()
  const journal = { ...newJournal({ ...shape, seed: 42 }), owner: GONE, ...part }
  await writeJournal(dir, journal)
  return { dir, journal }
}

describe('resumeJournal', () => {
  test('goes on with the id and the seed of the interrupted run, as ours', async () => {
    const { dir, journal } = await interrupted()
    const resumed = await resumeJournal(dir, 'x', shape)
    expect(resumed).toMatchObject({ id: journal.id, seed: 42, started: journal.started })
    expect(resumed.owner.pid).toBe(process.pid)
  })

  test('takes the newest, and none whose process lives', async () => {
    const { dir } = await interrupted({ started: '2026-01-01T00:00:00Z' })
    const newer = { ...newJournal({ ...shape, seed: 1 }), owner: GONE, started: '2026-02-01T00:00:00Z' }
    await writeJournal(dir, newer)
    await writeJournal(dir, { ...newJournal({ ...shape, seed: 2 }), started: '2026-03-01T00:00:00Z' })
    expect((await resumeJournal(dir, 'x', shape)).id).toBe(newer.id)
  })

  test.each([
    ['a repeat more', { ...shape, repeats: 4 }, 'arms, repeats or order changed'],
    ['another arm', { ...shape, arms: ['a=1'] }, 'arms, repeats or order changed'],
    ['another kernel', { ...shape, inputs: { kernel: 'k2', probe: 'p1' } }, 'kernel changed'],
    ['a probe less', { ...shape, inputs: { kernel: 'k1' } }, 'probe changed'],
  ])('%s is another experiment, and is refused', async (_name, now, fact) => {
    const { dir } = await interrupted()
    const failure = await failureOf(resumeJournal(dir, 'x', now))
    expect(failure).toMatchObject({ kind: 'user' })
    expect(failure.parts.fact).toContain(fact)
    expect(await interruptedJournals(dir)).toHaveLength(1)
  })

  test('nothing to resume is said', async () => {
    const { dir, journal } = await interrupted()
    await endJournal(dir, journal)
    expect((await failureOf(resumeJournal(dir, 'x', shape))).parts.fact).toContain('nothing to resume')
    expect((await failureOf(resumeJournal(`${dir}/none`, 'x', shape))).kind).toBe('user')
  })
})

describe('a journal of another pid namespace', () => {
  const elsewhere = { ...GONE, pidNamespace: 'pid:[1]' }

  test('is not interrupted while it is touched, and its process is named', async () => {
    const { dir } = await interrupted({ owner: elsewhere })
    expect(await interruptedJournals(dir)).toEqual([])
    const { parts } = await failureOf(resumeJournal(dir, 'x', shape))
    expect(parts.fact).toContain(`is still going, in process ${GONE.pid} of another pid namespace`)
  })

  test('is when nobody has touched it for long: each container is a namespace of its own', async () => {
    const { dir, journal } = await interrupted({ owner: elsewhere })
    const before = new Date(Date.now() - 3600 * 1000)
    utimesSync(join(dir, `${journal.id}.json`), before, before)
    expect((await resumeJournal(dir, 'x', shape)).id).toBe(journal.id)
  })
})

describe('a journal of another host', () => {
  const elsewhere = { ...GONE, bootId: 'another', host: 'n2', machine: '' }

  test('is not taken over while it is touched, and says where its process is', async () => {
    const { dir } = await interrupted({ owner: elsewhere })
    expect(await interruptedJournals(dir)).toEqual([])
    const { parts } = await failureOf(resumeJournal(dir, 'x', shape))
    expect(parts.fact).toContain(`is still going, in process ${GONE.pid} on host n2`)
    expect(parts.wayOut).toContain('10 minutes after its last sign of life')
  })

  test('is when that host has been silent for long', async () => {
    const { dir, journal } = await interrupted({ owner: elsewhere })
    const before = new Date(Date.now() - 3600 * 1000)
    utimesSync(join(dir, `${journal.id}.json`), before, before)
    expect((await resumeJournal(dir, 'x', shape)).id).toBe(journal.id)
  })
})

test('a journal of an older version, whose owner has no boot, was interrupted', async () => {
  const { dir, journal } = await interrupted()
  const { pid, startTime } = thisProcess()
  writeFileSync(join(dir, `${journal.id}.json`), JSON.stringify({ ...journal, owner: { pid, startTime } }))
  expect((await interruptedJournals(dir)).map(({ id }) => id)).toEqual([journal.id])
})

test('attempts of one plan, by position and in their order; runs of others are not among them', () => {
  const run = (name: string, id: string, index: number, attempt: number) =>
    ({ run: name, dir: name, manifest: { plan: { id, index, attempt } } }) as unknown as StoredRun
  const found = attemptsOf('me', [
    run('second', 'me', 0, 2),
    run('first', 'me', 0, 1),
    run('stranger', 'other', 1, 1),
    { run: 'old', dir: 'old', manifest: {} } as unknown as StoredRun,
    run('only', 'me', 5, 1),
  ])
  expect([...found].map(([index, all]) => [index, all.map(({ run: name }) => name)])).toEqual([
    [0, ['first', 'second']],
    [5, ['only']],
  ])
})

test('a journal of a later version is refused by --resume, and is in nobody else’s way', async () => {
  const { dir, journal } = await interrupted()
  writeFileSync(join(dir, `${journal.id}.json`), JSON.stringify({ ...journal, format: 2 }))
  const failure = await failureOf(resumeJournal(dir, 'x', shape))
  expect(failure).toMatchObject({ kind: 'user', reason: 'newer-format' })
  expect(failure.parts.fact).toMatch(/^the journal of a run has format 2, and lab \S+ reads formats up to 1$/)
  expect(await interruptedJournals(dir)).toEqual([])
})
