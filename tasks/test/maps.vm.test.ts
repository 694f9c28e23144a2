/**
 * Maps on a real kernel: slots that are written before the workload starts, and every map decoded by the object's
 * types.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import type { Manifest } from '../results/manifest.ts'
import type { MapsFile } from '../run/guest/maps.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
afterAll(() => lab.remove())

lab.write('bpf/maps.bpf.c', readFileSync(join(TOOL_ROOT, 'tasks/test/probes/maps.bpf.c'), 'utf8'))
lab.write('bpf/few-stacks.bpf.c', readFileSync(join(TOOL_ROOT, 'tasks/test/probes/few-stacks.bpf.c'), 'utf8'))
lab.edit(
  'lab.yaml',
  'bpf/readiter.bpf.c }\n',
  'bpf/readiter.bpf.c }\n  maps: { source: bpf/maps.bpf.c }\n  few-stacks: { source: bpf/few-stacks.bpf.c }\n',
)
lab.write(
  'lab.yaml',
  `${lab.read('lab.yaml')}
  maps:
    probes: [maps]
    workload: { source: bpf/workloads/readfile.c, run: "readfile /data/f --bytes \${bytes} --count 3" }
    params: { bytes: [16] }
    maps:
      target: { pid: "\${workload.pid}", bytes: "\${bytes}", name: hello }
      numbers: { 0: "0xffff888012345678", 1: 5 }
      names: { abc: 3 }
      per_cpu: 100
      target_pid: \${workload.pid}
  counted:
    matrix: { probe: [stacks, few-stacks] }
    workload:
      source: bpf/workloads/readwrite.c
      flags: [-fno-omit-frame-pointer]
      run: readwrite /data/f write 5
    maps: { target: "\${workload.pid}" }
    trace: { onLoss: warn }
`,
)

test('R-1201-1, R-0801-1: slots are written, read back, and the maps come out decoded', async () => {
  const outcomes = (await lab.answer(['run', 'maps', '--repeat', '2'])) as { dir: string; manifest: Manifest }[]
  const outcome = outcomes.at(-1)
  expect(outcome?.manifest.verdict).toBe('passed')
  const pid = outcome?.manifest.workload.pid
  const { slots, maps } = JSON.parse(readFileSync(join(outcome?.dir ?? '', 'maps.json'), 'utf8')) as MapsFile
  expect(slots).toContainEqual({ map: 'target', key: 0, value: { pid, bytes: 16, name: 'hello' } })
  const entries = Object.fromEntries(maps.map(({ name, entries: list }) => [name, list]))
  const stdout = readFileSync(join(outcome?.dir ?? '', 'stdout'), 'utf8')
  const buffer = Number(/buffer (0x[0-9a-f]+)/.exec(stdout)?.[1])
  expect(entries['by_pid']).toMatchObject([
    { key: pid, value: { pid, comm: 'readfile', buffer, state: 'BUSY', delta: -2, first: false, low: 5, high: 17 } },
  ])
  expect(entries['by_pid']?.[0]?.value).toMatchObject({ from: expect.stringMatching(/^0xffff[0-9a-f]{12}$/) })
  expect(entries['names']).toMatchObject([{ key: 'abc', value: 3 }])
  expect(entries['numbers']).toMatchObject([{ value: '18446612682375452280' }, { value: 5 }])
  // Both CPUs begin with 100; three copies of the workload happened on one or the other.
  const perCpu = entries['per_cpu']?.[0]?.value as number[]
  expect(perCpu.reduce((sum, one) => sum + one, 0) - 100 * perCpu.length).toBe(3)
  expect(entries['.bss']).toMatchObject([{ value: { copies: 3 } }])
  expect(entries['.data']).toMatchObject([{ value: { target_pid: pid } }])

  const { stdout: text, status } = await lab.lab(['maps', 'last'])
  expect(status).toBe(0)
  expect(text).toContain('target (maps.bpf.o): array, __u32 -> struct wanted, max_entries 1')
  expect(text).toContain(`0: { pid: ${pid}, bytes: 16, name: "hello" }`)
  // Three copies of 16 bytes, in the slot from 16 to 31; over both runs of the arm six.
  expect(text).toMatch(/^ {2}sizes in powers of two:\n +value +count\n +16 -> 31 +3 /m)
  const { stdout: sums } = await lab.lab(['maps', 'last', '--arm'])
  expect(sums).toMatch(/^2 runs of maps bytes=16, added up\n/)
  expect(sums).toMatch(/^ +16 -> 31 +6 /m)
  // One buffer was in the workload, the other in the kernel, and neither is a function of it.
  const { stdout: named, status: found } = await lab.lab(['maps', 'last', '--symbols'])
  expect([found, named]).toEqual([0, text])
})

test('a slot that does not exist is reported before a VM boots', async () => {
  lab.edit('lab.yaml', 'target_pid: $', 'target_pit: $')
  const { status, stderr } = await lab.lab(['run', 'maps'])
  lab.edit('lab.yaml', 'target_pit: $', 'target_pid: $')
  expect(status).toBe(2)
  expect(stderr).toContain('no map or global variable "target_pit"')
  expect(stderr).toContain('did you mean "target_pid"?')
  expect(stderr).not.toContain('boot:')
})

describe('stacks', () => {
  let runs: readonly { dir: string; manifest: Manifest }[] = []
  const arm = (probe: string) => {
    const found = runs.find(({ manifest }) => manifest.arm.probes?.includes(probe))
    if (found === undefined) throw new Error(`no run of ${probe}`)
    return found
  }
  beforeAll(async () => {
    runs = (await lab.answer(['run', 'counted'])) as { dir: string; manifest: Manifest }[]
  })

  test('of program and kernel are counted, named, and written as folded text', async () => {
    const { dir, manifest } = arm('stacks')
    expect(manifest).toMatchObject({ verdict: 'passed', trace: { completeness: 'complete' } })
    const { stdout, status } = await lab.lab(['trace', dir, '--folded', '-', '--comm', 'readwrite'])
    expect(status).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines.filter((line) => !/^readwrite;.*;kmem_cache_alloc \d+$/.test(line))).toEqual([])
    expect(stdout).toMatch(/;main;.*;ext4_file_write_iter;.*;alloc_buffer_head;/)
    // As many as the map has counted.
    const { maps } = JSON.parse(readFileSync(join(dir, 'maps.json'), 'utf8')) as MapsFile
    const counts = maps.find(({ name }) => name === 'allocations')?.entries ?? []
    const own = counts.filter(({ key }) => (key as { comm: string }).comm === 'readwrite')
    expect(lines.reduce((total, line) => total + Number(/\d+$/.exec(line)?.[0]), 0)).toBe(
      own.reduce((total, { value }) => total + Number(value), 0),
    )
    const { stdout: tree } = await lab.lab(['trace', dir, '--stacks'])
    expect(tree).toMatch(/^allocations: \d+ in \d+ stacks\n/)
    expect(tree).toMatch(/^ +ext4_file_write_iter$/m)
  })

  test('names are verified: one that is not the kernel’s is found', async () => {
    const { dir } = arm('stacks')
    expect((await lab.lab(['verify', dir])).status).toBe(0)
    const [file, manifest] = [join(dir, 'symbols.json'), join(dir, 'manifest.json')]
    const [names, text] = [readFileSync(file, 'utf8'), readFileSync(manifest, 'utf8')]
    const forged = names.replace('"alloc_buffer_head"', '"alloc_nothing"')
    const sha256 = (of: string) => createHash('sha256').update(of).digest('hex')
    writeFileSync(file, forged)
    writeFileSync(manifest, text.replace(sha256(names), sha256(forged)))
    const { status, stdout } = await lab.lab(['verify', dir])
    writeFileSync(file, names)
    writeFileSync(manifest, text)
    expect([status, stdout]).toEqual([1, expect.stringMatching(/symbols\.json: alloc_nothing \(0x[0-9a-f]+\) is not/)])
  })

  test('that find their place taken are counted, said, and make the trace incomplete', async () => {
    const { dir, manifest } = arm('few-stacks')
    expect(manifest).toMatchObject({ verdict: 'passed', trace: { completeness: 'incomplete' } })
    const reasons = manifest.trace.reasons.join('\n')
    expect(reasons).toMatch(/^\d+ counts of few have lost their stack, which found another one in its place/m)
    expect(reasons).toMatch(/^few had no room for \d+ counts \(max_entries 2\)/m)
    const { stdout } = await lab.lab(['trace', dir, '--stacks'])
    expect(stdout).toMatch(/^ {2}\d+ of \d+ were counted without their stack/m)
    expect(stdout).toContain('[stack lost: another stack was in its place]')
    expect((await lab.lab(['verify', dir])).status).toBe(0)
  })

  test('are drawn in a report', async () => {
    const { status, stdout } = await lab.lab(['report', 'counted', '-o', '-'])
    expect(status).toBe(0)
    expect(stdout).toContain('<title>ext4_file_write_iter: ')
  })
})
