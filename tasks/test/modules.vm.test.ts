/** Kernel modules of an experiment: built, loaded before the probes, traced, recorded, and gone after each run. */
import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { cacheDir } from '../engine/context.ts'
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

/** Exports a function, and has no exit function: it stays. */
const GIVER = `#include <linux/module.h>
int giver_gives(void);
int giver_gives(void) { return 42; }
EXPORT_SYMBOL(giver_gives);
static int __init giver_init(void) { return 0; }
module_init(giver_init);
MODULE_LICENSE("GPL");
`
const TAKER = `#include <linux/module.h>
int giver_gives(void);
static int __init taker_init(void) { pr_info("taker: has %d\\n", giver_gives()); return 0; }
static void __exit taker_exit(void) { }
module_init(taker_init);
module_exit(taker_exit);
MODULE_LICENSE("GPL");
`

const EXPERIMENTS = `
  alone: { modules: [{ source: modules/taker.c }], workload: { run: 'true' } }
  unknown: { modules: [{ source: modules/counter.c, params: { stp: 1 } }], workload: { run: 'true' } }
  none: { modules: [nul_blk], workload: { run: 'true' } }
  ready: { modules: [{ source: counter.ko }], workload: { run: 'true' } }
  traced:
    probes: [counter]
    modules: [{ source: modules/counter.c, params: { step: soon } }]
    workload: { run: 'true' }
  together:
    modules: [{ source: modules/giver.c }, { source: modules/taker.c }]
    workload: { run: cat /proc/modules }
`

const rig = new Rig(false)
beforeAll(async () => {
  cpSync(join(TOOL_ROOT, 'examples/module'), rig.dir, { recursive: true })
  const config = '    config: [lab:base, lab:guest, lab:tracing]'
  rig.edit('lab.yaml', config, `${config}${SHIPPED}`)
  rig.write('lab.yaml', `${rig.read('lab.yaml')}${EXPERIMENTS}`)
  rig.write('modules/giver.c', GIVER)
  rig.write('modules/taker.c', TAKER)
  rig.write('counter.ko', '')
  await rig.answer(['up'])
})
afterAll(async () => {
  await rig.lab(['down'])
  rig.remove()
})

const text = ({ dir }: Outcome, name: string) => readFileSync(join(dir, name), 'utf8')
const loaded = async () => (await rig.lab(['exec', '--', 'cat', '/proc/modules'])).stdout

test('a module from source is traced, has its parameters, starts over in each run, and is gone afterwards', async () => {
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

test('warm starts have it, too', async () => {
  const outcomes = (await rig.answer(['run', 'counter', '--start', 'warm'])) as Outcome[]
  expect(outcomes.map(({ manifest }) => [manifest.verdict, manifest.guest.vm])).toEqual([
    ['passed', 'restored'],
    ['passed', 'restored'],
  ])
  expect(outcomes.map((outcome) => text(outcome, 'stdout'))).toEqual(['6\n', '15\n'])
})

describe('before anything boots', () => {
  const refused = async (experiment: string) => {
    const { status, stderr } = await rig.lab(['run', experiment])
    expect(status, stderr).toBe(2)
    return stderr
  }

  test('a symbol that nothing exports is named', async () => {
    expect(await refused('alone')).toMatch(/module taker: it uses symbols that .* exports: giver_gives/)
  })
  test('a parameter that a module does not have is named, with those that it has', async () => {
    const said = await refused('unknown')
    expect(said).toMatch(/module counter: it has no parameter stp/)
    expect(said).toContain('it has count, step')
  })
  test('a module that the kernel does not have is named', async () => {
    expect(await refused('none')).toMatch(/module nul_blk: kernel v5\.10 has no module of this name/)
  })
  test('a module that does not compile: the file and line of the user', async () => {
    rig.write('modules/taker.c', `${TAKER}int broken = nothing;\n`)
    expect(await refused('alone')).toContain(`${join(rig.dir, 'modules/taker.c')}:8:14: module taker does not compile`)
    rig.write('modules/taker.c', TAKER)
  })
  test('a module that is built already is refused by its vermagic, and by what it uses, by name', async () => {
    const built = globSync(join(cacheDir(process.env), 'store/module/*/counter.ko'))
      .map((file) => readFileSync(file))
      .find((bytes) => bytes.includes('vermagic=5.10.'))
    const change = (from: string, to: string) => {
      const bytes = Buffer.from(built ?? expect.unreachable('no counter.ko'))
      bytes.write(to, bytes.indexOf(from), 'latin1')
      writeFileSync(join(rig.dir, 'counter.ko'), bytes)
    }
    change('vermagic=5.10', 'vermagic=5.09')
    expect(await refused('ready')).toMatch(/module counter: it was built for 5\.09\.\d+, and kernel v5\.10 is 5\.10/)
    change('scnprintf\0', 'scnprintg\0')
    expect(await refused('ready')).toMatch(/module counter: it uses symbols .*: scnprintg\n/)
    change('scnprintf\0', 'scnprintf\0')
    expect((await rig.lab(['run', 'ready'])).status).toBe(0)
  })
  test('a probe on a function that neither the kernel nor the module has is refused', async () => {
    rig.edit('bpf/counter.bpf.c', 'kprobe/counter_add', 'kprobe/counter_ad')
    expect(await refused('counter')).toMatch(/added cannot be attached: .*counter_ad/)
    rig.edit('bpf/counter.bpf.c', 'kprobe/counter_ad"', 'kprobe/counter_add"')
  })
})

test('a value that the module does not take fails the run, in the words of the kernel', async () => {
  const { status, stderr } = await rig.lab(['run', 'traced'])
  expect(status).toBe(2)
  expect(stderr).toMatch(/module counter: the kernel does not load it: Invalid argument/)
  expect(stderr).toContain("`soon' invalid for parameter `step'")
})

test('modules use what those before them export; one without an exit function stays, and that is said', async () => {
  const { stdout, stderr, status } = await rig.lab(['run', 'together'])
  expect(status, stderr).toBe(0)
  expect(stdout).toContain('module giver stays loaded')
  expect(await loaded()).toMatch(/^giver /)
  const again = await rig.lab(['run', 'together'])
  expect(again.status).toBe(2)
  expect(again.stderr).toMatch(/module giver: it is loaded already, and the kernel does not unload it/)
})
