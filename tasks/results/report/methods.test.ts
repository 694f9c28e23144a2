import { expect, test } from 'vitest'
import type { Manifest } from '../manifest.ts'
import { MANIFEST } from '../run.fixture.ts'
import { environmentHtml } from './environment.ts'
import { methodsText } from './methods.ts'

const run = (over: Readonly<Record<string, unknown>> = {}) =>
  ({
    run: 'r1',
    started: '2026-01-01T00:00:00.000Z',
    expectations: [],
    experiment: 'readiter',
    arm: { name: 'bytes=16', params: { bytes: 16 } },
    verdict: 'passed',
    kernel: { release: '5.10.223', source: 'linux-source-5.10 5.10.223-1', fingerprint: 'f'.repeat(64) },
    image: { fingerprint: 'a'.repeat(64) },
    guest: { accel: { accel: 'tcg' }, qemu: ['qemu-system-x86_64', '-smp', '2', '-m', '1024M'] },
    host: { cpu: 'a CPU', kernel: '6.1', tools: { 'qemu-system-x86_64': 'QEMU emulator version 7.2.22 (Debian)' } },
    workload: { argv: ['/run/lab/bundle-1/readfile', '/data/f'] },
    trace: { bufferBytes: 8 * 2 ** 20, clock: 'mono', completeness: 'complete' },
    ...over,
  }) as unknown as Manifest

test('a paragraph says kernel, machine, recorder and outcome', () => {
  const expectations = [{ ok: true, lines: ['3 reads'] }]
  const text = methodsText([run({ expectations }), run({ expectations, verdict: 'failed' })])
  expect(text).toContain(
    '`readfile /data/f` ran on Linux 5.10.223 (linux-source-5.10 5.10.223-1), in QEMU 7.2.22 under software',
  )
  expect(text).toContain('with 2 CPUs and 1024M of memory')
  expect(text).toContain('ring buffers of 8 MiB with the clock `mono`')
  expect(text).toContain('Of 2 runs, 1 met every declared expectation, 1 did not, and 0 could not be shown')
  expect(text).not.toContain('counted in instructions')
})

test('a deterministic run is said to be one', () => {
  const guest = { accel: { accel: 'tcg' }, deterministic: true, qemu: ['-smp', '1', '-m', '1024M'] }
  expect(methodsText([run({ guest })])).toContain('with time counted in instructions and without network')
})

const plan = (over: object = {}) => ({
  id: 'p',
  index: 0,
  warmup: false,
  attempt: 1,
  order: 'interleaved',
  seed: 5,
  start: 'shared',
  parallel: 1,
  ...over,
})
const arm = (bytes: number) => ({ arm: { name: `bytes=${bytes}`, params: { bytes } } })

test('only what was shuffled is said to be, and each plan says its own', () => {
  const text = methodsText([
    run({ ...arm(16), plan: plan() }),
    run({ ...arm(64), plan: plan({ order: 'shuffled', start: 'shared', id: 'q' }) }),
  ])
  expect(text).toContain(
    'Runs were made in the order "interleaved" of their arms, one VM at a time; the runs shared a VM.',
  )
  expect(text).toContain('Runs were made in a shuffled order (seed 5), one VM at a time; the runs shared a VM.')
  const one = methodsText([run({ plan: plan({ order: 'shuffled', parallel: 2 }) })])
  expect(one).toContain('Runs were made one after the other, 2 VMs at a time')
  expect(one).not.toContain('shuffled')
})

test('warm-ups and repeated attempts are said, and not counted', () => {
  const text = methodsText([
    run({ plan: plan({ warmup: true }) }),
    run({ plan: plan({ index: 1 }), verdict: 'failed' }),
    run({ plan: plan({ index: 1, attempt: 2 }) }),
  ])
  expect(text).toContain('1 warm-up run came first and is not counted.')
  expect(text).toContain('1 attempt that did not pass was repeated and is not counted.')
  expect(text).toContain('Of 1 run, 1 passed (no expectation was declared), 0 did not')
  expect(text).not.toContain('met every declared expectation')
})

const LAB = `lab: small
kernels: { v5.10: { source: { package: linux-source-5.10, suite: bullseye, version: '1', sha256: ${'a'.repeat(64)} } } }
images: { minimal: { recipe: image } }
vms:
  default:
    kernel: v5.10
    image: minimal
    disks: { data: { fs: ext4, size: 64M, mount: /data } }
probes: { p: { source: p.bpf.c } }
experiments:
  readiter:
    probes: [p]
    workload: { run: readfile /data/f }
    before: [drop-caches, { sysctl: { vm.swappiness: 10 } }, { remount: /data }, { pin: [0, 1] }, { run: sync }]
    expect: [{ hits: { prog: ">=1" } }]
`

