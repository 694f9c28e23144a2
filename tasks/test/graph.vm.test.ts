/** The call tree of a read on a real kernel. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
afterAll(() => lab.remove())

test('R-2601-1: the tree of the workload’s read, with durations, and what cannot be in it', async () => {
  lab.write(
    'lab.yaml',
    `${lab.read('lab.yaml')}
  tree:
    probes: [readiter]
    workload: { source: bpf/workloads/readfile.c, run: readfile /data/f --count 1 }
    trace: { function_graph: { functions: [no_such_function, ksys_read, __x64_sys_read], depth: 12 } }
`,
  )
  const [outcome] = (await lab.answer(['run', 'tree'])) as { manifest: Manifest }[]
  expect(outcome?.manifest).toMatchObject({ verdict: 'passed', trace: { completeness: 'complete', notUnderstood: 0 } })
  const { stdout } = await lab.lab(['trace', 'last', '--graph'])
  const lines = stdout.split('\n')
  // Each is inside the one before it.
  const depth = (name: string) =>
    lines.find((line) => new RegExp(` us \\| +${name}\\(\\)`).test(line))?.indexOf(name) ?? -1
  const path = ['ksys_read', 'vfs_read', 'ext4_file_read_iter', 'generic_file_read_iter'].map(depth)
  expect(path[0]).toBeGreaterThan(0)
  expect(path).toEqual(path.toSorted((a, b) => a - b))
  expect(new Set(path).size).toBe(path.length)
  expect(lines.filter((line) => /^ +\d+\.\d{3} us \|/.test(line)).length).toBeGreaterThan(20)
  // The probes see what ftrace does not: their messages are in the tree, their functions are not.
  expect(stdout).toMatch(/\/\* copyout to 0x[0-9a-f]+ from 0x[0-9a-f]+ len 16 \*\//)
  expect(stdout).not.toMatch(/us \| +copyout/)
  expect(stdout).not.toMatch(/us \| +k(ret)?probe_/)
  expect(stdout).toMatch(/^# Not in the tree, and called all the same \(a probe fired\): .*copyout_giulia/m)
  expect(stdout).toContain('lib/ functions cannot be in it')
})

test('a function that no kernel has is refused with the list to look in', async () => {
  lab.edit('lab.yaml', '[no_such_function, ksys_read, __x64_sys_read]', '[no_such_function]')
  const { status, stderr } = await lab.lab(['run', 'tree'])
  expect(status).toBe(69)
  expect(stderr).toContain('set_graph_function (no_such_function)')
  expect(stderr).toContain('available_filter_functions')
})

test('R-0502-5: --strace keeps the calls of loader and workload apart', async () => {
  const [outcome] = (await lab.answer(['run', 'readiter', '--repeat', '1', '--strace'])) as {
    dir: string
    manifest: Manifest
  }[]
  expect(outcome?.manifest.verdict).toBe('passed')
  const text = (name: string) => readFileSync(join(outcome?.dir ?? '', name), 'utf8')
  expect(text('strace.workload').match(/read(\(3, | resumed>)"1 2 3 4 5 6 7 8 ", 16\) = 16/g)?.length).toBe(3)
  expect(text('strace.holder')).toMatch(/write\(\d+, "p:lab_\d+\/copyout copyout_giulia\\n"/)
  expect(text('strace.holder')).toContain('bpf(BPF_PROG_LOAD')
  expect(text('strace.workload')).not.toContain('bpf(')
})
