/** What answers say of runs of several nodes, whose differences are larger than those of the arms. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Claim } from '../config/schema/schema.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import { diffStep } from './diff/diff.ts'
import { side } from './diff/side.ts'
import { diffText } from './diff/text.ts'
import type { StoredRun, Manifest } from './manifest.ts'
import { nodeOf } from './node.ts'
import { observerReports, observerText, type ObservedResult } from './observer.ts'
import { orderReport, orderText } from './order.ts'
import { questionsOf } from './published/claims.ts'
import { verdictOf } from './published/verdict.ts'
import { comparisonHtml } from './report/compare.ts'
import { Exhibits } from './report/exhibits.ts'
import { nodesHtml } from './report/metrics.ts'
import { byExperiment, reportRuns } from './report/runs.ts'
import { listRuns } from './result.ts'
import { MANIFEST, putRun } from './run.fixture.ts'
import { indexRuns } from './run-index.ts'

const SPEED: Readonly<Record<string, number>> = { n1: 100, n2: 900 }

const hostOf = (node: string): Manifest['host'] => ({
  ...MANIFEST.host,
  name: 'login',
  slurm: { job: '1', restart: 0, node },
})

/** `count` runs of an arm on a node; 64 bytes take a tenth more than 16. */
async function made(results: string, bytes: number, node: string, count: number): Promise<void> {
  for (let repeat = 1; repeat <= count; repeat++)
    await putRun(results, {
      run: `r-${bytes}-${node}-${repeat}`,
      manifest: {
        arm: { name: `bytes=${bytes}`, params: { bytes } },
        repeat,
        host: hostOf(node),
        metrics: { ns: (SPEED[node] ?? 0) * (bytes === 64 ? 1.1 : 1) + repeat / 100 },
      },
    })
}

/** The arm with 64 bytes was mostly on the fast node: without nodes it would be the faster one. */
async function lopsided(): Promise<string> {
  const results = join(tempDir(), 'results')
  await made(results, 16, 'n1', 3)
  await made(results, 16, 'n2', 9)
  await made(results, 64, 'n1', 9)
  await made(results, 64, 'n2', 3)
  return results
}

const diffOf = async (results: string, a: string, b: string) => {
  const all = await listRuns(results)
  return await diffStep([side(all, a), side(all, b)], results, testContext(tempDir()))
}

test('the node of a run is its name in Slurm, the name of its host, or not known', () => {
  expect(nodeOf({ host: hostOf('n7') })).toBe('n7')
  expect(nodeOf({ host: { ...MANIFEST.host, name: 'laptop' } })).toBe('laptop')
  expect(nodeOf(MANIFEST)).toBe('')
})

describe('lab diff', () => {
  test('compares within nodes', async () => {
    const found = await diffOf(await lopsided(), 'readiter/bytes=16', 'readiter/bytes=64')
    expect(found.numbers.find(({ what }) => what === 'metric ns')?.test).toMatchObject({ delta: 1, apart: false })
    const text = diffText(found, { width: undefined, full: true })
    expect(text).toMatch(/metric ns .* B is higher \(large\)/)
    expect(text).toContain('Runs of 2 nodes are compared within nodes (van Elteren)')
  })

  test('says so where both sides have no node in common', async () => {
    const results = join(tempDir(), 'results')
    await made(results, 16, 'n1', 6)
    await made(results, 64, 'n2', 6)
    const found = await diffOf(results, 'readiter/bytes=16', 'readiter/bytes=64')
    const text = diffText(found, { width: undefined, full: true })
    expect(text).toMatch(/metric ns .* B is higher \(large\), on other nodes/)
    expect(text).toContain('A and B have no node in common')
    expect(found.inputs).toContainEqual({ what: 'host', a: 'n1', b: 'n2' })
  })

  test('a run with another QEMU is an input that differs, and no other question', async () => {
    const results = join(tempDir(), 'results')
    for (const version of ['7.2.22', '10.0.2']) {
      const tools = { 'qemu-system-x86_64': `QEMU emulator version ${version} (Debian)` }
      await putRun(results, { run: `q-${version}`, manifest: { host: { ...MANIFEST.host, tools } } })
    }
    const found = await diffOf(results, 'q-7.2.22', 'q-10.0.2')
    expect(found).toMatchObject({ same: true, inputs: [{ what: 'QEMU', a: '7.2.22', b: '10.0.2' }] })
  })
})

describe('lab report', () => {
  test('compares arms within nodes, and shows the numbers of each node', async () => {
    const [one] = byExperiment(reportRuns(await indexRuns(await lopsided())))
    if (one === undefined) throw new Error('no experiment')
    const exhibits = new Exhibits()
    const comparison = comparisonHtml(one, exhibits).text
    expect(comparison).toContain('compared within nodes')
    // The ratio is the arm's: a tenth more.
    expect(comparison).toMatch(/<td[^>]*>1\.1<\/td>/)
    expect(comparison).toContain('large')
    const numbers = nodesHtml(one, ['ns'], exhibits).text
    expect(numbers).toContain('the same numbers by node')
    expect(numbers).toContain('n2')
  })

  test('says nothing of nodes where there is one', async () => {
    const results = join(tempDir(), 'results')
    await made(results, 16, 'n1', 4)
    await made(results, 64, 'n1', 4)
    const [one] = byExperiment(reportRuns(await indexRuns(results)))
    if (one === undefined) throw new Error('no experiment')
    const exhibits = new Exhibits()
    const text = `${comparisonHtml(one, exhibits).text}${nodesHtml(one, ['ns'], exhibits).text}`
    expect(text).not.toMatch(/node/)
  })
})

