import { writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { orderReport, orderSummary, orderText, type OrderedRun } from './order.ts'

function run(name: string, bytes: number, text: string | undefined): OrderedRun {
  const at = join(tempDir(), name)
  mkdirSync(at)
  if (text !== undefined) writeFileSync(join(at, 'sequence.txt'), text)
  return {
    dir: at,
    manifest: {
      run: name,
      experiment: 'x',
      arm: { name: `bytes=${bytes}`, params: { bytes } },
      kernel: { name: 'v5.10' },
      guest: { accel: { accel: 'tcg' } },
      trace: { clock: 'counter' },
    } as unknown as OrderedRun['manifest'],
  }
}

const TWO_READS = '0\t1\texec\n1\t1\tbegin\n1\t1\ttook 5 ns\n2\t1\tbegin\n2\t1\ttook 61 ns\n'
const TURNED = TWO_READS.replace('2\t1\tbegin\n2\t1\ttook 61 ns', '2\t1\ttook 61 ns\n2\t1\tbegin')

test('reads are compared over runs; what differs from hit to hit, and what exec reads, is no difference', async () => {
  const report = await orderReport('x', [run('a', 16, TWO_READS), run('b', 16, TWO_READS)], 'sequence')
  expect(report).toMatchObject({ units: 4, runs: 2, without: 0, unstable: [], stablePairs: 1 })
  expect(orderText(report)).toContain('always the same sequence')
  expect(orderSummary(report)).toEqual(['order: the same in all 4 sequences (each begins at "begin")'])
})

test('a sequence is a read only if it begins at a message that names one', async () => {
  const summary = async (first: string) =>
    orderSummary(await orderReport('x', [run('r', 16, TWO_READS.replaceAll('begin', first))], 'sequence'))[0]
  for (const read of ['ext4 file read', 'vfs_read entered', 'enter pread64'])
    expect(await summary(read)).toBe('order: the same in all 2 reads')
  for (const other of ['vfs_fsync', 'thread started', 'bread'])
    expect(await summary(other)).toBe(`order: the same in all 2 sequences (each begins at "${other}")`)
})

test('the word of the newest run, and the one that is asked for, come before the one of the messages', async () => {
  const report = run('r', 16, TWO_READS.replaceAll('begin', 'ext4 file read'))
  const named = { ...report, manifest: { ...report.manifest, unit: 'query' } }
  expect(orderSummary(await orderReport('x', [named], 'sequence'))).toEqual(['order: the same in all 2 queries'])
  expect(orderText(await orderReport('x', [named], 'sequence', 'call'))).toContain('x: 2 calls of 1 run, always')
})

test('a message that closes each run is named, and the calls are not called different', async () => {
  const closed = `${TWO_READS}2\t1\tcounted 2 calls\n`
  const summary = orderSummary(await orderReport('x', [run('a', 16, closed), run('b', 64, closed)], 'sequence', 'call'))
  expect(summary).toEqual([
    'order: the same in all 4 calls, except that "counted # calls" ends one call of each of the 2 runs',
  ])
  const single = orderSummary(await orderReport('x', [run('a', 16, closed)], 'sequence', 'call'))
  expect(single).toEqual(['order: the same in all 2 calls, except that "counted # calls" ends one call of the run'])
  // In one run of several, it is a difference.
  const once = orderSummary(await orderReport('x', [run('a', 16, closed), run('b', 64, TWO_READS)], 'sequence', 'call'))
  expect(once[0]).toContain('2 different sequences in 4 calls')
})

test('with one sequence a run, runs are what is counted', async () => {
  const one = '1\t1\tthe journal wrote\n'
  const runs = [run('a', 16, one), run('b', 16, one)]
  expect(orderSummary(await orderReport('x', runs, 'sequence', 'fsync'))).toEqual([
    'order: the same in all 2 runs (one fsync in each)',
  ])
})

test('a read that came in another order is counted, shown, and said where', async () => {
  const report = await orderReport('x', [run('c', 16, TWO_READS), run('d', 64, TURNED)], 'sequence')
  const text = orderText(report)
  expect(text).toContain('4 sequences of 2 runs, 2 different sequences')
  expect(text).toContain('"begin" before "took # ns" in 3 of 4; after it in 1 (d, sequence 2)')
  expect(text).toMatch(/bytes: no dependence shown/)
  expect(orderSummary(report)[0]).toContain('2 kinds of sequences among 4 sequences; the most common in 3 (75.0 %)')
})

test('warm-ups, and attempts that came again, are not counted', async () => {
  const planned = (name: string, text: string, plan: Readonly<Record<string, unknown>>): OrderedRun => {
    const report = run(name, 16, text)
    return { ...report, manifest: { ...report.manifest, plan } as unknown as OrderedRun['manifest'] }
  }
  const plan = { id: 'p', index: 1, attempt: 1, warmup: false, start: 'shared', parallel: 1 }
  const report = await orderReport(
    'x',
    [
      planned('w', TURNED, { ...plan, index: 0, warmup: true }),
      planned('first', TURNED, plan),
      planned('again', TWO_READS, { ...plan, attempt: 2 }),
      planned('other', TWO_READS, { ...plan, index: 2 }),
    ],
    'sequence',
  )
  expect(report).toMatchObject({ runs: 2, units: 4, unstable: [] })
})

test('a parameter may have the name of a fact that the lab knows itself', async () => {
  const runs = Array.from({ length: 12 }, (_, index) => {
    const { dir, manifest } = run(`p${index}`, 16, index % 2 ? TWO_READS : TURNED)
    const params = { node: index % 2, clock: index % 2 ? 'fine' : 'coarse' }
    return {
      dir,
      manifest: { ...manifest, arm: { ...manifest.arm, params }, host: { name: 'laptop' } },
    } as unknown as OrderedRun
  })
  const text = orderText(await orderReport('x', runs, 'run'))
  expect(text).toMatch(/^ {2}node: explains 100 % of it \(p 0\.\d+\): 0: A 6; 1: B 6/m)
  expect(text).toMatch(/^ {2}clock: explains 100 % of it/m)
})

test('of many values of a parameter the first are listed, and the others counted', async () => {
  const runs = Array.from({ length: 60 }, (_, index) =>
    run(`p${index}`, index % 10, index % 10 < 5 ? TWO_READS : TURNED.replace('1\t1\tbegin\n', '')),
  )
  expect(orderText(await orderReport('x', runs, 'run'))).toMatch(/^ {2}bytes: explains 100 % .*7: B 6; 2 more$/m)
})

test('what depends on a parameter is named', async () => {
  const runs = Array.from({ length: 12 }, (_, index) =>
    run(`p${index}`, index % 2 ? 16 : 64, index % 2 ? TWO_READS : TURNED.replace('1\t1\tbegin\n', '')),
  )
  const text = orderText(await orderReport('x', runs, 'run'))
  expect(text).toMatch(/bytes: explains 100 % of it \(p 0\.\d+\): 64: A 6; 16: B 6/)
})

test('processes are told apart in the sequence of a run', async () => {
  const two = (first: number, second: number) => `1\t${first}\tbegin\n2\t${second}\tbegin\n`
  const report = await orderReport('x', [run('e', 16, two(1, 2)), run('f', 16, two(2, 1))], 'run')
  expect(report.unstable).toMatchObject([{ a: 'process 1: begin', b: 'process 2: begin', before: 1, after: 1 }])
})

test('a run without a sequence, or with something else in it, is not counted', async () => {
  const report = await orderReport('x', [run('g', 16, undefined), run('h', 16, 'no\u001b[2Jsequence\n')], 'sequence')
  expect(report.without).toBe(2)
  expect(orderText(report)).toBe('x: no run has a sequence of messages')
})
