import { expect, test } from 'vitest'
import { changed, problemsIn } from '../lab.fixture.ts'

const WORKLOAD = 'workload: { source: bpf/workloads/readfile.c, run: "readfile /data/f'

test.each([
  [
    'workload: { source: bpf/workloads/readfile.c, program: bpf/workloads/readfile.c, run: "readfile.c /data/f',
    [
      '`program` is a program that is ready, `source` one that is compiled: a workload has one of them | keep one; further files of the host go under `files:`',
    ],
  ],
  [
    'workload: { style: samples, run: "readfile /data/f',
    ['`style` says how `source` is built, and there is none | add source: [NAME_user.c, NAME_kern.c]'],
  ],
  [
    'workload: { flags: [-O0], run: "readfile /data/f',
    [
      '`flags` are for a `source` that the lab compiles itself | take them out; a sample is built with the flags of the kernel tree',
    ],
  ],
  [
    'workload: { style: samples, source: bpf/workloads/readfile.c, run: "readfile /data/f',
    [
      'a sample is two sources of one name, readfile_user.c and readfile_kern.c | source: [bpf/readfile_user.c, bpf/readfile_kern.c]',
    ],
  ],
  [
    'workload: { source: bpf/workloads/readfile.c, files: [bpf/readiter.bpf.c, bpf/workloads/../readiter.bpf.c], run: "readfile /data/f',
    [
      '"bpf/workloads/../readiter.bpf.c" has the same name in the guest as "bpf/readiter.bpf.c" | give one of them another name',
    ],
  ],
  [
    'workload: { source: [bpf/workloads/readfile.c, bpf/workloads/no.c], run: "readfile /data/f',
    ['workload source "bpf/workloads/no.c" does not exist | create it, or correct the path (relative to the lab file)'],
  ],
  [
    'workload: { source: bpf/workloads/readfile.c, env: { X: "${bites}" }, run: "readfile /data/f',
    ['${bites} is used, and no parameter "bites" is declared | did you mean "bytes"?'],
  ],
  [
    'workload: { kselftest: "timers:posix_timers", flags: [-O0], run: "readfile /data/f',
    [
      "`flags` does not go with `kselftest`: the kernel's tree has all that a selftest is made of | take out flags; arguments of the test go into `run`",
      'warning: the command does not run "posix_timers", which workload.kselftest is | begin the command with posix_timers, or remove "kselftest"',
    ],
  ],
  [
    'workload: { kselftest: ../../x, run: "readfile /data/f',
    [
      'workload.kselftest of experiment readiter: "../../x" is not allowed | a selftest is a directory of tools/testing/selftests, or DIR:PROGRAM for one program of it, such as timers:posix_timers',
    ],
  ],
])('%s', (workload, problems) => {
  expect(problemsIn(changed([WORKLOAD, workload]))).toEqual(problems)
})

test.each([
  '-o',
  '-include',
  '-I/usr/include',
  '-fplugin=x',
  '@file',
  'x',
  '-L.',
  '-Wl,-plugin,x.so',
  '-fdump-tree-all=/x',
  '-fdump-final-insns=README.md',
  '-fopt-info-all=README.md',
  '-fcompare-debug=-specs=x',
  '-fprofile-use=x',
  '-fdiagnostics-add-output=sarif:file=README.md',
  '-foffload-options=-specs=x',
  '-fresolution=x',
  '-wrapper',
  '-M',
  '-lm',
  '-Wa,-I/x',
  '-Wp,-MD',
  '-fplugin-arg-x',
  '-',
])('the flag %s is not for a lab file', (flag) => {
  const workload = WORKLOAD.replace('run:', `flags: ["${flag}"], run:`)
  expect(problemsIn(changed([WORKLOAD, workload])).join()).toContain('a flag is one word for gcc that names no file')
})

test.each([
  '-O0',
  '-DN=4',
  '-Wl,--no-as-needed',
  '-Wl,-z,now',
  '-std=gnu11',
  '-march=native',
  '-Wno-error=format',
  '-fno-inline',
  '-fprofile-arcs',
  '-fdiagnostics-color=never',
  '-g',
  '-fpatchable-function-entry=16,8',
  '-mfpmath=sse,387',
  '-Wl,--hash-style=gnu',
  '-Wl,-z,max-page-size=4096',
])('the flag %s is', (flag) => {
  expect(problemsIn(changed([WORKLOAD, WORKLOAD.replace('run:', `flags: ["${flag}"], run:`)]))).toEqual([])
})

const WHOLE = `${WORKLOAD} --bytes \${bytes} --count \${count}" }`
test('a selftest has a command of its own, and nothing else has', () => {
  const lab = (workload: string) => changed([WHOLE, `workload: ${workload}`])
  expect(problemsIn(lab('{ kselftest: "tools/testing/selftests/timers:posix_timers" }')).join()).not.toContain('run')
  expect(problemsIn(lab('{ cwd: /data }'))).toContain(
    'the workload has no `run`: what is to run in the guest? | run: COMMAND; only a `kselftest` has a command of its own',
  )
})
