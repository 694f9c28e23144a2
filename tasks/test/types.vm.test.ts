/** Kernel types for probes: vmlinux.h and BTF of a kernel that carries none, and of one that does. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { sectionsOf } from '../linux/objects/elf.ts'
import { parseConfig } from '../linux/kbuild/kconfig.ts'
import type { Explained } from '../build/probe/explain.ts'
import { Rig } from './rig.ts'

/** struct cfs_rq is private to kernel/sched. */
const SCHEDULER = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("kprobe/schedule")
int running(struct pt_regs *ctx)
{
	struct cfs_rq *queue = (void *)PT_REGS_PARM1(ctx);

	say("%d", BPF_CORE_READ(queue, nr_running));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
`

const rig = new Rig()
rig.write('bpf/scheduler.bpf.c', SCHEDULER)
rig.edit(
  'lab.yaml',
  '\nprobes:\n',
  `
probes:
  scheduler: { source: bpf/scheduler.bpf.c, types: v5.10 }
  scheduler-typed: { source: bpf/scheduler.bpf.c, types: typed }
`,
)
rig.edit(
  'lab.yaml',
  'images:\n',
  `  typed:
    extends: v5.10
    config: []
    debug: btf
    options: { 64BIT: y, PRINTK: y, MODULES: y, BPF_SYSCALL: y, KPROBE_EVENTS_ON_NOTRACE: n }
images:
`,
)
afterAll(async () => {
  await rig.lab(['down'])
  rig.remove()
})

/** The header that a probe includes. */
async function vmlinuxOf(probe: string): Promise<{ file: string; text: string }> {
  const { includes } = (await rig.answer(['build', 'probe', probe, '--explain'])) as { includes: Explained[] }
  const file = includes.find(({ spelled }) => spelled === '"vmlinux.h"')?.file ?? ''
  return { file, text: readFileSync(file, 'utf8') }
}

test('fields of kernel structs are read in a guest whose kernel has no BTF', async () => {
  const [outcome] = (await rig.answer(['run', 'corefile', '--repeat', '1'])) as { manifest: Manifest }[]
  const { manifest } = outcome ?? expect.unreachable('no run')
  expect(manifest.verdict).toBe('passed')
  // The types are among what the run was made of; the kernel itself was built without.
  expect(manifest.objects).toHaveProperty(['kernel.btf'])
  const { file, text } = await vmlinuxOf('corefile')
  expect(text).toMatch(/^\/\* Linux \d+\.\d+\.\d+: the types that .*lib\/iov_iter\.c/)
  expect(text).toMatch(/^struct kiocb \{$/m)
  expect(readFileSync(join(dirname(file), 'kernel.btf')).readUInt16LE(0)).toBe(0xeb9f)
})

test('a type that this vmlinux.h does not have: how to get all of them', async () => {
  const { status, stderr } = await rig.lab(['build', 'probe', 'scheduler'])
  expect(status).toBe(2)
  expect(stderr).toContain('`debug: btf` of kernel v5.10')
})

test('debug: btf puts all types into the kernel, in a build tree of its own', { timeout: 1_800_000 }, async () => {
  const [{ path }] = (await rig.answer(['build', 'kernel', 'typed'])) as [{ path: string }]
  expect(parseConfig(readFileSync(join(path, 'config'), 'utf8')).get('DEBUG_INFO_BTF')).toBe('y')
  const sections = sectionsOf(readFileSync(join(path, 'vmlinux')))
  expect(sections.find(({ name }) => name === '.BTF')?.bytes.readUInt16LE(0)).toBe(0xeb9f)
  // What BTF was made of does not stay.
  expect(sections.filter(({ name }) => name.startsWith('.debug'))).toEqual([])

  const { text } = await vmlinuxOf('scheduler-typed')
  expect(text).toMatch(/^\/\* Linux 5\.10\.223: all types of the kernel, from its BTF/)
  expect(text).toMatch(/^struct cfs_rq \{$/m)
})
