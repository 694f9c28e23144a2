/** Events that are really lost: said, counted, and handled as the experiment asks. */
import { afterAll, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
afterAll(() => lab.remove())

/** Far more than the smallest buffer holds between two visits of the recorder. */
const experiment = (name: string, trace: string, expect = '') => `
  ${name}:
    probes: [readiter]
    workload: { source: bpf/workloads/readfile.c, run: readfile /data/f --count 4000 }
    trace: { buffer: 8K, ${trace} }${expect}
`

/** An expectation that the loss breaks: a loss is one all the same. */
const BROKEN = `
    expect: [{ messages: { "copy_page_to_iter": 4000 } }]`

test('a small buffer loses events: warn passes and says so, no overwrite drops the newest, retry doubles the buffer once', async () => {
  lab.write(
    'lab.yaml',
    `${lab.read('lab.yaml')}${experiment('warned', 'onLoss: warn')}${experiment('dropped', 'overwrite: no')}${experiment('again', 'onLoss: retry', BROKEN)}`,
  )
  const answer = (await lab.answer(['run', 'warned', 'dropped', 'again'])) as { manifest: Manifest }[]
  const [warned, dropped, again] = answer.map(({ manifest }) => manifest)
  expect(warned).toMatchObject({ verdict: 'passed', trace: { completeness: 'incomplete', onLoss: 'warn' } })
  expect(warned?.trace.losses['overrun']).toBeGreaterThan(0)
  expect(dropped).toMatchObject({ verdict: 'incomplete', trace: { overwrite: false, losses: { overrun: 0 } } })
  expect(dropped?.trace.losses['dropped']).toBeGreaterThan(0)
  expect(again).toMatchObject({ verdict: 'failed', trace: { completeness: 'incomplete', bufferBytes: 2 * 8192 } })
  const runs = (await lab.answer(['results', 'ls', '--experiment', 'again'])) as unknown[]
  expect(runs.length).toBe(2)
})
