/**
 * Programs with a loader of their own, a script, and no program at all, as workloads: nobody edits them, and what they
 * trace is counted.
 */
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { cacheDir } from '../engine/context.ts'
import { lock } from '../engine/lock.ts'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const rig = new Rig()

const EXPERIMENTS = `
  pair:
    workload: { style: samples, source: [own/multi_user.c, own/multi_kern.c], run: multi /data/f }
  skeleton:
    workload:
      source: [own/opens.c, own/said.c, own/opens.bpf.c]
      flags: [-DTIMES=5]
      libraries: [bpf]
      cwd: /data
      env: { WHO: "a \${who}" }
      run: opens f
    params: { who: [stranger] }
    expect: [{ messages: { /read by/: ">= 5" } }]
  script:
    workload: { program: own/hello.sh, files: [own/said.h], run: hello.sh said.h }
  interpreted:
    workload: { program: own/interpreted.py, run: interpreted.py }
  bare:
    workload: { run: cat /data/f }
    trace: { events: ["syscalls:sys_enter_read"] }
`

const TRACED = `
  traced:
    kernel: { use: v5.4, fallback: [v5.10] }
    image: traced
    disks: { data: { fs: ext4, size: 64M, mount: /data, files: { f: "1 2 3\\n" } } }
`

const SCRIPT = `
  scripted:
    vm: traced
    probes: [reads]
    workload: { run: "dd if=/data/f of=/dev/null bs=2 count=2" }
    metrics: { calls: { stdout: '^@\\[dd\\]: (\\d+)$', of: reads } }
`

const HOOKS = `
  missing:
    probes: [missing]
    workload: { source: bpf/workloads/hooks.c, run: hooks /data/f }
  stranger:
    probes: [stranger]
    workload: { source: bpf/workloads/hooks.c, run: hooks /data/f }
`

/** A probe on one function, of the workload or of a file of the guest. */
const userProbe = (section: string) =>
  `#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("${section}") int p(void *c) { return 0; }\nchar LICENSE[] SEC("license") = "GPL";\n`

beforeAll(async () => {
  cpSync(join(TOOL_ROOT, 'tasks/test/programs'), join(rig.dir, 'own'), { recursive: true })
  rig.write('own/interpreted.py', '#!/usr/bin/none-such -u\nprint(1)\n')
  rig.write('own/hello.sh', '#!/bin/sh\npwd\ncat "$1"\n')
  rig.write('own/missing.bpf.c', userProbe('uprobe/${workload}:anwser'))
  rig.write('own/stranger.bpf.c', userProbe('uprobe//bin/cat:main'))
  rig.write('lab.yaml', `${rig.read('lab.yaml')}${EXPERIMENTS}${HOOKS}`)
  rig.edit(
    'lab.yaml',
    'probes:\n',
    'probes:\n  missing: { source: own/missing.bpf.c }\n  stranger: { source: own/stranger.bpf.c }\n',
  )
  expect((await rig.lab(['up', '--kernel', 'v5.10'])).stderr).not.toContain('error:')
})
afterAll(async () => {
  await rig.lab(['down'])
  rig.remove()
})

async function run(experiment: string) {
  const [outcome] = (await rig.answer(['run', experiment, '--kernel', 'v5.10'])) as {
    dir: string
    manifest: Manifest
  }[]
  const { dir, manifest } = outcome ?? expect.unreachable('no run')
  return { manifest, stdout: readFileSync(join(dir, 'stdout'), 'utf8'), dir }
}

test('a pair of samples/bpf of one’s own: as the tree builds its own, and ended at read_trace_pipe()', async () => {
  const { manifest, stdout, dir } = await run('pair')
  expect(manifest).toMatchObject({ verdict: 'passed', trace: { completeness: 'complete' }, workload: { status: 0 } })
  expect(stdout).toMatch(/^reads seen: [1-9]/)
  expect(manifest.remarks).toContainEqual(expect.stringContaining('ended where it only waited for more of trace_pipe'))
  const { stdout: messages } = await rig.lab(['trace', 'last'])
  expect(messages).toContain('vfs_read')
  expect(messages).toContain('tail of vfs_write')
  expect(JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8'))).toMatchObject({
    others: expect.arrayContaining([expect.objectContaining({ program: expect.stringMatching(/vfs_read/) })]),
  })
})

test('what a build that was killed left in the kernel’s tree is taken out by the next', async ({
  signal,
  onTestFinished,
}) => {
  const builds = join(cacheDir(process.env), 'build')
  const samples = readdirSync(builds)
    .map((name) => join(builds, name, 'src/samples/bpf'))
    .filter((dir) => existsSync(dir))
  expect(samples.length).toBeGreaterThan(0)
  // Whoever builds in the tree now is not the build that was killed.
  const lockOf = async (dir: string, until: AbortSignal) =>
    await lock(join(dir, '../../../lock'), until, () => undefined)
  onTestFinished(async () => {
    for (const dir of samples) {
      // After the limit of the test, too.
      await using _lock = await lockOf(dir, new AbortController().signal)
      for (const name of ['multi_user.c', '.lab-files']) rmSync(join(dir, name), { force: true })
    }
  })
  for (const dir of samples) {
    await using _lock = await lockOf(dir, signal)
    expect(existsSync(join(dir, 'multi_user.c'))).toBe(false)
    writeFileSync(join(dir, '.lab-files'), 'multi_user.c\nbpf_helpers.h\n')
    writeFileSync(join(dir, 'multi_user.c'), 'half')
  }
  rig.write('own/multi_user.c', `${rig.read('own/multi_user.c')}/* another */\n`)
  const { status, stderr } = await rig.lab(['run', 'pair', '--kernel', 'v5.10'])
  expect(status, stderr).toBe(0)
})

