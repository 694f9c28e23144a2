/**
 * The samples of the kernel's own tree as probes: built by the tree's own rules, run beside the workload, stopped by
 * the lab.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const rig = new Rig()
afterAll(async () => {
  await rig.lab(['down'])
  rig.remove()
})

/** An experiment whose only probe is this sample. */
const declare = (sample: string) =>
  rig.edit(
    'lab.yaml',
    '\nexperiments:\n',
    `
experiments:
  with-${sample}:
    probes: [from-${sample}]
    workload: { source: bpf/workloads/readfile.c, run: readfile /data/f --bytes 1 --count 1 }
`,
  )

test('R-0801-2: syscall_tp attaches, counts the calls of open, and says so; cpustat names what the guest lacks', async () => {
  for (const sample of ['syscall_tp', 'cpustat']) declare(sample)
  rig.edit(
    'lab.yaml',
    '\nprobes:\n',
    '\nprobes:\n  from-syscall_tp: { sample: syscall_tp }\n  from-cpustat: { sample: cpustat }\n',
  )
  await rig.lab(['up'])
  const [outcome] = (await rig.answer(['run', 'with-syscall_tp', '--repeat', '1'])) as {
    dir: string
    manifest: Manifest
  }[]
  const { dir, manifest } = outcome ?? expect.unreachable('no run')
  expect(manifest.verdict).toBe('passed')
  expect(readFileSync(join(dir, 'probe-syscall_tp.out'), 'utf8')).toMatch(/^prog #0: map ids \d+ \d+$/m)
  expect(JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8'))).toMatchObject({
    samples: [{ name: 'syscall_tp', state: 'ended' }],
  })

  const { status, stderr } = await rig.lab(['run', 'with-cpustat', '--repeat', '1'])
  expect(status).toBe(2)
  expect(stderr).toContain('scaling_max_freq')
  expect(stderr).toContain('cpustat needs frequency scaling')
  // Nothing of them stays behind.
  expect((await rig.lab(['exec', '--', 'cat', '/sys/kernel/tracing/kprobe_events'])).stdout).toBe('')
})

test('hits of a sample are counted, and one that says it could not attach fails the run', async () => {
  for (const sample of ['tracex2', 'tracex4']) {
    declare(sample)
    rig.edit('lab.yaml', '\nprobes:\n', `\nprobes:\n  from-${sample}: { sample: ${sample} }\n`)
  }
  const [outcome] = (await rig.answer(['run', 'with-tracex2', '--repeat', '1'])) as { dir: string }[]
  const probes = JSON.parse(readFileSync(join(outcome?.dir ?? '', 'probes.json'), 'utf8')) as {
    otherPrograms: { section: string; comm: string; runs: number }[]
  }
  // It lets dd write while it looks on.
  const writes = probes.otherPrograms.find(({ section }) => section === 'kprobe/__x64_sys_write')
  expect(writes).toMatchObject({ comm: 'tracex2' })
  expect(writes?.runs).toBeGreaterThan(0)
  // kmem_cache_alloc_node is inlined where there is no NUMA. It ends with status 0 all the same.
  const { status, stderr } = await rig.lab(['run', 'with-tracex4', '--repeat', '1'])
  expect(stderr).toContain("the kernel's sample says that it failed")
  expect(stderr).toContain('kmem_cache_alloc_node')
  expect(status).toBe(1)
})

test('a sample that the tree does not have', async () => {
  rig.edit('lab.yaml', '{ sample: cpustat }', '{ sample: cpustats }')
  const { status, stderr } = await rig.lab(['run', 'with-cpustat', '--repeat', '1'])
  expect(status).toBe(2)
  expect(stderr).toContain('did you mean cpustat?')
})
