import { expect, test } from 'vitest'
import { attachPoints, hooksNothing } from './bpftrace.ts'

const sections = (script: string) => attachPoints(script).map(({ section, line }) => [line, section])

test('each kind of hook into the kernel, by its long and its short name', () => {
  expect(
    sections(`#!/usr/bin/env bpftrace
kprobe:vfs_read, kretprobe:vfs_read { @[comm] = count(); }
k:nf_tables:nft_do_chain+8 { }
tracepoint:vmscan:mm_vmscan_memcg_reclaim_end,
t:sched:sched_switch { @ = sum(args->nr_reclaimed); }
rawtracepoint:sys_enter { }
kfunc:vmlinux:vfs_read { } fexit:vfs_write { }`),
  ).toEqual([
    [2, 'kprobe/vfs_read'],
    [2, 'kretprobe/vfs_read'],
    [3, 'kprobe/nft_do_chain+8'],
    [4, 'tracepoint/vmscan/mm_vmscan_memcg_reclaim_end'],
    [5, 'tracepoint/sched/sched_switch'],
    [6, 'raw_tp/sys_enter'],
    [7, 'fentry/vfs_read'],
    [7, 'fexit/vfs_write'],
  ])
})

test('what is in comments, strings, filters and bodies is no hook', () => {
  expect(
    sections(`// kprobe:no_such { }
/* kprobe:none:
   { */
struct pair { int a; };
BEGIN { printf("kprobe:never { %s\\n", "}"); }
kprobe:vfs_read /comm == "kprobe:x" && pid > 3/ { if (1) { @ = 1; } @x = "kprobe:y" }
interval:s:1 { clear(@); }`),
  ).toEqual([
    [6, 'kprobe/vfs_read'],
    [7, undefined],
  ])
})

test('a pattern names no single function, and a user probe none of the kernel', () => {
  expect(sections('kprobe:vfs_* { } tracepoint:sched:* { } uprobe:/bin/bash:readline /pid == 1/ { }')).toEqual([
    [1, undefined],
    [1, undefined],
    [1, undefined],
  ])
})

test.each([
  ['BEGIN { printf("kprobe:vfs_read { }"); } END { }', true],
  ['// kprobe:vfs_read\ninterval:s:1 { exit(); }', true],
  ['BEGIN { @ = 0; } kprobe:vfs_read { @++; }', false],
  ['profile:hz:99 { @[comm] = count(); }', false],
  ['', false],
])('a script that hooks nothing: %s', (script, nothing) => {
  expect(hooksNothing(script)).toBe(nothing)
})