test('lab results order looks at other factors within nodes', async () => {
  const texts: Readonly<Record<string, string>> = {
    n1: '0\t1\texec\n1\t1\tbegin\n1\t1\tend\n',
    n2: '0\t1\texec\n1\t1\tend\n1\t1\tbegin\n',
  }
  const runs = Array.from({ length: 24 }, (_, at) => {
    const node = at % 2 === 0 ? 'n1' : 'n2'
    const bytes = (at % 2 === 0) === at % 8 < 6 ? 16 : 64
    const dir = join(tempDir(), `r${at}`)
    mkdirSync(dir)
    writeFileSync(join(dir, 'sequence.txt'), texts[node] ?? '')
    const arm = { name: `bytes=${bytes}`, params: { bytes } }
    return { dir, manifest: { ...MANIFEST, run: `r${at}`, arm, host: hostOf(node) } }
  })
  const text = orderText(await orderReport('readiter', runs, 'run'))
  expect(text).toMatch(/^ {2}node of the run: explains 100 % of it/m)
  expect(text).toMatch(/^ {2}bytes: no dependence shown/m)
  expect(text).toContain('the other factors are compared within the 2 nodes')
})

test('lab results observer takes differences on one node, and says on how many there are', async () => {
  const probes = JSON.stringify({ programs: [{ program: 'p', hits: 100, missed: 0 }] })
  const dirOf = (observer: string): string => {
    const dir = tempDir()
    if (observer === 'full') writeFileSync(join(dir, 'probes.json'), probes)
    return dir
  }
  const run = (observer: 'none' | 'full', repeat: number, node: string, ns: number): ObservedResult => ({
    dir: dirOf(observer),
    manifest: {
      ...MANIFEST,
      experiment: 'cost',
      arm: { name: `observer=${observer}`, params: {}, observer },
      repeat,
      host: hostOf(node),
      workload: { ...MANIFEST.workload, ns },
    } as StoredRun['manifest'],
  })
  const rounds = [1, 2, 3, 4, 5, 6].flatMap((repeat) => {
    const node = repeat % 2 ? 'n1' : 'n2'
    const ns = (SPEED[node] ?? 0) * 1e4
    return [run('none', repeat, node, ns), run('full', repeat, node, ns + 100 * 2000)]
  })
  const [report] = await observerReports(rounds)
  const text = report === undefined ? [] : observerText(report)
  expect(text[0]).toContain('6 rounds on 2 nodes')
  expect(text.join('\n')).toContain('full     2 µs [2 µs, 2 µs] a hit')
})

describe('claims of published results', () => {
  const on = (node: string, value: number) => Array.from({ length: 6 }, (_, at) => ({ value: value + at / 100, node }))
  const claim: Claim = { ratio: [1.05, 1.15], of: 'n=2', to: 'n=1' }
  const judged = (one: readonly ReturnType<typeof on>[number][], other: readonly ReturnType<typeof on>[number][]) =>
    verdictOf(
      questionsOf(claim, {
        arms: [
          { name: 'n=1', values: one },
          { name: 'n=2', values: other },
        ],
        published: new Map(),
        unit: 'ms',
      }),
    )

  test('are judged within nodes', () => {
    const slow = on('n2', 900)
    expect(
      judged([...on('n1', 100), ...slow, ...slow], [...on('n1', 110), ...on('n1', 110), ...on('n2', 990)]),
    ).toMatchObject({ verdict: 'holds' })
  })

  test('are open where the arms have no node in common', () => {
    expect(judged(on('n1', 100), on('n2', 110))).toMatchObject({
      verdict: 'cannot tell',
      why: expect.stringContaining('on different nodes') as string,
    })
  })

  test('that nodes answer differently need more nodes, and not only more runs', () => {
    expect(judged([...on('n1', 100), ...on('n2', 100)], [...on('n1', 105), ...on('n2', 118)])).toMatchObject({
      verdict: 'cannot tell',
      why: expect.stringMatching(/about \d+ runs of each arm, on more nodes as well$/) as string,
    })
    const alone = judged(
      [80, 90, 100, 110, 120].map((value) => ({ value, node: 'n1' })),
      on('n1', 110),
    )
    expect(alone.why).toMatch(/about \d+ runs of each arm$/)
  })

  test('count only runs on nodes that the arms have in common', () => {
    const [one, other] = [on('n1', 100), on('n1', 110).slice(0, 2)]
    expect(judged([...one, ...on('n2', 900)], [...other, ...on('n3', 500)])).toMatchObject({
      verdict: 'cannot tell',
      why: 'an arm has 2 runs on nodes that the other arms have as well, and a claim needs 5',
    })
  })
})
