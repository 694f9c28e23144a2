import { expect, test } from 'vitest'
import { needsOf, ownSampleBuild, sampleBuild, wantsTraceHelpers } from './samples.ts'

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

const OWN_5_4 =
  'hostprogs-y := sockex1\nalways := $(hostprogs-y)\nsockex1-objs := sockex1_user.o\ntrace_output-objs := bpf_load.o trace_output_user.o $(TRACE_HELPERS)\ntracex1-objs := bpf_load.o tracex1_user.o\n'

test('a program of one’s own is linked as a sample with the same headers is', () => {
  const linked = (...headers: string[]) => {
    const made = ownSampleBuild(OWN_5_4, 'mine', new Set(headers))
    return 'assignments' in made ? made.assignments['mine-objs'] : made
  }
  expect(linked('bpf_load.h')).toBe('bpf_load.o mine_user.o')
  expect(linked()).toBe('mine_user.o')
  expect(linked('bpf_load.h', 'trace_helpers.h')).toBe('bpf_load.o mine_user.o $(TRACE_HELPERS)')
  expect(linked('cgroup_helpers.h')).toEqual({ lacks: 'cgroup_helpers.h' })
  expect(ownSampleBuild('tprogs-y := x\nx-objs := x_user.o\n', 'mine', new Set(['bpf_load.h']))).toEqual({
    lacks: 'bpf_load.h',
  })
})

test('read_trace_pipe() is taken from where the tree has it', () => {
  const user = 'int main(void)\n{\n\tread_trace_pipe();\n}\n'
  expect(wantsTraceHelpers(user, 'void read_trace_pipe(void);\n')).toBe(false)
  expect(wantsTraceHelpers(user, 'int load_bpf_file(char *path);\n')).toBe(true)
  expect(wantsTraceHelpers('int main(void) {}', '')).toBe(false)
  const made = ownSampleBuild(
    'tprogs-y := x\nx-objs := bpf_load.o x_user.o $(TRACE_HELPERS)\n',
    'mine',
    new Set(['trace_helpers.h']),
  )
  expect(made).toMatchObject({ assignments: { 'TPROGCFLAGS_mine_user.o': '-include trace_helpers.h' } })
})
