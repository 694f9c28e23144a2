import { expect, test } from 'vitest'
import { needsOf, sampleBuild } from './samples.ts'

test('5.4: hostprogs-y and always', () => {
  const makefile =
    'hostprogs-y := test_lru_dist\nhostprogs-y += tracex1\nhostprogs-y += sockex1\nalways := $(hostprogs-y)\nalways += tracex1_kern.o\nalways += xdp_monitor_kern.o\n'
  expect(sampleBuild(makefile, 'tracex1')).toEqual({
    assignments: { 'hostprogs-y': 'tracex1', always: 'samples/bpf/tracex1 samples/bpf/tracex1_kern.o' },
    program: 'tracex1',
    object: 'tracex1_kern.o',
  })
})

test('5.10: tprogs-y and always-y', () => {
  const makefile =
    'tprogs-y := cpustat\nalways-y := $(tprogs-y)\nalways-y += cpustat_kern.o \\\n\tsyscall_tp_kern.o\ntprogs-y += syscall_tp\n'
  expect(sampleBuild(makefile, 'syscall_tp')).toMatchObject({
    assignments: { 'tprogs-y': 'syscall_tp', 'always-y': 'samples/bpf/syscall_tp samples/bpf/syscall_tp_kern.o' },
  })
})

test('what a tree does not have, or has without an object of its own, is answered with what it has', () => {
  const makefile =
    'tprogs-y := sockex1 tracex1 lonely\nalways-y := $(tprogs-y)\nalways-y += sockex1_kern.o tracex1_kern.o\n'
  for (const name of ['tracex9', 'lonely'])
    expect(sampleBuild(makefile, name)).toEqual({ known: ['sockex1', 'tracex1'] })
  expect(sampleBuild('', 'tracex1')).toEqual({ known: [] })
})

test('each sample of the log says what it needs; others point at their own words', () => {
  expect(needsOf('cpustat')).toContain('cpufreq')
  expect(needsOf('sockex1')).toContain('lab exec')
})
