import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ResolvedKernel } from '../../config/resolved.ts'
import type { Fix } from '../../linux/symbols/verdict.ts'
import { tempDir } from '../../test/temp-dir.ts'
import type { CheckedHook } from './check.ts'
import { waysOut } from './fixes.ts'
import { hooksText } from './text.ts'
import { SearchedTree } from './tree.ts'

const KERNEL: Pick<ResolvedKernel, 'name' | 'source' | 'expose' | 'parallelPaths'> = {
  name: 'v5.4',
  source: { tree: '/linux' },
  expose: [{ function: 'vfs_read', as: ['exported'] }],
  parallelPaths: [{ suffix: 'giulia', entry: 'filemap_read', functions: ['copyout'] }],
}

describe('lines that would make a hook attachable', () => {
  test.each<[string, Fix[], string]>([
    [
      'options of one verdict stand together',
      [
        { change: 'option', symbol: 'A', value: 'y' },
        { change: 'option', symbol: 'B', value: 'y' },
      ],
      'kernels:\n  v5.4:\n    options: { A: y, B: y }',
    ],
    [
      'a list holds what the kernel has already, since it replaces that',
      [{ change: 'expose', function: 'f', file: 'lib/f.c' }],
      [
        'kernels:',
        '  v5.4:',
        '    expose:',
        '      - { function: vfs_read, as: [exported] }',
        '      - { function: f, file: lib/f.c, as: [noinline] }',
      ].join('\n'),
    ],
    [
      'a clone has a suffix of its own, and the hook that goes with it',
      [{ change: 'clone', function: 'g', entry: 'copyout' }],
      [
        'kernels:',
        '  v5.4:',
        '    parallelPath:',
        '      - { suffix: giulia, entry: filemap_read, functions: [copyout] }',
        '      - { suffix: lab, entry: copyout, functions: [g] }',
        'and SEC("kprobe/g_lab")',
      ].join('\n'),
    ],
    [
      'options and types, which are needed together',
      [{ change: 'option', symbol: 'BPF_LSM', value: 'y' }, { change: 'btf' }],
      'kernels:\n  v5.4:\n    options: { BPF_LSM: y }\n    debug: btf',
    ],
    [
      'modules of the experiment',
      [{ change: 'modules', names: ['sch_ingress', 'cls_bpf'] }],
      'modules: [sch_ingress, cls_bpf]   # of the experiment',
    ],
    ['types of the kernel', [{ change: 'btf' }], 'kernels:\n  v5.4:\n    debug: btf'],
    ['a hook', [{ change: 'hook', text: 'SEC("kprobe/x")', note: 'its caller' }], 'SEC("kprobe/x")   (its caller)'],
  ])('%s', (_name, fixes, text) => {
    expect(waysOut(fixes, KERNEL).map((way) => way.join('\n'))).toEqual([text])
  })
})

test('a prebuilt kernel takes no change: the lines are those of a kernel that is built', () => {
  const source = { prebuilt: 'linux-image-6.1.0-50-cloud-amd64', version: '6.1.176-1', sha256: '' }
  const kernel = { name: 'debian-12', source, expose: [], parallelPaths: [] }
  const ways = waysOut([{ change: 'option', symbol: 'KPROBE_EVENTS_ON_NOTRACE', value: 'y' }], kernel)
  expect(ways).toEqual([
    [
      'needs a kernel that is built:',
      'kernels:',
      '  debian-12-built:',
      '    source: { package: linux-source-6.1, ... }   # `lab kernels add linux-source-6.1` writes it',
      '    config: [lab:base, lab:guest, lab:tracing]',
      '    options: { KPROBE_EVENTS_ON_NOTRACE: y }',
    ],
  ])
})

const HOOK: CheckedHook = {
  probe: 'p',
  program: 'f',
  place: 'bpf/p.bpf.c:3:1',
  hook: 'kprobe/copyout',
  kernel: 'v5.4',
  kind: 'inlined',
  attachable: false,
  fact: 'copyout was inlined',
  details: ['called by g (a.c:1)'],
  ways: [['SEC("kprobe/g")'], ['kernels:', '  v5.4: {}']],
  expected: false,
  used: true,
}

test('the table has a column for each kernel, and what is wrong stands below it once', () => {
  const text = hooksText({
    kernels: [
      { kernel: 'v5.4', state: 'built', note: undefined },
      { kernel: 'v5.10', state: 'built', note: undefined },
      { kernel: 'v6.1', state: 'nothing', note: 'not built, and its source is not here' },
    ],
    hooks: [
      HOOK,
      { ...HOOK, kernel: 'v5.10' },
      { ...HOOK, hook: 'kprobe/b', kernel: 'v5.10', kind: 'covered', attachable: true },
      { ...HOOK, hook: 'kprobe/b', kernel: 'v6.1', kind: 'not known', attachable: undefined },
    ],
    failed: [],
  })
  expect(text.split('\n')).toEqual([
    'HOOK            v5.4     v5.10    v6.1  PROBES',
    'kprobe/copyout  inlined  inlined  -     p',
    'kprobe/b        -        ok*      ?     p',
    '* notrace, but this kernel allows probing it anyway',
    'v6.1: not built, and its source is not here',
    'kprobe/copyout (p; bpf/p.bpf.c:3:1)',
    '  v5.4, v5.10: copyout was inlined',
    '    called by g (a.c:1)',
    '      SEC("kprobe/g")',
    '    or',
    '      kernels:',
    '        v5.4: {}',
  ])
})

test.each([
  ['xdp', '. uses no symbol of the kernel'],
  [
    'uprobe/${workload}:answer',
    '. uses no symbol of the kernel; what it names in the workload is looked for when the workload is built',
  ],
])('what a "." means for %s is below the table', (hook, legend) => {
  const kernels = [{ kernel: 'v5.4', state: 'built', note: undefined }] as const
  const other = { ...HOOK, hook, kind: 'not a symbol', attachable: undefined } as const
  expect(
    hooksText({ kernels, hooks: [other], failed: [] })
      .split('\n')
      .at(-1),
  ).toBe(legend)
})

test('a tree is searched as it was before the lab changed it, and what was found is kept with its source', async () => {
  const dir = join(tempDir(), 'src')
  mkdirSync(join(dir, 'lib'), { recursive: true })
  mkdirSync(join(dir, 'drivers'))
  mkdirSync(`${dir}.pristine/lib`, { recursive: true })
  writeFileSync(join(dir, 'lib/a.c'), 'int wanted_lab(void);\nint wanted;\n')
  writeFileSync(`${dir}.pristine/lib/a.c`, 'int wanted;\n')
  writeFileSync(join(dir, 'drivers/b.c'), 'wanted\n')
  const signal = new AbortController().signal
  const tree = new SearchedTree(dir, 'one', signal)
  expect(tree.read('lib/a.c')).toBe('int wanted;\n')
  expect(await tree.candidates('wanted')).toEqual(['lib/a.c'])
  expect(await tree.candidates('wanted', true)).toEqual(['lib/a.c', 'drivers/b.c'])
  writeFileSync(join(dir, 'lib/c.c'), 'wanted\n')
  expect(await new SearchedTree(dir, 'one', signal).candidates('wanted')).toEqual(['lib/a.c'])
  expect((await new SearchedTree(dir, 'two', signal).candidates('wanted')).toSorted()).toEqual(['lib/a.c', 'lib/c.c'])
})
