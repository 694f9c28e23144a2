/** A distribution's kernel: fetched, booted with its modules, probed; and what is said of it before the boot against the kernel itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Rig } from './rig.ts'
import { attempts, chosen, symbolsOf, type Listed } from './symbols-kit.ts'

/** Another one, by hand: lines of its source, for example those that `lab kernels add` writes. */
const SOURCE =
  process.env['LAB_TEST_PREBUILT'] ??
  [
    'prebuilt: linux-image-6.1.0-50-cloud-amd64',
    'version: 6.1.176-1',
    'sha256: efe19f605b6f54a8352e68d85a629abb2d30b72a085faef603a9152590baa791',
  ].join('\n')

const LAB = `lab: prebuilt
kernels:
  debian:
    source:
${SOURCE.split('\n')
  .map((line) => `      ${line}`)
  .join('\n')}
images:
  minimal: { recipe: lab:minimal }
vms:
  default:
    kernel: debian
    image: minimal
    disks:
      data: { fs: ext4, size: 64M, mount: /data, files: { f: "hello\\n" } }
probes:
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
  hellotrace:
    probes: [hellotrace]
    workload: { source: lab:readinode, run: 'readinode /data/f' }
`

const rig = new Rig(false)
beforeAll(async () => {
  rig.write('lab.yaml', LAB)
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

test('a probe that includes headers of the kernel is refused, and told of vmlinux.h', async () => {
  const { status, stderr } = await rig.lab(['run', 'hellotrace'])
  expect(stderr).toContain('kernel debian is prebuilt: it has its types, but no headers')
  expect(stderr).toContain('#include "vmlinux.h"')
  expect(status).toBe(2)
})

describe('before the boot and after it', () => {
  const ALL = ['*', '*:*']
  const isEvent = ({ name }: Listed) => name.includes(':')
  let [before, after] = [new Map<string, Listed>(), new Map<string, Listed>()]
  let some: readonly Listed[] = []
  beforeAll(async () => {
    before = await symbolsOf(rig, 'debian', ALL)
    after = await symbolsOf(rig, 'debian', ALL, ['--booted'])
    some = chosen(new Map([...before].filter(([, one]) => !isEvent(one))), 500)
  })

  test('500 symbols of all categories have the same verdict from the package as from the running kernel', () => {
    expect(some).toHaveLength(500)
    expect(new Set(some.map(({ kind }) => kind)).size).toBeGreaterThan(3)
    // No list of the kernel tells what it rewrites; the attempts of the next test do.
    const wrong = some.filter(({ name, kind }) => kind !== 'rewritten' && after.get(name)?.kind !== kind)
    expect(wrong.map((one) => [one.name, one.kind, after.get(one.name)?.kind])).toEqual([])
  })

  test('the kernel takes and refuses kprobe events on the same 500 as predicted', async () => {
    const taken = await attempts(
      rig,
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
})
