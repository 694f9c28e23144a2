/** The holder's command line (bpf/holder/options.c): what the host asks for is what the holder understands. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../../commands/shared/app.ts'
import { compileProgram } from '../../host/compile.ts'
import { run } from '../../host/sh.ts'
import { beforeFlags } from './before.ts'
import { holderArgv, type HolderRun } from './holder.ts'

const signal = new AbortController().signal

/** Prints what was understood, a line for each value. */
const MAIN = `
#include "holder.h"
#include <stdio.h>
static void list(const char *name, const char **values, int count)
{
	for (int i = 0; i < count; i++)
		printf("%s=%s\\n", name, values[i]);
}
int main(int argc, char **argv)
{
	struct options o = { 0 };
	int error = parse_options(argc, argv, &o);
	if (error)
		return error;
	printf("%s %s %s %s %s %s %s %ld\\n", o.dir, o.clock, o.buffer_kb, o.overwrite, o.btf, o.cwd, o.graph_depth, o.deadline_ms);
	printf("%d%d%d%d%d%d %s\\n", o.follow, o.count_runs, o.hide_trace_pipe, o.mappings, o.no_symbols, o.facts, o.pin);
	list("object", o.objects, o.object_count);
	list("event", o.events, o.event_count);
	list("kprobe", o.kprobes, o.kprobe_count);
	list("optional", o.optional, o.optional_count);
	list("graph", o.graph, o.graph_count);
	list("slot", o.slots, o.slot_count);
	list("companion", o.companions, o.companion_count);
	list("module", o.modules, o.module_count);
	list("env", o.env, o.env_count);
	for (int i = 0; i < o.step_count; i++)
		printf("%s=%s\\n", o.steps[i].remount ? "remount" : "set", o.steps[i].text);
	for (char **word = o.workload; word && *word; word++)
		printf("workload=%s\\n", *word);
	return 0;
}
`

const dir = mkdtempSync(join(tmpdir(), 'lab-unit-'))
let program = ''
afterAll(() => rmSync(dir, { recursive: true }))
beforeAll(async () => {
  const main = join(dir, 'main.c')
  program = join(dir, 'options')
  writeFileSync(main, MAIN)
  await compileProgram({
    sources: [main, join(TOOL_ROOT, 'bpf/holder/options.c')],
    program,
    libraries: [],
    place: 'options',
    signal,
    flags: [`-I${join(TOOL_ROOT, 'bpf/holder')}`],
  })
})

const understood = async (argv: readonly string[]) => await run([program, ...argv], { signal, accept: [0, 2] })

test('a run with everything in it is understood word for word', async () => {
  const asked: HolderRun = {
    holder: 'lab-holder',
    dir: '/run/lab/run-1',
    clock: 'mono',
    bufferBytes: 8192,
    deadlineMs: 5000,
    events: ['sched:sched_switch', 'net:*'],
    kprobes: ['p:name vfs_read count=%dx'],
    follow: true,
    objects: ['a.o', 'b.o'],
    btf: 'types',
    optional: ['maybe'],
    interfaces: ['eth0', undefined, 'lo'],
    slots: [{ object: 1, map: 'target', key: '00', offset: 4, value: 'pid/4' }],
    overwrite: false,
    graph: { functions: ['vfs_read'], depth: 3 },
    before: [...beforeFlags([{ remount: '/data' }, { sysctl: { 'vm.swappiness': '1' } }, { pin: 1 }])],
    countRuns: true,
    companions: ['tracex1'],
    modules: ['/lab/a.ko', '/lab/b.ko step=3'],
    cwd: '/tmp',
    env: ['A=1', 'B=2'],
    hidesTracePipe: true,
    mappings: true,
    workload: ['readfile', '--dir', '/data/f'],
  }
  const { stdout } = await understood(holderArgv(asked).slice(1))
  expect(stdout.trim().split('\n')).toEqual([
    '/run/lab/run-1 mono 8 0 types /tmp 3 5000',
    '111100 1',
    'object=a.o',
    'object=b.o',
    'event=sched:sched_switch',
    'event=net:*',
    'kprobe=p:name vfs_read count=%dx',
    'optional=maybe',
    'graph=vfs_read',
    'slot=1:target:00:4:pid/4',
    'companion=tracex1',
    'module=/lab/a.ko',
    'module=/lab/b.ko step=3',
    'env=A=1',
    'env=B=2',
    'remount=/data',
    'set=/proc/sys/vm/swappiness=1',
    'workload=readfile',
    'workload=--dir',
    'workload=/data/f',
  ])
})

test.each([
  ['a flag that it does not know', ['--what', 'x'], 'unknown: --what'],
  ['a flag without its value', ['--dir'], 'no value for --dir'],
  ['no workload', ['--dir', '/x', '--'], 'no workload'],
  ['nothing to do', ['--dir', '/x'], 'no workload'],
  ['more than there is room for', Array.from({ length: 17 }, () => ['--object', 'o']).flat(), 'too often: --object'],
])('%s is refused, and named', async (_, argv, words) => {
  const { status, stderr } = await understood(argv)
  expect([status, stderr.split('\n')[0]]).toEqual([2, `lab-holder: ${words}`])
})
