/**
 * A distribution's kernel: fetched, booted with its modules, probed; and what is said of it before the boot against the
 * kernel itself.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import type { Manifest } from '../results/manifest.ts'
import { NO_NETWORK, OFFLINE } from './namespace.ts'
import { Rig } from './rig.ts'
import { attempts, chosen, symbolsOf, type Listed } from './symbols-kit.ts'

/** Another one, by hand: lines of its source, for example those that `lab kernels add` writes. */
const SOURCE =
  process.env['LAB_TEST_PREBUILT'] ??
  [
    'prebuilt: linux-image-6.1.0-50-cloud-amd64',
    'version: 6.1.176-1',
    'sha256: efe19f605b6f54a8352e68d85a629abb2d30b72a085faef603a9152590baa791',
    'headers:',
    '  linux-headers-6.1.0-50-cloud-amd64: 9fdb34aac8cbd0519c78c2e69db5a4d02df1e82a797bfde0dbbe7a1da4379a92',
    '  linux-headers-6.1.0-50-common: 7f6f7bee50efbc36dc02c976be5982b96cf36abe544f03f09368e98cfcc5ac3b',
    '  linux-kbuild-6.1: 667d2e1e94047031c3bcefa4bb67c2520bbc3cc1cce0aa592e67b108dbbead03',
  ].join('\n')

/** The lines of a source in a lab file, below `source:`. */
const indented = (source: string) =>
  source
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n')

/** Of another series and release: what is said before a boot must not fit one kernel by chance. */
const SECOND = [
  'prebuilt: linux-image-6.12.117+deb13-cloud-amd64',
  'version: 6.12.117-1',
  'sha256: e9893e5295d0549b8852611f12a4b8b5f6cc4b8128dcc2086b9847793b904ab7',
].join('\n')

const labOf = (source: string) => `lab: prebuilt
kernels:
  debian:
    source:
${indented(source)}
  other:
    source:
${indented(SOURCE)}
images:
  minimal: { recipe: lab:minimal }
vms:
  default:
    kernel: debian
    image: minimal
    disks:
      data: { fs: ext4, size: 64M, mount: /data, files: { f: "hello\\n" } }
probes:
  nullblk: { source: nullblk.bpf.c }
  corefile: { source: lab:corefile }
  hellotrace: { source: lab:hellotrace }
experiments:
  corefile:
    probes: [corefile]
    workload: { source: lab:readinode, run: 'readinode /data/f' }
    expect:
      - order: ['/^read of f, inode \\d+, 6 bytes$/', '/^by process \\d+, child of \\d+$/']
        per: read
        of: workload
        times: 1
  both:
    probes: [corefile]
    matrix: { kernel: [debian, other] }
    workload: { source: lab:readinode, run: 'readinode /data/f' }
    expect:
      - order: ['/^read of f, inode \\d+, 6 bytes$/', '/^by process \\d+, child of \\d+$/']
        per: read
        of: workload
        times: 1
  hellotrace:
    probes: [hellotrace]
    workload: { source: lab:readinode, run: 'readinode /data/f' }
  nullblk:
    probes: [nullblk]
    modules:
      - { name: null_blk, params: { nr_devices: 1, queue_mode: 2 } }
      - source: counter.c
    workload: { run: dd if=/dev/nullb0 of=/dev/null bs=4096 count=3 iflag=direct }
    expect:
      - hits: { queued: '>= 3' }
  broken:
    modules: [{ source: broken.c }]
    workload: { run: 'true' }
`

