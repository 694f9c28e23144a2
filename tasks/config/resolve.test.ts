import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { EXAMPLE, HOST, changed, labDirectory, open } from './lab.fixture.ts'
import { named, openLab } from './open.ts'
import { labFor } from './derived.ts'

function resolved(text = EXAMPLE) {
  const directory = labDirectory(text)
  const { lab } = openLab({ cwd: directory, toolRoot: directory, host: HOST })
  return { lab, at: (file: string) => path.join(directory, file) }
}

/** A lab that leaves out all that can be left out. */
const SHORT = `lab: short
kernels: { k: { source: { tree: linux } } }
images: { i: { recipe: lab:minimal } }
vms: { v: { kernel: k, image: i } }
probes: { p: { source: lab:readiter } }
experiments: { e: { probes: [p], workload: { run: "true" } } }
`

/** What a workload has that declares nothing of it. */
const WORKLOAD = { sources: [], flags: [], libraries: [], files: [], env: {}, hidesTracePipe: false }

test('the example, whole', () => {
  const { lab, at } = resolved()
  const config = [at('kernel/config/guest.config'), at('kernel/config/tracing.config')]
  const options = { KPROBE_EVENTS_ON_NOTRACE: 'y', NR_CPUS: 8 }
  const parallelPaths = [
    { suffix: 'giulia', entry: 'generic_file_buffered_read', functions: ['copy_page_to_iter', 'copyout'] },
  ]
  const same = { config, options, patches: [], parallelPaths, compat: 'auto', debug: 'none', expose: [] }
  expect(lab).toEqual({
    name: 'copyout',
    file: at('lab.yaml'),
    directory: path.dirname(at('lab.yaml')),
    text: EXAMPLE,
    kernels: {
      'v5.4': {
        ...same,
        name: 'v5.4',
        source: {
          url: 'https://cdn.kernel.org/pub/linux/kernel/v5.x/linux-5.4.tar.xz',
          sha256: 'bf338980b1670bca287f9994b7441c2361907635879169c64ae78364efc5f491',
        },
      },
      'v5.10': {
        ...same,
        name: 'v5.10',
        source: {
          package: 'linux-source-5.10',
          suite: 'bullseye',
          version: '5.10.223-1',
          sha256: 'f733d27d239d65598d96d7a72f71ac50f49f2380192a1b3b4ca2f5ad5144dd63',
        },
      },
    },
    images: { minimal: { name: 'minimal', recipe: at('vm-images/minimal') } },
    vms: {
      default: {
        name: 'default',
        kernel: { use: 'v5.4', fallback: ['v5.10'] },
        image: 'minimal',
        cpus: 2,
        memory: 2 ** 30,
        accel: 'auto',
        deterministic: false,
        disks: [{ name: 'data', fs: 'ext4', size: 64 * 2 ** 20, mount: '/data', files: { f: '1 2 3\n' } }],
      },
    },
    probes: { readiter: { name: 'readiter', source: at('bpf/readiter.bpf.c'), optional: [] } },
    experiments: {
      readiter: {
        name: 'readiter',
        about: 'Follow one read() of 16 bytes from ext4 down to copyout.',
        vm: 'default',
        options: {},
        probes: ['readiter'],
        workload: {
          ...WORKLOAD,
          sources: [at('bpf/workloads/readfile.c')],
          run: 'readfile /data/f --bytes ${bytes} --count ${count}',
        },
        params: { bytes: [16], count: [3] },
        matrix: {},
        observer: false,
        include: [],
        exclude: [],
        order: 'interleaved',
        warmup: 0,
        retries: 0,
        before: [],
        start: 'shared',
        parallel: 1,
        metrics: {},
        repeat: 5,
        timeout: 60_000,
        trace: { clock: 'mono', buffer: 8 * 2 ** 20, events: [], overwrite: true, onLoss: 'fail' },
        maps: {},
        collect: ['trace', 'stdout', 'dmesg', 'maps', 'kallsyms'],
        allow: [],
        expect: [
          {
            order: ['ext4 file read', '/copyout to 0x[0-9a-f]+ len ${bytes}/'],
            per: 'read',
            of: 'workload',
            times: '${count}',
          },
        ],
        published: [],
      },
    },
  })
})

describe('extends', () => {
  const child = (keys: string) =>
    resolved(changed(['    extends: v5.4\n', `    extends: v5.4\n${keys}`])).lab.kernels['v5.10']

  test('options are merged key by key, the child wins', () => {
    expect(child('    options: { NR_CPUS: 4, DEBUG_INFO: y }\n')?.options).toEqual({
      KPROBE_EVENTS_ON_NOTRACE: 'y',
      NR_CPUS: 4,
      DEBUG_INFO: 'y',
    })
  })

  test('other keys are replaced whole', () => {
    const kernel = child(
      '    config: [kernel/config/guest.config]\n    compat: none\n    parallelPath: { suffix: x, entry: a, functions: [b] }\n    expose: [{ function: f, as: [noinline] }]\n',
    )
    expect(kernel?.config.map((file) => path.basename(file))).toEqual(['guest.config'])
    expect(kernel?.compat).toBe('none')
    expect(kernel?.parallelPaths).toEqual([{ suffix: 'x', entry: 'a', functions: ['b'] }])
    expect(kernel?.expose).toEqual([{ function: 'f', as: ['noinline'] }])
    expect(kernel?.source).toHaveProperty('package', 'linux-source-5.10')
  })

  test('through several parents, and the parents stay as they are', () => {
    const { lab } = resolved(
      changed(['images:\n', '  grandchild:\n    extends: v5.10\n    options: { NR_CPUS: 2 }\nimages:\n']),
    )
    expect(lab.kernels['grandchild']).toMatchObject({
      source: { package: 'linux-source-5.10' },
      options: { KPROBE_EVENTS_ON_NOTRACE: 'y', NR_CPUS: 2 },
      parallelPaths: [{ suffix: 'giulia' }],
    })
    expect(lab.kernels['v5.4']?.options).toEqual({ KPROBE_EVENTS_ON_NOTRACE: 'y', NR_CPUS: 8 })
  })
})

