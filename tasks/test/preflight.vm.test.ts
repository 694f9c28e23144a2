/**
 * What is said of symbols before a boot against what the booted kernel says and does, and runs that are refused before
 * they boot.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NOTRACE } from '../linux/symbols/words.ts'
import { Rig } from './rig.ts'
import { attempts, chosen, symbolsOf, type Listed } from './symbols-kit.ts'

/** Another kernel than the VM's, by hand: LAB_TEST_KERNEL=NAME, and LAB_TEST_SOURCE=DIR for a tree of one's own. */
const { LAB_TEST_KERNEL, LAB_TEST_SOURCE } = process.env
const SOURCE = LAB_TEST_SOURCE === undefined ? [] : ['--source', LAB_TEST_SOURCE]
const OTHER = LAB_TEST_KERNEL === undefined ? [] : ['--kernel', LAB_TEST_KERNEL, ...SOURCE]

const rig = new Rig()
let kernel = ''
const symbols = (pattern: string, ...flags: string[]) => symbolsOf(rig, kernel, [pattern], [...SOURCE, ...flags])

beforeAll(async () => {
  const { kernel: up } = (await rig.answer(['up', ...OTHER])) as { kernel: { name: string } }
  kernel = up.name
})
afterAll(async () => {
  await rig.lab(['down'])
  rig.remove()
})

describe('R-0502-3, R-1901-2: before the boot and after it', () => {
  let before = new Map<string, Listed>()
  beforeAll(async () => {
    before = await symbols('*')
  })

  test('500 symbols of all categories have the same verdict from vmlinux as from the lists of the running kernel', async () => {
    const after = await symbols('*', '--booted')
    const some = chosen(before, 500)
    expect(some).toHaveLength(500)
    expect(new Set(some.map(({ kind }) => kind)).size).toBeGreaterThan(3)
    // No list of the kernel tells what it rewrites; the attempts of the next test do.
    const wrong = some.filter(({ name, kind }) => kind !== 'rewritten' && after.get(name)?.kind !== kind)
    expect(wrong.map((one) => [one.name, one.kind, after.get(one.name)?.kind])).toEqual([])
  })

  test('the kernel takes and refuses kprobe events on the same 500 as predicted', async () => {
    const some = chosen(before, 500)
    const taken = await attempts(
      rig,
      some.map(({ name }) => name),
    )
    expect(taken).toHaveLength(500)
    const wrong = some.filter(({ attachable }, index) => attachable !== taken[index])
    expect(wrong.map(({ name, kind }) => [name, kind])).toEqual([])
    expect(new Set(taken)).toEqual(new Set([true, false]))
  })

  test('every trace event of vmlinux is one of the running kernel, and no other', async () => {
    const names = async (...flags: string[]) => [...(await symbols('*:*', ...flags)).keys()].toSorted()
    const own = await names()
    expect(own.length).toBeGreaterThan(500)
    expect(own).toEqual(await names('--booted'))
  })
})

test('R-0502-3 a hook that the kernel will refuse is refused before a boot, in the words of a refused attach', async () => {
  const one = new Rig()
  try {
    one.edit(
      'lab.yaml',
      '      - failure: attach\n        program: hello_copyout\n        message: /Could not probe notrace function (copyout|copy_to_user_iter)_giulia/',
      '      - hits: { hello_copyout: ">=1" }',
    )
    const { status, stderr } = await one.lab(['run', 'notrace'])
    expect(status).toBe(2)
    expect(stderr).toContain(`hello_copyout cannot be attached: ${NOTRACE.fact}`)
    expect(stderr).toContain('options: { KPROBE_EVENTS_ON_NOTRACE: y }')
    expect(stderr).toContain(NOTRACE.wayOut)
    expect(existsSync(join(one.dir, '.lab/vms')) ? readdirSync(join(one.dir, '.lab/vms')) : []).toEqual([])
    expect(existsSync(join(one.dir, 'results/notrace'))).toBe(false)
  } finally {
    one.remove()
  }
})

test('P1, P2: check --probes compiles, and takes the hooks from what the compiler made', async () => {
  const one = new Rig()
  const probe = (text: string) =>
    `#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n${text}\nchar LICENSE[] SEC("license") = "GPL";\n`
  const files = {
    commented: probe('SEC("kprobe/no_such_function") /* between */ int commented(void *c) { return 0; }'),
    macro: probe('#define ON(f) SEC("kprobe/" #f)\nON(no_such_function_either)\nint macro(void *c) { return 0; }'),
    unfinished: probe('SEC("kprobe/vfs_read") int unfinished(void *c) { return 0 }'),
    headless: probe('#include <linux/no_such_header.h>'),
    old: probe('struct bpf_map_def { int type; };\nstruct bpf_map_def SEC("maps") m = { 1 };'),
  }
  try {
    const names = Object.keys(files)
    for (const [name, text] of Object.entries(files)) one.write(`bpf/${name}.bpf.c`, text)
    one.edit('lab.yaml', 'probes:\n', `probes:\n${names.map((n) => `  ${n}: { source: bpf/${n}.bpf.c }\n`).join('')}`)
    const { status, stdout } = await one.lab(['check', '--probes', '--kernel', kernel, ...SOURCE])
    expect(status).toBe(2)
    expect(stdout).toMatch(/^kprobe\/no_such_function \(commented; bpf\/commented\.bpf\.c:3:1\)$/m)
    expect(stdout).toMatch(/^kprobe\/no_such_function_either \(macro; /m)
    expect(stdout).toMatch(/unfinished\.bpf\.c:3:\d+: error: .*does not compile/)
    expect(stdout).toMatch(/headless\.bpf\.c:3:\d+: error: .*'linux\/no_such_header\.h' file not found/)
    expect(stdout).toMatch(/old: error: .*SEC\("maps"\)/)
    expect(stdout).toMatch(/3 probes that will not load/)
  } finally {
    one.remove()
  }
})

test('R-0502-1 an object that says it is for another kernel: a warning, since this one does not look', async () => {
  const one = new Rig()
  try {
    one.edit('bpf/hellotrace.bpf.c', 'char LICENSE[]', '__u32 VERSION SEC("version") = 265984;\nchar LICENSE[]')
    const { status, stderr } = await one.lab(['run', 'hellotrace'])
    expect(stderr).toContain('the object says that it was built for 4.15.0')
    expect(status).toBe(0)
  } finally {
    one.remove()
  }
})