/** On a function of a module, which the kernel itself does not have. */
const NULLBLK = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"
SEC("kprobe/null_queue_rq")
int queued(struct pt_regs *ctx)
{
	say("queued");
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
`

function writeModules(own: Rig): void {
  own.write('nullblk.bpf.c', NULLBLK)
  own.write('broken.c', '#include <linux/module.h>\nint taken(void)\n{\n return missing;\n}\nMODULE_LICENSE("GPL");\n')
  for (const name of ['counter.c', 'counter.h'])
    own.write(name, readFileSync(join(TOOL_ROOT, 'examples/module/modules', name), 'utf8'))
}

/** A line of `lab reproduce --json`. */
interface Event {
  readonly type: string
  readonly step?: string
  readonly outcome?: string
  readonly data?: {
    readonly findings: readonly { readonly what: string; readonly ok: boolean; readonly fact: string }[]
  }
}

const rig = new Rig(false)
beforeAll(async () => {
  rig.write('lab.yaml', labOf(SOURCE))
  writeModules(rig)
  await rig.answer(['up'])
})
afterAll(async () => {
  await rig.lab(['down'])
  rig.remove()
})

test('a CO-RE probe runs on it', async () => {
  const { status, stderr } = await rig.lab(['run', 'corefile'])
  expect(stderr.slice(-2000)).toContain('1 of 1 runs passed')
  expect(status).toBe(0)
})

test('a result of it stands up to verify', async () => {
  const [result] = (await rig.answer(['results', 'ls'])) as { run: string }[]
  const { status, stdout } = await rig.lab(['verify', result?.run ?? ''])
  expect(stdout).toContain('ok  kernel: was built from what was kept')
  expect(stdout).toContain('1 result, all as recorded')
  expect(status).toBe(0)
})

test('every kind of hook that needs types, LSM hooks or control groups, on 6.1 and on 6.12', async () => {
  const shipped = new Rig()
  onTestFinished(() => shipped.remove())
  const runs = (await shipped.answer(['run', 'hooks-btf'])) as { dir: string; manifest: Manifest }[]
  const named = runs.map(({ manifest }) => [manifest.kernel.name, manifest.arm.name, manifest.verdict])
  expect(named).toHaveLength(20)
  expect(named.filter(([, , verdict]) => verdict !== 'passed')).toEqual([])
  const texts = runs.map(({ dir }) => join(dir, 'iter-threads.out')).filter((file) => existsSync(file))
  expect(texts).toHaveLength(2)
  for (const file of texts) expect(readFileSync(file, 'utf8')).toContain('2 kthreadd\n')
})

test('an iterator whose text is too long to keep fails the run', async () => {
  const shipped = new Rig()
  onTestFinished(() => shipped.remove())
  shipped.write(
    'bpf/hooks/iter.bpf.c',
    `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
SEC("iter/ksym")
int symbols(struct bpf_iter__ksym *ctx)
{
	BPF_SEQ_PRINTF(ctx->meta->seq, "a line for each of the hundred thousand symbols that a kernel has\\n");
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
`,
  )
  const { status, stderr } = await shipped.lab(['run', 'hooks-btf', '--only', 'probe=iter,kernel=debian-12'])
  expect(stderr).toContain('the iterator symbols prints more than 4 MB')
  expect(status).toBe(1)
})

describe('a pack with all that a run was built from', () => {
  const pack = join(rig.dir, 'pack.tar.gz')
  beforeAll(async () => {
    const { inputs } = (await rig.answer(['export', 'last', '--with-inputs', '-o', pack])) as { inputs: string[] }
    const names = inputs.map((name) => name.replace(/^inputs\/[0-9a-f]{64}-/, ''))
    expect(names.some((name) => name.startsWith('linux-image-'))).toBe(true)
    expect(names).toContain('strace.deb')
    expect(names.length).toBeGreaterThan(80)
  })

  test('stands up to verify', async () => {
    const { status, stdout } = await rig.lab(['verify', pack])
    expect(stdout).toContain('1 result, all as recorded')
    expect(status).toBe(0)
  })

  test(
    'is run again from an empty cache without any network: kernel and image are the same, bit for bit',
    NO_NETWORK,
    () => {
      const elsewhere = new Rig(false)
      onTestFinished(() => elsewhere.remove())
      const offline = (...words: readonly string[]) =>
        spawnSync(OFFLINE[0], [...OFFLINE.slice(1), ...words], { cwd: elsewhere.dir, encoding: 'utf8' })
      // Nothing but loopback, so no route: what is said to be offline is.
      expect(offline('ip', 'route').stdout).toBe('')
      const { stdout, stderr } = offline(join(TOOL_ROOT, 'lab'), 'reproduce', pack, '--json')
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Event)
      const { findings } = events.at(-1)?.data ?? {}
      if (findings === undefined) throw new Error(stderr.slice(-2000))
      const facts = new Map(findings.map(({ what, ok, fact }) => [what, `${ok ? 'same' : 'differs'}: ${fact}`]))
      expect(findings.filter(({ ok, what }) => !ok && what !== 'sequence')).toEqual([])
      expect(facts.get('kernel')).toBe('same: bzImage is the same, bit for bit')
      expect([...findings].map(({ fact }) => fact)).toContain('root.img is the same, bit for bit')
      expect(facts.get('verdict')).toBe('same: passed')
      // The cache was empty, and nothing but the boot waited for the image.
      const at = (type: string, step: string) => events.findIndex((event) => event.type === type && event.step === step)
      expect(events[at('step-end', 'image minimal')]?.outcome).toBe('built')
      for (const step of ['holder', 'workload readinode', 'kernel debian'])
        expect([step, at('step-start', step) < at('step-end', 'image minimal')]).toEqual([step, true])
    },
  )

  test('that somebody changed is refused before anything of it is run', async () => {
    const bytes = readFileSync(pack)
    const changed = join(rig.dir, 'changed.tar.gz')
    writeFileSync(changed, bytes.subarray(0, Math.floor(bytes.length / 2)))
    const { status, stderr } = await rig.lab(['reproduce', changed])
    expect(stderr).toContain('this is not a complete evidence pack')
    expect(status).toBe(2)
  })
})

test('a module of its own package is loaded with what it needs, traced, and gone afterwards', async () => {
  const outcomes = (await rig.answer(['run', 'nullblk', '--repeat', '2'])) as { manifest: Manifest }[]
  expect(outcomes.map(({ manifest }) => manifest.verdict)).toEqual(['passed', 'passed'])
  const used = outcomes[0]?.manifest.modules ?? []
  expect(used.map(({ name, parameters }) => [name, parameters])).toEqual([
    ['configfs', []],
    ['null_blk', ['nr_devices=1', 'queue_mode=2']],
    // From source, against the header packages.
    ['counter', []],
  ])
  const { stdout } = await rig.lab(['exec', '--', 'cat', '/proc/modules'])
  expect(stdout).toContain('virtio_blk ')
  expect(stdout).not.toContain('null_blk ')
})

test('a module that does not compile against the header packages: its place, and a log that is there', async () => {
  const { status, stderr } = await rig.lab(['run', 'broken'])
  expect(stderr).toContain(`${join(rig.dir, 'broken.c')}:4:9: module broken does not compile`)
  const [, log = ''] = /full log: (\S+)/.exec(stderr) ?? []
  expect(readFileSync(log, 'utf8')).toContain('undeclared')
  expect(status).toBe(2)
})

test('a probe that includes headers of the kernel is refused, and told of vmlinux.h', async () => {
  const { status, stderr } = await rig.lab(['run', 'hellotrace'])
  expect(stderr).toContain('kernel debian is prebuilt: it has its types, but no headers')
  expect(stderr).toContain('#include "vmlinux.h"')
  expect(status).toBe(2)
})

/**
 * Compares what is said of a kernel before its boot with the booted one. @param unavailable why there is no such kernel
 * here
 */
function agree(own: Rig, unavailable: () => string | undefined = () => undefined): void {
  const ALL = ['*', '*:*']
  const isEvent = ({ name }: Listed) => name.includes(':')
  let [before, after] = [new Map<string, Listed>(), new Map<string, Listed>()]
  let some: readonly Listed[] = []
  beforeAll(async () => {
    if (unavailable() !== undefined) return
    before = await symbolsOf(own, 'debian', ALL)
    after = await symbolsOf(own, 'debian', ALL, ['--booted'])
    some = chosen(new Map([...before].filter(([, one]) => !isEvent(one))), 500)
  })
  beforeEach(({ skip }) => skip(unavailable() !== undefined, unavailable()))

  test('500 symbols of all categories have the same verdict from the package as from the running kernel', () => {
    expect(some).toHaveLength(500)
    expect(new Set(some.map(({ kind }) => kind)).size).toBeGreaterThan(3)
    // No list of the kernel tells what it rewrites; the attempts of the next test do.
    const wrong = some.filter(({ name, kind }) => kind !== 'rewritten' && after.get(name)?.kind !== kind)
    expect(wrong.map((one) => [one.name, one.kind, after.get(one.name)?.kind])).toEqual([])
  })

  test('the kernel takes and refuses kprobe events on the same 500 as predicted', async () => {
    const taken = await attempts(
      own,
      some.map(({ name }) => name),
    )
    expect(taken).toHaveLength(500)
    const wrong = some.filter(({ attachable }, index) => attachable !== taken[index])
    expect(wrong.map(({ name, kind }) => [name, kind])).toEqual([])
    expect(new Set(taken)).toEqual(new Set([true, false]))
  })

  test('every trace event of the package is one of the running kernel, and no other', () => {
    const names = (all: ReadonlyMap<string, Listed>) =>
      [...all.values()].flatMap((one) => (isEvent(one) ? [one.name] : [])).toSorted()
    expect(names(before).length).toBeGreaterThan(500)
    expect(names(before)).toEqual(names(after))
  })
}

describe('before the boot and after it', () => agree(rig))

describe('before the boot and after it, of a kernel of another release', () => {
  const own = new Rig(false)
  let reason: string | undefined
  beforeAll(async () => {
    await rig.lab(['down'])
    own.write('lab.yaml', labOf(SECOND))
    writeModules(own)
    const { status, stderr } = await own.lab(['build', 'kernel', 'debian'])
    // A pin leaves the mirrors after some months: then, and without a network, there is nothing to compare.
    if (status === 69)
      reason = `the second kernel cannot be had here: ${/error: .*/.exec(stderr)?.[0] ?? stderr.slice(-300)}`
    else await own.answer(['up'])
  })
  afterAll(async () => {
    await own.lab(['down'])
    own.remove()
  })
  agree(own, () => reason)

  // Fields of task_struct lie elsewhere in the two; the probe's one object is fitted to each as it is loaded.
  test('one CO-RE probe runs on both kernels of a matrix', async ({ skip }) => {
    skip(reason !== undefined, reason)
    await own.lab(['down'])
    const { status, stderr } = await own.lab(['run', 'both'])
    expect(stderr.slice(-2000)).toContain('2 of 2 runs passed')
    expect(status).toBe(0)
    const runs = (await own.answer(['results', 'ls'])) as { kernel: string }[]
    expect(runs.map(({ kernel }) => kernel).toSorted()).toEqual(['debian', 'other'])
  })
})