const OWN = LAB.replace('    probes: [p]\n', '')
  .replace('{ run: readfile /data/f }', "{ source: [readfile.c, own.bpf.c], run: 'readfile ${bytes}' }")
  .replace('[{ hits: { prog: ">=1" } }]', '[]\n    params: { bytes: [1, 2, 3, 4, 16, 64] }')

test('probes, disks and what was done before each run are named, as the lab file has them', () => {
  const text = methodsText([run({ lab: { text: LAB }, plan: plan({ start: 'warm' }) })])
  expect(text).toContain('Probes: `p`.')
  expect(text).toContain('Data disks: ext4 of 64M at `/data`.')
  expect(text).toContain('each run started from the snapshot of a VM that had booted')
  expect(text).toContain(
    'Before each run, the page cache, dentries and inodes were dropped, `vm.swappiness` was set to 10, `/data` was unmounted and mounted again, the workload was pinned to CPU 0 and 1 and the command `sync` ran in the guest.',
  )
  expect(text).toContain('met every declared expectation')
})

test('a paper says what the probes hook, what each number is, and that times are emulated', () => {
  const metrics =
    "    metrics: { calls: { message: 'called (\\d+) times', unit: calls }, took: { stdout: '(\\d+) ns' } }\n"
  const ended = {
    experiment: 'readiter',
    verdict: 'passed',
    completeness: 'complete',
    probes: [{ section: 'kprobe/vfs_read' }, { section: 'kretprobe/vfs_read' }],
  }
  const text = methodsText([run({ lab: { text: LAB + metrics }, writtenBy: 'lab 0.1.0' })], [ended, ended])
  expect(text).toContain('Their BPF programs were attached to `kprobe/vfs_read` and `kretprobe/vfs_read`.')
  expect(text).toContain('`calls` is the number in the trace message `called (\\d+) times` (in calls); `took` is')
  expect(text).toContain('emulated in software')
  expect(text).toContain('Runs were made with lab 0.1.0.')
  const kvm = { accel: { accel: 'kvm' }, qemu: ['-smp', '2', '-m', '1024M'] }
  expect(methodsText([run({ guest: kvm })])).not.toContain('emulated')
  expect(methodsText([run()])).toContain('All times are those of a machine that was emulated')
  const both = methodsText([run(), run({ guest: kvm })])
  expect(both).toContain('Times of runs under TCG are those of a machine that was emulated')
})

test('a command with backticks stays one piece of code, in a pack and on the page', () => {
  const manifest = { ...MANIFEST, workload: { ...MANIFEST.workload, argv: ['sh', '-c', 'echo `date`'] } }
  expect(methodsText([manifest])).toContain('The workload `` sh -c echo `date` `` ran on')
  expect(environmentHtml([manifest], [], 'x').text).toContain('The workload <code>sh -c echo `date`</code> ran on')
})

test('the workload of several arms is that of all of them', () => {
  const of = (bytes: number) =>
    run({ ...arm(bytes), lab: { text: OWN }, workload: { argv: ['/run/lab/bundle-1/readfile', String(bytes)] } })
  expect(methodsText([of(16), of(64)])).toContain('The workloads `readfile 16` and `readfile 64` ran on')
  expect(methodsText([1, 2, 3, 4].map(of))).toContain(
    'The workload `readfile ${bytes}`, with the values of each arm, ran on',
  )
})

test('programs that the workload brings are not denied', () => {
  const text = methodsText([run({ lab: { text: OWN } })])
  expect(text).toContain('The lab attached no probe. The workload brings BPF programs of its own (`own.bpf.c`).')
  expect(methodsText([run()])).toContain('The lab attached no probe.\nEvents were recorded')
})

test('runs of two definitions are not one paragraph: the newest is reported, and what was left out', () => {
  const image = { name: 'minimal', fingerprint: 'b'.repeat(64) }
  const text = methodsText([run({ image: { ...image, fingerprint: 'c'.repeat(64) } }), run({ image, run: 'r2' })])
  expect(text).toContain('Of 1 run, 1 passed')
  expect(text).toMatch(/1 run of readiter \(.*\) is left out, because this differs: image minimal\./)
})
