import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LabEvent } from '../../engine/event.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { experimentOf, groupOf } from './runs.fixture.ts'
import type { ReportRun } from './runs.ts'
import { countedStacks, treeTexts } from './stacks.ts'

/** Maps that count one stack; there were more entries than a run keeps. */
function cutMaps(): string {
  const common = {
    object: 'x.bpf.o',
    keyType: null,
    valueType: null,
    keySize: 4,
    valueSize: 8,
    maxEntries: 16,
    cpus: 0,
  }
  const entry = (key: unknown, value: unknown) => ({ key, value, raw: { key: '', value: '' } })
  const key = { pid: 7, kernel_stack: 3, user_stack: -1, comm: 'a' }
  return JSON.stringify({
    slots: [],
    maps: [
      { ...common, name: 'waits_stacks', type: 'stack_trace', cut: false, entries: [entry(3, ['0xffffffff81000010'])] },
      { ...common, name: 'waits', type: 'hash', cut: true, entries: [entry(key, 5)] },
    ],
  })
}

function aRun(results: string, run: string): ReportRun {
  mkdirSync(join(results, 'x', run), { recursive: true })
  writeFileSync(join(results, 'x', run, 'maps.json'), cutMaps())
  return { experiment: 'x', run, table: true, typed: [] as readonly string[], completeness: 'complete' } as ReportRun
}

test('what is missing is said of some runs, and of how many more', async () => {
  const results = tempDir()
  const runs = experimentOf(
    groupOf(
      'a',
      ['r1', 'r2', 'r3', 'r4', 'r5'].map((run) => aRun(results, run)),
    ),
  )
  const [found] = await countedStacks(runs, { results, mostRuns: 9, emit: () => undefined })
  expect(found?.notes).toEqual([
    ...['r1', 'r2', 'r3'].map((run) => expect.stringMatching(`^${run}: the map had more entries`) as string),
    expect.stringMatching(/^2 more notes of this kind/),
  ])
})

/** Collects warnings: the place, the text and the way out. */
function collector(): { readonly notices: string[]; readonly emit: (event: LabEvent) => void } {
  const notices: string[] = []
  const emit = (event: LabEvent) =>
    void (event.type === 'notice' && notices.push(`${event.place}: ${event.text}; ${event.wayOut}`))
  return { notices, emit }
}

test('a call tree that cannot be read is named with the reason, and one that was not kept is not', async () => {
  const results = tempDir()
  const runs = experimentOf(groupOf('a', [aRun(results, 'r1')]), groupOf('b', [aRun(results, 'r2')]))
  mkdirSync(join(results, 'x', 'r2', 'graph.txt'))
  const { notices, emit } = collector()
  expect(await treeTexts(runs, { results, mostRuns: 9, emit })).toEqual([])
  expect(notices).toEqual([
    expect.stringMatching(
      /^results\/x\/r2: graph\.txt cannot be read \(EISDIR.*\); its call tree is left out; `lab verify r2` says/,
    ),
  ])
})

test('stacks that cannot be read are named with the reason', async () => {
  const results = tempDir()
  const runs = experimentOf(groupOf('a', [aRun(results, 'r1'), aRun(results, 'r2'), aRun(results, 'r3')]))
  writeFileSync(join(results, 'x', 'r1', 'maps.json'), '{ cut off')
  writeFileSync(join(results, 'x', 'r2', 'maps.json'), '{"slots": []}')
  const { notices, emit } = collector()
  const [found] = await countedStacks(runs, { results, mostRuns: 9, emit })
  expect(found?.runs.map(({ run }) => run)).toEqual(['r3'])
  expect(notices).toEqual([
    expect.stringMatching(/r1: stacks cannot be read \(.*JSON.*\); the run is in no flame graph/),
    expect.stringMatching(/r2: stacks cannot be read \(.*maps.*\); the run is in no flame graph/),
  ])
})

test('of a long call tree the page has the first lines, and says that it goes on', async () => {
  const results = tempDir()
  const runs = experimentOf(groupOf('a', [aRun(results, 'r1')]))
  const file = join(results, 'x', 'r1', 'graph.txt')
  const line = '  é vfs_read() {\n'
  writeFileSync(file, line)
  const options = { results, mostRuns: 9, emit: () => undefined }
  expect(await treeTexts(runs, options)).toMatchObject([{ text: line, cut: false }])
  writeFileSync(file, line.repeat(10_000))
  const [tree] = await treeTexts(runs, options)
  expect([tree?.cut, tree?.text.replaceAll(line, '')]).toEqual([true, ''])
  expect(tree?.text.length).toBeGreaterThan(50_000)
})