test('libbpf with a skeleton, two sources, a flag, a directory and a variable', async () => {
  const { manifest, stdout } = await run('skeleton')
  // Its loader opens files too while it attaches.
  const [, opened] = /^(\d+) opened in \/data by a stranger\n$/.exec(stdout) ?? []
  expect(Number(opened)).toBeGreaterThanOrEqual(5)
  expect(manifest).toMatchObject({ verdict: 'passed', trace: { completeness: 'complete' } })
})

test('a script, and the file that it reads beside it', async () => {
  const { manifest, stdout } = await run('script')
  expect(manifest.verdict).toBe('passed')
  expect(stdout).toMatch(/^\/run\/lab\/bundle-[0-9a-f]+\nvoid said\(/)
})

test('a script whose interpreter the image does not have: which one it is', async () => {
  const { status, stdout } = await rig.lab(['run', 'interpreted', '--kernel', 'v5.10'])
  expect(status, stdout).toBe(1)
  expect(stdout).toContain('the guest does not have /usr/bin/none-such, which its first line names')
})

test('no probe, and no program of the lab: events alone', async () => {
  const { manifest } = await run('bare')
  expect(manifest).toMatchObject({ verdict: 'passed', arm: { name: '' } })
  expect(manifest.trace.events).toBeGreaterThan(0)
})

test('a bpftrace script: in an image that has bpftrace, and told where it has not', async () => {
  rig.write('reads.bt', 'kprobe:vfs_read /comm == "dd"/ { @[comm] = count(); }\n')
  rig.edit('lab.yaml', '\nprobes:\n', `${TRACED}\nprobes:\n  reads: { bpftrace: reads.bt }\n`)
  const images = '\nimages:\n'
  rig.edit('lab.yaml', images, `${images}  traced: { recipe: lab:minimal }\n`)
  rig.write('lab.yaml', rig.read('lab.yaml') + SCRIPT)
  const without = await rig.lab(['run', 'scripted', '--kernel', 'v5.10'])
  expect(without.status).toBe(2)
  expect(without.stderr).toContain('probe reads needs bpftrace, and the image does not have it')
  rig.edit('lab.yaml', '{ recipe: lab:minimal }', '{ recipe: lab:minimal, packages: [bpftrace], size: 2G }')
  const { manifest, dir } = await run('scripted')
  expect(manifest.verdict).toBe('passed')
  const [, calls] = /^@\[dd\]: (\d+)$/m.exec(readFileSync(join(dir, 'probe-reads.bt.out'), 'utf8')) ?? []
  expect(manifest.metrics).toEqual({ calls: Number(calls) })
  // The lab runs the script itself: it is no stranger in the guest.
  expect((manifest.remarks ?? []).filter((remark) => remark.includes('was there before'))).toEqual([])
  expect((await rig.lab(['verify', dir])).status).toBe(0)
  const hooks = await rig.lab(['check', '--probes', '--kernel', 'v5.10'])
  expect(hooks.stdout).toMatch(/^kprobe\/vfs_read +ok +.*reads/m)
})

test('a bpftrace script with a mistake: its own words', async () => {
  rig.write('reads.bt', 'kprobe:vfs_read { @[comm = count(); }\n')
  const { status, stderr } = await rig.lab(['run', 'scripted', '--kernel', 'v5.10'])
  expect(status).toBe(2)
  expect(stderr).toContain('script reads.bt: bpftrace ended with status 1 before the workload was started')
  expect(stderr).toContain('syntax error')
})

test('a bpftrace script that holds its programs and cannot attach them is no run that passed', async () => {
  rig.write('reads.bt', 'kprobe:no_such_function_here { @[comm] = count(); }\n')
  const { status, stderr } = await rig.lab(['run', 'scripted', '--kernel', 'v5.10'])
  expect(status).toBe(2)
  // Before the workload or while it runs: that depends on who is faster.
  expect(stderr).toMatch(/script reads\.bt: bpftrace ended with status \d+ (?:before|while|when)/)
  expect(stderr).toContain('Error attaching probe: kprobe:no_such_function_here')
})

test('functions and USDT probes of the workload by its name; what it does not have is refused before it runs', async () => {
  const hooks = (await rig.answer(['run', 'hooks', '--kernel', 'v5.10'])) as { manifest: Manifest }[]
  expect(hooks.map(({ manifest }) => manifest.verdict)).toEqual(['passed', 'passed', 'passed'])
  const missing = await rig.lab(['run', 'missing', '--kernel', 'v5.10'])
  expect(missing.status).toBe(2)
  expect(missing.stderr).toContain('the workload hooks has no function anwser')
  expect(missing.stderr).toContain('did you mean answer?')
  const stranger = await rig.lab(['run', 'stranger', '--kernel', 'v5.10'])
  expect(stranger.status).toBe(2)
  expect(stranger.stderr).toContain('/bin/cat is not in the guest, or has no function main that can be found by name')
})
