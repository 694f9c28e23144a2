import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { thisProcess } from '../../engine/process.ts'
import { failureOf } from '../../test/caught.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { Batch, type BatchPlaces } from './batch.ts'
import { endJournal, journalsDir, newJournal, writeJournal } from './journal.ts'
import { putRun } from '../../results/run.fixture.ts'
import { writeNote } from './unfinished.ts'

const STARTED = '2026-11-20T10:00:00.000Z'
/** No process has this pid and start time. */
const GONE = { ...thisProcess(), pid: 2 ** 22 + 1, startTime: '1' }

const newPlaces = (): BatchPlaces => {
  const dir = tempDir()
  return { state: join(dir, '.lab'), results: join(dir, 'results') }
}
const batchesOf = ({ state }: BatchPlaces) => readdirSync(join(state, 'runs', '.batches'))

/** What a `lab run` of these leaves that is killed. */
const interrupted = ({ state }: BatchPlaces, experiments: readonly string[], id = 'aaaaaaaaaaaa') =>
  writeNote(join(state, 'runs', '.batches', `${id}.json`), {
    format: 2,
    id,
    started: STARTED,
    owner: GONE,
    parts: Object.fromEntries(
      experiments.map((name) => [name, { asked: 'as ever', results: STARTED, journals: STARTED }]),
    ),
  })

/** What is asked of experiments: of each the same as ever. */
const asking = (...names: string[]) => new Map(names.map((name) => [name, 'as ever']))

async function begun({ state }: BatchPlaces, experiment: string) {
  const journal = newJournal({
    arms: ['a'],
    repeats: 2,
    warmup: 0,
    order: 'interleaved',
    seed: 1,
    inputs: {},
  })
  const dir = journalsDir(state, experiment)
  using _atIt = await writeJournal(dir, { ...journal, owner: GONE })
  return { dir, journal }
}

function result({ results }: BatchPlaces, experiment: string, started: string, index = 0, attempt = 1, id = 'p') {
  const plan = { id, index, attempt, warmup: false, order: 'interleaved', seed: 1, start: 'shared', parallel: 1 }
  return putRun(results, {
    run: `${started.slice(0, 10)}-${index}-${attempt}`,
    manifest: { experiment, started, plan },
  })
}

test('of an interrupted batch the finished are left alone, the begun go on, and the others begin', async () => {
  const places = newPlaces()
  interrupted(places, ['done', 'begun', 'never'])
  await result(places, 'done', '2026-11-20T10:00:02.000Z', 1)
  await result(places, 'done', '2026-11-20T10:00:01.000Z', 0, 1)
  await result(places, 'done', '2026-11-20T10:00:03.000Z', 0, 2)
  await result(places, 'begun', '2026-11-20T10:00:04.000Z')
  await begun(places, 'begun')
  // Of another day, and of no batch.
  await result(places, 'never', '2026-11-19T10:00:00.000Z')
  const batch = await Batch.resume(places, asking('done', 'begun', 'never'))
  expect(await batch.due('begun')).toEqual({ what: 'resume' })
  expect(await batch.due('never')).toEqual({ what: 'begin' })
  const done = await batch.due('done')
  expect(done.what === 'nothing' && done.outcomes.map(({ manifest }) => manifest.run)).toEqual([
    '2026-11-20-0-2',
    '2026-11-20-1-1',
  ])
})

test('a batch is there until nothing of it is left, and can be resumed until then', async () => {
  const places = newPlaces()
  interrupted(places, ['one', 'two'])
  const { dir, journal } = await begun(places, 'one')
  await result(places, 'two', '2026-11-20T10:00:01.000Z')
  const first = await Batch.resume(places, asking('one', 'two'))
  await first.end()
  expect(batchesOf(places)).toHaveLength(1)
  await result(places, 'one', '2026-11-20T10:00:02.000Z')
  await endJournal(dir, journal)
  await first.end()
  expect(batchesOf(places)).toEqual([])
})

test('a new batch forgets an interrupted one of the same experiments, and no other', async () => {
  const places = newPlaces()
  interrupted(places, ['one', 'two'])
  interrupted(places, ['three'], 'bbbbbbbbbbbb')
  await Batch.begin(places, asking('two', 'four'))
  expect(batchesOf(places)).toHaveLength(2)
  expect(batchesOf(places)).toContain('bbbbbbbbbbbb.json')
})

test('nothing to resume is said; one journal of any of them is something', async () => {
  const places = newPlaces()
  await result(places, 'one', '2026-11-20T10:00:01.000Z')
  expect((await failureOf(Batch.resume(places, asking('one', 'two')))).parts.fact).toContain(
    'no interrupted run of one, two',
  )
  await begun(places, 'two')
  const batch = await Batch.resume(places, asking('one', 'two'))
  expect([(await batch.due('one')).what, (await batch.due('two')).what]).toEqual(['begin', 'resume'])
})

test('what was finished as something else starts over, and what it left is not taken for it', async () => {
  const places = newPlaces()
  interrupted(places, ['same', 'other'])
  for (const name of ['same', 'other']) await result(places, name, '2026-11-20T10:00:01.000Z')
  const batch = await Batch.resume(places, new Map([...asking('same'), ['other', 'with more repeats']]))
  expect((await batch.due('same')).what).toBe('nothing')
  expect(await batch.due('other')).toEqual({ what: 'begin', again: true })
})

test('a batch that is started over does not go on with what was interrupted before it', async () => {
  const places = newPlaces()
  await begun(places, 'two')
  // The clock tells the two apart.
  for (const then = Date.now(); Date.now() === then;) await setTimeout(1)
  const batch = await Batch.begin(places, asking('one', 'two'))
  expect((await batch.due('two')).what).toBe('begin')
})

test('a batch of a later version is refused by --resume', async () => {
  const places = newPlaces()
  interrupted(places, ['one'])
  const file = join(places.state, 'runs', '.batches', 'aaaaaaaaaaaa.json')
  writeNote(file, { ...(JSON.parse(readFileSync(file, 'utf8')) as object), format: 3 })
  const failure = await failureOf(Batch.resume(places, asking('one')))
  expect(failure).toMatchObject({ kind: 'user', reason: 'newer-format' })
  expect(failure.parts.fact).toMatch(/^the journal of a batch has format 3, /)
})
