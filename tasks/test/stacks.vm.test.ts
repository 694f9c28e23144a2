/** Stacks of programs whose stack is known: at random addresses, in libraries, with inlined functions. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
afterAll(() => lab.remove())

const source = join(TOOL_ROOT, 'tasks/test/programs/known-stack.c')
const FLAGS = ['-g', '-O1', '-fno-omit-frame-pointer', '-fno-optimize-sibling-calls']
const compile = (name: string, ...flags: string[]) =>
  execFileSync('gcc', [...FLAGS, ...flags, '-o', join(lab.dir, name)], { stdio: 'inherit' })
compile('libbetween.so', '-shared', '-fPIC', '-DLIBRARY', source)
compile('known', '-fPIE', '-pie', source, '-L', lab.dir, '-lbetween', '-Wl,-rpath,$ORIGIN')
execFileSync('strip', [join(lab.dir, 'libbetween.so')])

lab.write('bpf/workloads/known-stack.c', readFileSync(source, 'utf8'))
lab.write('bpf/typed-stacks.bpf.c', readFileSync(join(TOOL_ROOT, 'tasks/test/probes/typed-stacks.bpf.c'), 'utf8'))
lab.edit(
  'lab.yaml',
  'bpf/readiter.bpf.c }\n',
  'bpf/readiter.bpf.c }\n  typed-stacks: { source: bpf/typed-stacks.bpf.c }\n',
)
const experiment = (name: string, workload: string) => `
  ${name}:
    probes: [typed-stacks]
    workload: ${workload}
    maps: { target: "\${workload.pid}" }
    # Before 5.14 the kernel counts page faults in a kprobe as misses, and the walk ends with one.
    trace: { onLoss: warn }
`
lab.write(
  'lab.yaml',
  lab.read('lab.yaml') +
    experiment('pie', '{ program: known, files: [libbetween.so], run: known }') +
    experiment(
      'fixed',
      `{ source: bpf/workloads/known-stack.c, flags: [${FLAGS.join(', ')}, -DALONE], run: known-stack }`,
    ),
)

/** The program's half of each stack, outermost first. */
const HALF = 'main;outer;inlined_here (inlined);between;leaf'

describe.each([
  ['pie', 'known', 'at random addresses, with a stripped library'],
  ['fixed', 'known-stack', 'where it was linked'],
])('%s: a program', (name, comm, where) => {
  let run: { dir: string; manifest: Manifest }
  beforeAll(async () => {
    const outcomes = (await lab.answer(['run', name, '--repeat', '1'])) as (typeof run)[]
    if (outcomes[0] === undefined) throw new Error('no run')
    run = outcomes[0]
    expect(run.manifest).toMatchObject({ verdict: 'passed' })
  })

  test.each(['asked', 'counted'])(`${where}: %s has its stack by name`, async (map) => {
    const { stdout, status } = await lab.lab(['trace', run.dir, '--folded', '-', '--probe', map])
    expect(status).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(stdout.startsWith(`${comm};${HALF};`)).toBe(true)
    expect(stdout).toMatch(/;leaf;.*;__(?:x64|do)_sys_getppid 5\n$/)
  })

  test('typed events show functions in place of addresses', async () => {
    const { stdout } = await lab.lab(['trace', run.dir])
    expect(stdout).toContain('user_stack=[leaf <- between <- inlined_here (inlined) <- outer <- main]')
    expect(stdout).not.toMatch(/kernel_stack=\[\d/)
    expect((await lab.lab(['verify', run.dir])).status).toBe(0)
  })
})
