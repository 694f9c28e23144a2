/** Expectations on a real kernel: failures that are the result, and the same value on both sides. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const lab = new Rig()

const probe = (body: string, section = 'kprobe/ext4_file_read_iter') => `#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } one SEC(".maps");
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0)
#define PROBE_READ "bpf_probe_read_compat"
#else
#define PROBE_READ "bpf_probe_read"
#endif
SEC("${section}")
int first(struct pt_regs *ctx)
{
	${body}
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
`

/** name -> probe, the rest of the experiment, what it expects. */
const EXPERIMENTS: Readonly<Record<string, readonly [source: string, rest: string, expect: string]>> = {
  compile: [probe('int x = no_such_name;'), '', '- { failure: compile, message: "/no_such_name/" }'],
  section: [
    probe('', '/tracepoint/syscalls/sys_enter_read'),
    '',
    '- { failure: load, message: "/section name .\\/tracepoint/" }',
  ],
  dereference: [
    probe('char *p = (char *)PT_REGS_PARM1(ctx); if (*p == 49) return 1;'),
    '',
    '- { failure: verifier, program: first, message: "/R[0-9]+ invalid mem access .(inv|scalar)./" }',
  ],
  absent: [probe('', 'kprobe/ext4_file_read_itre'), '', '- { failure: attach, program: first }'],
  missed: [
    `${probe('char c; bpf_probe_read(&c, 1, (void *)PT_REGS_PARM1(ctx));').replace(
      'char LICENSE',
      'SEC("kprobe/" PROBE_READ) int second(struct pt_regs *ctx) { return 0; }\nchar LICENSE',
    )}`,
    '',
    '- { failure: missed, program: second }\n      - { hits: { first: ">=1", second: 0 } }\n      - { misses: { second: ">=1", first: 0 } }',
  ],
  slot: [probe(''), 'maps: { one: { 1: 5 } }', '- { failure: slot, message: "/key 1 is out of range/" }'],
  status: [probe('').replace('/data/f', ''), '', '- { failure: workload, status: 1, message: "/No such file/" }'],
  // The declared failure does not come, or another one does.
  fine: [probe(''), '', '- { failure: attach }'],
  other: [probe('', 'kprobe/ext4_file_read_itre'), '', '- { failure: attach, message: "/notrace/" }'],
}

interface Outcome {
  readonly dir: string
  readonly manifest: Manifest
}
const outcomes = new Map<string, Outcome>()

const experiment = (name: string, run: string, rest: string, wanted: string) => `
  ${name}:
    probes: [${name}]
    workload: { source: bpf/workloads/readfile.c, run: "${run}" }
    ${rest}
    expect:
      ${wanted}
`

beforeAll(async () => {
  let [probes, experiments] = ['', '']
  for (const [name, [source, rest, wanted]] of Object.entries(EXPERIMENTS)) {
    lab.write(`bpf/${name}.bpf.c`, source)
    probes += `  ${name}: { source: bpf/${name}.bpf.c }\n`
    experiments += experiment(name, `readfile ${name === 'status' ? '/data/none' : '/data/f'}`, rest, wanted)
  }
  lab.write('bpf/maps.bpf.c', readFileSync(join(TOOL_ROOT, 'tasks/test/probes/maps.bpf.c'), 'utf8'))
  probes += '  both: { source: bpf/maps.bpf.c }\n  differ: { source: bpf/maps.bpf.c }\n'
  const target = 'maps: { target: { pid: "${workload.pid}", bytes: 16 } }'
  experiments += experiment(
    'both',
    'readfile /data/f --count 2',
    target,
    `- same:
          - stdout: '/buffer (0x[0-9a-f]+)/'
          - map: by_pid[\${workload.pid}].buffer
      - same: [{ stdout: '/pid (\\d+)/' }, { value: "\${workload.pid}" }, { map: "target.pid" }, { message: '/copy of pid (\\d+)/' }]
      - same: [{ map: copies }, { value: 2 }]
      - same: [{ stdout: '/first ([0-9a-f]+)/', as: hex }, { value: "1", as: char }]
      - messages: { "/^copy of pid/": 2, "/nothing of the kind/": 0 }`,
  )
  experiments += experiment(
    'differ',
    'readfile /data/f --count 2',
    target,
    `- same: [{ stdout: '/fd (\\d+)/' }, { map: "by_pid[\${workload.pid}].pid" }]
      - same: [{ map: "by_pid[1].pid" }, { value: 1 }]
      - messages: { "/^copy of pid/": ">2" }`,
  )
  lab.edit('lab.yaml', 'bpf/readiter.bpf.c }\n', `bpf/readiter.bpf.c }\n${probes}`)
  lab.write('lab.yaml', `${lab.read('lab.yaml')}${experiments}`)
  const names = [...Object.keys(EXPERIMENTS), 'both', 'differ']
  for (const outcome of (await lab.answer(['run', ...names])) as Outcome[])
    outcomes.set(outcome.manifest.experiment, outcome)
})
afterAll(() => lab.remove())

const said = (name: string): [string | undefined, string] => {
  const manifest = outcomes.get(name)?.manifest
  return [manifest?.verdict, manifest?.expectations.flatMap(({ lines }) => lines).join('\n') ?? '']
}

describe('a declared failure that comes is a passed run', () => {
  test.each([
    ['compile', 'failed as expected: probe compile does not compile'],
    ['section', 'failed as expected: the object does not load'],
    ['dereference', 'failed as expected: the verifier rejects first (kprobe/ext4_file_read_iter)'],
    ['absent', 'failed as expected: first (kprobe/ext4_file_read_itre) cannot be attached: No such file or directory'],
    ['missed', 'second was never hit: '],
    ['slot', 'failed as expected: '],
    ['status', 'failed as expected: the workload ended with status 1'],
  ])('%s', (name, text) => {
    expect(said(name)[1]).toContain(text)
    expect(said(name)[0]).toBe('passed')
  })

  test('and its words are kept with it', () => {
    const { dir, manifest } = outcomes.get('dereference') ?? { dir: '', manifest: undefined }
    expect(readFileSync(join(dir, 'failures.txt'), 'utf8')).toMatch(/^verifier: the verifier rejects first/)
    expect(manifest?.failures).toMatchObject([{ stage: 'verifier', program: 'first' }])
    expect(manifest?.trace.reasons).toEqual(['the workload was not started: nothing was recorded'])
    expect(outcomes.get('compile')?.manifest.guest.vm).toBe('none')
    // What is missed on purpose is no loss.
    expect(outcomes.get('missed')?.manifest.trace.completeness).toBe('complete')
  })
})

test('a declared failure that does not come fails the run', () => {
  expect(said('fine')).toEqual(['failed', 'the attach must be refused, and nothing failed'])
  expect(said('other')[0]).toBe('failed')
  expect(said('other')[1]).toContain(
    'the attach must be refused; that came, but nothing of what was said matches /notrace/',
  )
})

test('R-1101-2: values of both sides are compared', () => {
  expect(said('both')[1]).toMatch(/stdout \/buffer .* = map by_pid\[\d+\]\.buffer: 0x[0-9a-f]+/)
  expect(said('both')[0]).toBe('passed')
  const [verdict, text] = said('differ')
  expect(verdict).toBe('failed')
  expect(text).toMatch(/stdout \/fd .* says 3, map by_pid\[\d+\]\.pid says \d+/)
  expect(text).toMatch(/map by_pid\[1\]\.pid has no value: its keys are \d+/)
  expect(text).toContain('messages /^copy of pid/: expected more than 2, found 2')
})
