import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Observer } from '../config/observers.ts'
import { tempDir } from '../test/temp-dir.ts'
import { observerReports, observerText, type ObservedResult } from './observer.ts'

let index = 0

function run(observer: Observer, repeat: number, ns: number, plan = 'p', warmup = false): ObservedResult {
  const dir = join(tempDir(), 'run')
  mkdirSync(dir)
  const counted = observer === 'counted' ? { runs: 100, runNs: 200_000 } : {}
  const programs = observer === 'none' ? [] : [{ program: 'read\u001b[2J', hits: 100, missed: 0, ...counted }]
  writeFileSync(join(dir, 'probes.json'), JSON.stringify({ programs }))
  return {
    dir,
    manifest: {
      experiment: 'cost',
      arm: { name: `bytes=16,observer=${observer}`, params: { bytes: 16 }, observer },
      repeat,
      workload: { ns },
      plan: { id: plan, index: index++, attempt: 1, order: 'mirrored', warmup },
    } as unknown as ObservedResult['manifest'],
  }
}

const rounds = (plan: string, base: number) =>
  Array.from({ length: 6 }, (_, index) => [
    run('none', index + 1, base, plan),
    run('empty', index + 1, base + 100_000, plan),
    run('full', index + 1, base + 300_000, plan),
    run('counted', index + 1, base + 350_000, plan),
  ]).flat()

test('what a hit costs, by wall clock and by the count of the kernel', async () => {
  const runs = [run('none', 1, 9e9, 'p', true), ...rounds('p', 1_000_000)]
  const [report, ...more] = await observerReports(runs)
  expect(more).toEqual([])
  const text = report ? observerText(report) : []
  expect(text[0]).toBe('cost bytes=16: what looking costs, 6 rounds (mirrored), 95 % intervals')
  expect(text[2]).toContain('empty    1 µs [1 µs, 1 µs] a hit, 100 hits a run; the workload takes 1.10')
  expect(text[3]).toContain('full     3 µs [3 µs, 3 µs] a hit')
  expect(text[5]).toContain('2 µs a run of a program by its own count (bpf_stats, 600 runs')
  expect(text.join()).not.toContain('\u001b')
})

test('of several attempts at one run only the last counts', async () => {
  const runs = rounds('p', 1_000_000)
  const again = runs.map((result) => ({
    ...result,
    manifest: { ...result.manifest, plan: { ...result.manifest.plan, attempt: 2 } } as typeof result.manifest,
  }))
  const slow = runs.map((result) => ({
    ...result,
    manifest: { ...result.manifest, workload: { ...result.manifest.workload, ns: 9e9 } } as typeof result.manifest,
  }))
  expect(await observerReports([...slow, ...again])).toEqual(await observerReports(runs))
})

test('rounds of two commands are not mixed', async () => {
  const [report] = await observerReports([...rounds('p', 1_000_000), ...rounds('q', 50_000_000)])
  expect(report?.overhead.find(({ observer }) => observer === 'full')?.perHit).toMatchObject({ low: 3000, high: 3000 })
})

test('runs on several kernels are no one number', async () => {
  const on = (name: string, list: readonly ObservedResult[]) =>
    list.map((result) => ({ ...result, manifest: { ...result.manifest, kernel: { name } } as typeof result.manifest }))
  const slow = rounds('q', 1_000_000).map(({ dir, manifest }) => ({
    dir,
    manifest: { ...manifest, workload: { ...manifest.workload, ns: (manifest.workload.ns ?? 0) * 10 } },
  }))
  const reports = await observerReports([...on('v5.4', rounds('p', 1_000_000)), ...on('v6.1', slow)])
  const full = reports.map(({ arm, overhead }) => [
    arm,
    overhead.find(({ observer }) => observer === 'full')?.perHit.median,
  ])
  expect(full).toEqual([
    ['bytes=16 v5.4', 3000],
    ['bytes=16 v6.1', 30_000],
  ])
})

test('runs without arms of an observer, or without times, are no report', async () => {
  const bare = run('none', 1, 1)
  expect(await observerReports([])).toEqual([])
  expect(
    await observerReports([
      { ...bare, manifest: { ...bare.manifest, workload: { ...bare.manifest.workload, ns: null } } },
      run('full', 1, 2),
    ]),
  ).toEqual([])
})

test('one round has no interval, and shows no difference', async () => {
  const [report] = await observerReports(rounds('p', 1_000_000).slice(0, 4))
  const text = report ? observerText(report) : []
  expect(text[0]).toBe('cost bytes=16: what looking costs, 1 round (mirrored), too few for intervals')
  expect(text[1]).toBe('  none     the workload takes 1 ms')
  expect(text[3]).toBe(
    '  full     3 µs a hit, 100 hits a run; the workload takes 1.30 times as long; no difference shown',
  )
})
