/** Kernel modules of an experiment: built, loaded before the probes, traced, recorded, and gone after each run. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

interface Outcome {
  readonly dir: string
  readonly manifest: Manifest
}

/** What the kernel of the shipped lab has more than that of the example: it is built for other tests. */
const SHIPPED = `
    options: { KPROBE_EVENTS_ON_NOTRACE: y }
    parallelPath:
      suffix: giulia
      entry: generic_file_buffered_read
      functions: [copy_page_to_iter, copy_page_to_iter_iovec, copyout, _copy_to_iter, copy_to_iter]`

const rig = new Rig(false)
beforeAll(async () => {
  cpSync(join(TOOL_ROOT, 'examples/module'), rig.dir, { recursive: true })
  const config = '    config: [lab:base, lab:guest, lab:tracing]'
  rig.edit('lab.yaml', config, `${config}${SHIPPED}`)
  await rig.answer(['up'])
})
afterAll(async () => {
  await rig.lab(['down'])
  rig.remove()
})

const text = ({ dir }: Outcome, name: string) => readFileSync(join(dir, name), 'utf8')
const loaded = async () => (await rig.lab(['exec', '--', 'cat', '/proc/modules'])).stdout

test('a module from source is traced, has its parameters, begins anew in each run, and is gone afterwards', async () => {
  const outcomes = (await rig.answer(['run', 'counter', '--repeat', '2'])) as Outcome[]
  expect(outcomes.map(({ manifest }) => [manifest.verdict, manifest.trace.completeness, manifest.guest.vm])).toEqual(
    Array.from({ length: 4 }, () => ['passed', 'complete', 'up']),
  )
  for (const outcome of outcomes) {
    const step = Number(outcome.manifest.arm.params['step'])
    expect(text(outcome, 'stdout')).toBe(`${3 * step}\n`)
    expect(text(outcome, 'dmesg')).toContain(`counter: loaded, step ${step}`)
    expect(outcome.manifest.modules).toMatchObject([{ name: 'counter', parameters: [`step=${step}`] }])
    expect(outcome.manifest.modules?.[0]?.vermagic).toMatch(/^5\.10\.\d+ SMP /)
  }
  const sent = new Set(outcomes.map(({ manifest }) => manifest.modules?.[0]?.sha256))
  expect([...sent].join()).toMatch(/^[0-9a-f]{64}$/)
  expect(await loaded()).toBe('')
})
