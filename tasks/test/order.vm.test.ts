/** The order of events between CPUs, and what looking costs: real runs. */
import { afterAll, expect, test } from 'vitest'
import type { ObserverReport } from '../results/observer.ts'
import type { OrderReport } from '../results/order.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
afterAll(() => lab.remove())

test('with the clock counter every event of both CPUs has a number of its own', async () => {
  const { status, stderr } = await lab.lab(['run', 'race', '--kernel', 'v5.10', '--repeat', '4'])
  expect(stderr).not.toContain('error')
  expect(status).toBe(0)
  const rows = (await lab.answer(['query', 'SELECT run, cpu, time_ns::VARCHAR AS at FROM events'])) as {
    rows: readonly { readonly run: string; readonly cpu: number; readonly at: string }[]
  }
  const all = rows.rows
  expect(new Set(all.map(({ cpu }) => cpu))).toEqual(new Set([0, 1]))
  expect(new Set(all.map(({ run, at }) => `${run} ${at}`)).size).toBe(all.length)
})

test('the order is compared by read and by run', async () => {
  const byRead = (await lab.answer(['results', 'order', 'race'])) as OrderReport
  expect(byRead).toMatchObject({ units: 16, runs: 4, without: 0 })
  expect(byRead.distinct[0]?.labels[0]).toBe('ext4 file read')
  const byRun = (await lab.answer(['results', 'order', 'race', '--per', 'run'])) as OrderReport
  expect(byRun.units).toBe(4)
  expect(byRun.distinct[0]?.labels.some((label) => label.startsWith('process 2: '))).toBe(true)
  const { status, stderr } = await lab.lab(['results', 'order', 'race', '--per', 'day'])
  expect(stderr).toContain('use sequence or run')
  expect(status).toBe(2)
})

test('observer: an empty probe has the same hits as the full one, and only the counted arm is counted', async () => {
  lab.edit('lab.yaml', 'readloop /data/f 2000', 'readloop /data/f 500')
  const { status, stdout } = await lab.lab(['run', 'cost', '--kernel', 'v5.10', '--repeat', '3'])
  expect(stdout).toContain('what looking costs, 3 rounds (mirrored)')
  expect(status).toBe(0)
  const [report] = (await lab.answer(['results', 'observer', 'cost'])) as ObserverReport[]
  const hits = Object.fromEntries(report?.overhead.map(({ observer, hits: count }) => [observer, count]) ?? [])
  // Five hooks, 600 reads; what others read comes on top.
  for (const observer of ['empty', 'full', 'counted']) expect(hits[observer], observer).toBeGreaterThanOrEqual(3000)
  expect(report?.kernel.map(({ program }) => program).toSorted()).toEqual(
    ['copyout', 'ext4_read', 'generic_read', 'page_to_iter', 'page_to_iter_iovec'].toSorted(),
  )
  for (const { runs, nsPerRun } of report?.kernel ?? []) {
    expect(runs).toBeGreaterThanOrEqual(3 * 600)
    expect(nsPerRun).toBeGreaterThan(0)
  }
})