test('what is left out is filled in', async () => {
  const { mkdirSync, writeFileSync } = await import('node:fs')
  const directory = labDirectory(SHORT)
  mkdirSync(path.join(directory, 'linux'))
  writeFileSync(path.join(directory, 'linux/Kbuild'), '')
  const { lab, warnings } = openLab({ cwd: directory, toolRoot: directory, host: HOST })
  expect(warnings).toEqual([])
  expect(lab.kernels['k']).toEqual({
    name: 'k',
    source: { tree: path.join(directory, 'linux') },
    config: [],
    options: {},
    patches: [],
    parallelPaths: [],
    compat: 'auto',
    debug: 'none',
    expose: [],
  })
  expect(lab.images['i']?.recipe).toBe(path.join(directory, 'vm-images/minimal'))
  expect(lab.vms['v']).toEqual({
    name: 'v',
    kernel: { use: 'k', fallback: [] },
    image: 'i',
    cpus: 2,
    memory: 2 ** 30,
    accel: 'auto',
    deterministic: false,
    disks: [],
  })
  expect(lab.experiments['e']).toEqual({
    name: 'e',
    vm: 'v',
    options: {},
    probes: ['p'],
    workload: { ...WORKLOAD, run: 'true' },
    params: {},
    matrix: {},
    observer: false,
    include: [],
    exclude: [],
    order: 'interleaved',
    warmup: 0,
    retries: 0,
    before: [],
    start: 'shared',
    parallel: 1,
    metrics: {},
    repeat: 1,
    timeout: 60_000,
    trace: { clock: 'mono', buffer: 8 * 2 ** 20, events: [], overwrite: true, onLoss: 'fail' },
    maps: {},
    collect: ['trace', 'stdout', 'dmesg', 'maps', 'kallsyms'],
    allow: [],
    expect: [],
    published: [],
  })
})

test('sizes, times and mount points in plain form', () => {
  const { lab } = resolved(
    changed(
      ['memory: 1G', 'memory: 512M'],
      ['mount: /data,', 'mount: /data/,'],
      [
        'repeat: 5',
        'timeout: 2m\n    trace: { clock: boot, buffer: 512K, events: ["sched:*"], overwrite: no, onLoss: retry }',
      ],
    ),
  )
  expect(lab.vms['default']).toMatchObject({ memory: 512 * 2 ** 20, disks: [{ mount: '/data' }] })
  expect(lab.experiments['readiter']).toMatchObject({
    timeout: 120_000,
    trace: { clock: 'boot', buffer: 512 * 2 ** 10, events: ['sched:*'], overwrite: false, onLoss: 'retry' },
  })
})

test('names that every object has are not found by accident', () => {
  const { lab } = resolved()
  expect(lab.vms['constructor']).toBeUndefined()
  expect(named(lab.vms, 'vm', 'default').name).toBe('default')
  for (const [name, wayOut] of [
    ['defualt', 'did you mean "default"?'],
    ['toString', 'vms: default'],
  ] as const) {
    try {
      named(lab.vms, 'vm', name)
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ kind: 'user', parts: { fact: `there is no vm "${name}" in this lab`, wayOut } })
    }
  }
})

test("an experiment's own kernel options come on top of those of every kernel, for that experiment only", () => {
  const { lab } = resolved(changed(['repeat: 5', 'repeat: 5\n    options: { NR_CPUS: 4, BUG: n }\n    skip: too slow']))
  const [experiment] = Object.values(lab.experiments)
  if (experiment === undefined) throw new Error('the example has no experiment')
  expect(experiment).toMatchObject({ options: { NR_CPUS: 4, BUG: 'n' }, skip: 'too slow' })
  const options = { KPROBE_EVENTS_ON_NOTRACE: 'y', NR_CPUS: 4, BUG: 'n' }
  expect(labFor(lab, experiment).kernels['v5.4']).toEqual({ ...lab.kernels['v5.4'], options })
  expect(lab.kernels['v5.4']?.options).toEqual({ KPROBE_EVENTS_ON_NOTRACE: 'y', NR_CPUS: 8 })
  expect(labFor(lab, { options: {}, vm: 'default' })).toBe(lab)
})

test('a probe is a source of the lab or a sample of the kernel tree', () => {
  const { lab, at } = resolved(changed(['probes:\n', 'probes:\n  theirs: { sample: tracex1 }\n']))
  expect(lab.probes['theirs']).toEqual({ name: 'theirs', sample: 'tracex1' })
  expect(lab.probes['readiter']).toMatchObject({ source: at('bpf/readiter.bpf.c') })
})

test('disks are mounted the outer one first, those of one depth in the order of the file', () => {
  const disks =
    'a: { fs: ext4, size: 1M, mount: /data/sub/deep }\n      b: { fs: ext4, size: 1M, mount: /data/sub }\n      c: { fs: ext4, size: 1M, mount: /x/ }\n      data:'
  const { lab } = open(changed(['      data:', `      ${disks}`]))
  expect(lab.vms['default']?.disks.map(({ mount }) => mount)).toEqual(['/data', '/data/sub', '/x', '/data/sub/deep'])
})
