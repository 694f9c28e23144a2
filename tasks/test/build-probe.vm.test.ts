/**
 * How probes are compiled: against the kernel that was built, by commands that can be read. A kernel is built; no VM
 * boots.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sectionsOf } from '../linux/objects/elf.ts'
import type { Explained } from '../build/probe/explain.ts'
import { Rig } from './rig.ts'

const rig = new Rig()
afterAll(() => rig.remove())

const explained = async (probe: string) =>
  (await rig.answer(['build', 'probe', probe, '--explain'])) as {
    dir: string
    commands: string[][]
    includes: Explained[]
  }

/** Version code of a release: 5.10.223 is 0x050adf. A patch level above 255 counts as 255. */
const codeOf = (release: string) => {
  const [major = 0, minor = 0, patch = 0] = release.split('.').map((part) => Number.parseInt(part, 10))
  return major * 65_536 + minor * 256 + Math.min(patch, 255)
}

test('R-0601-1, R-0202-2: headers are those that the kernel build exported, whatever the host has', async () => {
  rig.edit('bpf/readiter.bpf.c', 'char LICENSE', '__u32 built_for SEC("version") = LINUX_VERSION_CODE;\n\nchar LICENSE')
  const [{ path }] = (await rig.answer(['build', 'probe', 'readiter'])) as [{ path: string }]
  const { includes } = await explained('readiter')
  const uapi = includes.filter(({ spelled }) => /^<(linux|asm|asm-generic)\//.test(spelled))
  expect(uapi.length).toBeGreaterThan(5)
  expect(new Set(uapi.map(({ what }) => what))).toEqual(new Set([expect.stringMatching(/^kernel v/)]))

  const headers = dirname(dirname(uapi.find(({ spelled }) => spelled === '<linux/version.h>')?.file ?? ''))
  const kernel = dirname(headers)
  expect(existsSync(join(headers, 'asm/ptrace.h'))).toBe(true)
  const release = readFileSync(join(kernel, 'release'), 'utf8').trim()
  const version = sectionsOf(readFileSync(path)).find(({ name }) => name === 'version')
  expect(version?.bytes.readUInt32LE(0)).toBe(codeOf(release))
})

test('R-1401-1: an include from anywhere else is refused, by --explain and when it is compiled', async () => {
  rig.write('outside.h', '#define FROM_OUTSIDE 1\n')
  rig.edit('bpf/readiter.bpf.c', '#include "lab.bpf.h"', '#include "lab.bpf.h"\n#include "../outside.h"')
  for (const args of [['--explain'], []]) {
    const { status, stderr } = await rig.lab(['build', 'probe', 'readiter', ...args])
    expect(status).toBe(2)
    expect(stderr).toContain('outside.h')
    expect(stderr).toContain('put the header beside the probe')
  }
  // A header of the host's kernel or C library is not even found.
  rig.edit('bpf/readiter.bpf.c', '#include "../outside.h"', '#include <sys/sysinfo.h>')
  const { status, stderr } = await rig.lab(['build', 'probe', 'readiter'])
  expect(status).toBe(2)
  expect(stderr).toContain("'sys/sysinfo.h' file not found")
})

test('R-0202-1, R-1401-1, R-2501-2, R-2701-2: a sample has the flags, headers and libbpf of its own tree', async () => {
  rig.edit('lab.yaml', '\nprobes:\n', '\nprobes:\n  skb: { sample: tracex1 }\n')
  const { dir, commands, includes } = await explained('skb')
  const compiled = (file: string) =>
    commands.find((argv) => argv.includes('-c') && argv.includes(`samples/bpf/${file}`)) ?? []
  expect(compiled('tracex1_user.c')).toContain('-DHAVE_ATTR_TEST=0')
  // The order of the log's command line (its libbpf directory went into tools/lib in 5.6).
  const own = compiled('tracex1_user.c')
    .filter((word) => word.startsWith('-I'))
    .map((word) => word.replace(/\/$/, ''))
  expect(own.filter((word) => word !== '-I./tools/lib/bpf')).toEqual([
    '-I./usr/include',
    '-I./tools/testing/selftests/bpf',
    '-I./tools/lib',
    '-I./tools/include',
    '-I./tools/perf',
  ])
  // clang knows no asm goto with outputs of these headers; the tree has a header against that, and the tree's rules ask
  // for it.
  const kern = compiled('tracex1_kern.c')
  expect(kern[kern.indexOf('asm_goto_workaround.h') - 1]).toBe('-include')
  const linked = commands.find((argv) => !argv.includes('-c')) ?? []
  expect(linked.some((word) => word.startsWith(dir) && word.endsWith('tools/lib/bpf/libbpf.a'))).toBe(true)

  const helpers = includes.filter(({ spelled }) => /bpf_helpers\.h/.test(spelled))
  expect(helpers.length).toBeGreaterThan(0)
  for (const { file } of helpers) expect(file.startsWith(`${dir}/tools/`)).toBe(true)
  expect(includes.filter(({ what }) => what === '')).toEqual([])
})

test.each([
  [['build', 'kernel', 'v5.10', '--explain'], '--explain needs the name of one probe'],
  [['build', 'probe', '--explain'], '--explain needs the name of one probe'],
  [['build', 'image', 'minimal', '--source', '.'], '--source needs the name of one kernel, or of one probe for it'],
  [['build', 'probe', 'readitter', '--explain'], 'readiter'],
])('what cannot be asked: %j', async (args, said) => {
  const { status, stderr } = await rig.lab(args)
  expect(status).toBe(2)
  expect(stderr).toContain(said)
})

test('R-0202-1: -n prints commands and runs none', async () => {
  const { status, stdout } = await rig.lab(['build', 'probe', 'hellotrace', '-n'])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^cd .*\/bpf\nclang -target bpf .*-nostdinc .*hellotrace\.bpf\.c -o hellotrace\.bpf\.o$/m)
  expect(existsSync(join(rig.dir, 'bpf/hellotrace.bpf.o'))).toBe(false)
})
