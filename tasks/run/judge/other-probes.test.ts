import { expect, test } from 'vitest'
import type { HolderLine } from '../guest/holder.ts'
import { otherRemarks } from './other-probes.ts'

const SECTION = 'tracepoint/mm_vmscan_memcg_reclaim_begin'

const program = (comm: string, runs: number, section = SECTION): HolderLine => ({
  event: 'other-program',
  program: 'tracepoint_vmsc',
  section,
  type: 5,
  before: 1,
  runs,
  pid: 201,
  comm,
})
const script = (name: string): HolderLine => ({ event: 'companion', name, state: 'attached', programs: 1, status: 0 })

test('a declared bpftrace script that ran is no remark, whatever the length of its name', () => {
  expect(otherRemarks([script('reclaim.bt'), program('reclaim.bt', 516)])).toEqual([])
  // The kernel keeps 15 characters of a name.
  expect(otherRemarks([script('page-reclaims-by-cgroup.bt'), program('page-reclaims-b', 516)])).toEqual([])
})

test('a declared bpftrace script that never ran is one', () => {
  expect(otherRemarks([script('reclaim.bt'), program('reclaim.bt', 0)])).toEqual([
    `program tracepoint_vmsc (${SECTION}) of reclaim.bt never fired`,
  ])
})

test('a loader that nobody declared is named with its process', () => {
  expect(otherRemarks([script('reclaim.bt'), program('other', 3)])).toEqual([
    `program tracepoint_vmsc (${SECTION}) of other (pid 201) was there before the workload: it ran at least 3 times`,
  ])
})

test('a kprobe of a declared script is a remark, because the kernel does not count its hits', () => {
  expect(otherRemarks([script('reclaim.bt'), program('reclaim.bt', 3, 'kprobe/vfs_read')])).toEqual([
    'program tracepoint_vmsc (kprobe/vfs_read) of reclaim.bt: it ran at least 3 times; the kernel counts no hits and no misses of a kprobe that is attached as a perf event',
  ])
})

test('a stranger with the name of a declared script does not hide behind it', () => {
  const stranger = { ...program('reclaim.bt', 7), pid: 300 } as HolderLine
  expect(otherRemarks([script('reclaim.bt'), program('reclaim.bt', 516), stranger])).toEqual([
    expect.stringContaining('of reclaim.bt (pid 201) was there before the workload: it ran at least 516 times'),
    expect.stringContaining('of reclaim.bt (pid 300) was there before the workload: it ran at least 7 times'),
  ])
})
