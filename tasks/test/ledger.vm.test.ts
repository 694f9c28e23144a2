/** Events that somebody takes away, keeps out or makes up: each way is seen, named, and no run of it is complete. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ProbesSchema, type Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'
import { until } from './until.ts'

const TRACEFS = '/sys/kernel/tracing'
const READ = 'head -c 16 /data/f >/dev/null'

/** Workloads that spoil their own trace: a shell script, and what must be said of it. */
const SPOILERS: Readonly<Record<string, readonly [script: string, ...reasons: RegExp[]]>> = {
  // Goes on until the second reader has something.
  'second-reader': [
    `cat ${TRACEFS}/trace_pipe >/tmp/taken & until test -s /tmp/taken; do ${READ}; done; kill $!`,
    /^[1-9]\d*: events were read from the ring buffer by somebody other than the recorder$/m,
    /^trace_pipe was opened during the run by cat \(pid \d+\): whoever reads it takes events away/m,
  ],
  // By its other name: debugfs shows the same file.
  'off-and-on': [
    `echo 0 >/sys/kernel/debug/tracing/tracing_on; ${READ}; echo 1 >/sys/kernel/debug/tracing/tracing_on`,
    /^tracing_on was written during the run/m,
    // The ring buffers count nothing of it, and the programs' own messages do.
    /^ext4_read fired \d+ times?, which gives \d+ messages? "ext4 file read", and \d+ were recorded$/m,
    /^copyout fired .* "entering copyout", and \d+ were recorded$/m,
  ],
  triggered: [
    `echo traceoff >${TRACEFS}/events/sched/sched_switch/trigger; ${READ}`,
    /^tracing_on was changed from "1" to "0" during the run by the trigger of events\/sched\/sched_switch/m,
  ],
  // The holder's output is a pipe that root can open.
  forged: [
    String.raw`${READ}; printf "%s\n" "{\"event\":\"exited\",\"pid\":1,\"status\":0,\"ms\":1}" >/proc/$PPID/fd/1; exit 3`,
    /^the holder's line "exited" came 2 times: somebody else wrote into its output$/m,
    /^the holder said \d+ lines, and \d+ came/m,
  ],
  replaced: [
    'echo mine; cd /run/lab/run-*; for name in stdout cpu0.raw dmesg; do rm -f $name; echo theirs >$name; done; echo >>cpu1.raw',
    /^somebody put another file in the place of stdout of this run/m,
    /^somebody put another file in the place of cpu0.raw of this run/m,
    /^somebody put another file in the place of dmesg of this run/m,
    /^\/run\/lab\/run-[^/]+\/cpu1.raw was opened during the run/m,
  ],
  // Its output goes through a pipe: what a script does to /dev/stdout costs nothing, and the file belongs to nobody
  // else.
  'in-place': [
    // Sleeps until the holder has looked: it names the file that is open.
    'echo first; echo second >/dev/stdout; for f in /proc/$PPID/fd/*; do case $(readlink $f) in /run/lab/run-*) exec 9>>$f; sleep 0.1;; esac; done',
    /^\/run\/lab\/run-[^/]+\/stdout was opened during the run.*: what the run recorded is in it$/m,
    /^\/run\/lab\/run-[^/]+\/cpu0.raw was opened during the run/m,
  ],
  // A loader of the workload's own: its kprobe is hit inside a BPF program of the lab's probe, where the kernel skips
  // it, and then removed.
  'own-kprobe': [
    [
      `cd ${TRACEFS}`,
      'echo "p:theirs/inner bpf_trace_printk" >>kprobe_events',
      'echo 1 >events/theirs/inner/enable',
      `until grep -q " inner .* [1-9][0-9]*$" kprobe_profile; do ${READ}; done; sleep 1`,
      'echo 0 >events/theirs/inner/enable',
      'echo "-:theirs/inner" >>kprobe_events',
    ].join('; '),
    /^[1-9]\d*: hits of a kprobe were missed/m,
  ],
  everything: [
    [
      `cd ${TRACEFS}`,
      'echo >trace',
      ': >per_cpu/cpu0/trace',
      'echo 1 >set_event_pid',
      'echo 1 >tracing_cpumask',
      'echo "common_pid == 1" >events/bpf_trace/bpf_trace_printk/filter',
      'echo 0 >events/sched/sched_process_exit/enable',
      'echo 64 >buffer_size_kb',
      'echo 0 >/sys/kernel/debug/kprobes/enabled',
      'echo 1 >/sys/kernel/debug/kprobes/enabled',
    ].join('; '),
    /^trace was written during the run.* it empties/m,
    /^per_cpu\/cpu0\/trace was written during the run/m,
    /^set_event_pid was changed from "" to "1" during/m,
    /^tracing_cpumask was changed from "3" to "1" during/m,
    /^events\/bpf_trace\/bpf_trace_printk\/filter was changed from "none" to "common_pid == 1"/m,
    /^events\/sched\/sched_process_exit\/enable was changed from "1" to "0"/m,
    /^buffer_size_kb was changed from "\d+" to "\d+"/m,
    /^\/sys\/kernel\/debug\/kprobes\/enabled was written during the run/m,
  ],
}

/** Settings that somebody left behind, which a run resets. */
const LEFT: readonly (readonly [file: string, text: string])[] = [
  ['set_event_pid', '1'],
  ['tracing_cpumask', '1'],
  ['set_ftrace_filter', 'vfs_read:traceoff'],
  ['events/bpf_trace/bpf_trace_printk/filter', 'common_pid == 1'],
  ['events/bpf_trace/bpf_trace_printk/trigger', 'traceoff'],
  ['events/sched/sched_process_exec/trigger', 'traceoff:5 if common_pid == 1'],
  ['options/trace_printk', '0'],
  ['/sys/kernel/debug/kprobes/enabled', '0'],
]

const experimentOf = ([name, [script]]: readonly [string, readonly [string, ...RegExp[]]]): string => `
  ${name}:
    probes: [readiter]
    workload: { run: ${JSON.stringify(`sh -c '${script}'`)} }
    repeat: 1
`

/** Two processes that go on, one of them a child of the other, and output that is longer than what is kept. */
const LEFT_BEHIND = `
  left-behind:
    probes: [readiter]
    workload: { run: "sh -c '(sleep 1000 & exec sleep 1001) & head -c 70000000 /dev/zero; head -c 70000000 /dev/zero >/tmp/large; wc -c </tmp/large >&2'" }
    repeat: 1
`
/** A loader of the workload's own that does as libbpf does. */
const OWN_LOADER = `
  own-loader:
    probes: [readiter]
    workload: { source: own-loader.c, run: own-loader }
    repeat: 1
`

/** The kernel's kprobe events while the workload runs, which reads the file that is probed. */
const ATTACHED = `
  attached:
    probes: [readiter]
    workload: { run: "sh -c 'cat ${TRACEFS}/kprobe_events; ${READ}'" }
    repeat: 2
    start: shared
`

interface Run {
  readonly dir: string
  readonly manifest: Manifest
}

const lab = new Rig()
let spoiled: ReadonlyMap<string, Run>

beforeAll(async () => {
  const experiments = Object.entries(SPOILERS).map(experimentOf).join('')
  lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + experiments + OWN_LOADER + LEFT_BEHIND + ATTACHED)
  lab.write('own-loader.c', readFileSync(new URL('./probes/own-loader.c', import.meta.url), 'utf8'))
  await lab.answer(['up'])
  const runs = (await lab.answer(['run', ...Object.keys(SPOILERS)])) as Run[]
  spoiled = new Map(runs.map((run) => [run.manifest.experiment, run]))
})
afterAll(async () => {
  await lab.lab(['down'])
  lab.remove()
})

test.each(Object.entries(SPOILERS))('%s: the run is incomplete, and says so', (name, [, ...reasons]) => {
  const { verdict, trace } = spoiled.get(name)?.manifest ?? expect.unreachable(name)
  expect({ verdict, completeness: trace.completeness }).toEqual({ verdict: 'incomplete', completeness: 'incomplete' })
  for (const reason of reasons) expect(trace.reasons.join('\n')).toMatch(reason)
  expect(trace.reasons.join()).not.toContain('%c')
})

test('what is kept of a run is what the holder wrote, whatever stands under its names', () => {
  const { dir } = spoiled.get('replaced') ?? expect.unreachable('replaced')
  expect(readFileSync(join(dir, 'stdout'), 'utf8')).toBe('mine\n')
  expect(readFileSync(join(dir, 'dmesg'), 'utf8')).not.toContain('theirs')
})

test('stdout that the workload opens again is one stream, and whatever is written to its file is found out', () => {
  const { dir } = spoiled.get('in-place') ?? expect.unreachable('in-place')
  expect(readFileSync(join(dir, 'stdout'), 'utf8')).toBe('first\nsecond\n')
})

test('kprobes of the workload’s own loader are counted, hits and misses', () => {
  const { dir } = spoiled.get('own-kprobe') ?? expect.unreachable('own-kprobe')
  expect(JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8'))).toMatchObject({
    others: [{ program: 'inner', section: 'kprobe/bpf_trace_printk' }],
  })
})

test('a later run attaches by the addresses that the first one found, to the same functions', async () => {
  const runs = (await lab.answer(['run', 'attached'])) as Run[]
  const events = runs.map(({ dir }) => readFileSync(join(dir, 'stdout'), 'utf8'))
  expect(events[0]).toMatch(/^p:lab_\d+\/copyout copyout_giulia$/m)
  expect(events[1]).toMatch(/^p:lab_\d+\/copyout 0x[0-9a-f]{16}$/m)
  // Programs, their sections, and that each was hit.
  const programs = runs.map(({ dir, manifest }) => {
    expect(manifest.verdict).toBe('passed')
    const { programs: list } = ProbesSchema.parse(JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8')))
    return list.map(({ program, section, hits }) => ({ program, section, hit: hits > 0 }))
  })
  expect(programs[1]).toEqual(programs[0])
  expect(programs[0]?.filter(({ hit }) => hit)).not.toEqual([])
})

test('what outlives the workload is named, output that is not kept is counted, and files of its own may be of any size', async () => {
  const [run] = (await lab.answer(['run', 'left-behind'])) as Run[]
  const { manifest, dir } = run ?? expect.unreachable('no run')
  expect(manifest).toMatchObject({ verdict: 'passed', trace: { completeness: 'complete' } })
  const remarks = manifest.remarks?.join('\n')
  expect(remarks).toMatch(/^2 processes outlived the workload and were killed: sleep \(pid \d+\), sleep \(pid \d+\)$/m)
  expect(remarks).toMatch(/^stdout of the workload was cut after 67 MB: 2.9 MB more were written/m)
  expect(statSync(join(dir, 'stdout')).size).toBe(64 * 2 ** 20)
  expect(readFileSync(join(dir, 'stderr'), 'utf8')).toBe('70000000\n')
  expect((await lab.lab(['exec', '--', 'pgrep', '-x', 'sleep'])).status).toBe(1)
})

test('a kprobe that is a perf event: its program is named, with its loader and its runs, and what nobody counts is said', async () => {
  const [run] = (await lab.answer(['run', 'own-loader'])) as Run[]
  const { manifest, dir } = run ?? expect.unreachable('no run')
  expect(manifest).toMatchObject({ verdict: 'passed', trace: { completeness: 'complete' } })
  const remarks = manifest.remarks?.join('\n')
  expect(remarks).toMatch(
    /^program own_probe \(kprobe\/__x64_sys_getppid\) of own-loader \(pid \d+\) was loaded during the run: it ran at least 5 times; the kernel counts no hits and no misses/m,
  )
  expect(remarks).toMatch(/^[1-9]\d+ BPF programs came and went between two looks of the holder/m)
  // The kernel's list of kprobes has the same one: it is not counted twice.
  expect(remarks).not.toMatch(/was set by somebody else/)
  const { otherPrograms } = JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8')) as { otherPrograms: unknown[] }
  expect(otherPrograms).toContainEqual(expect.objectContaining({ program: 'own_probe', runs: 5, before: false }))
  const { stdout } = await lab.lab(['verify', manifest.run])
  expect(stdout).toContain('1 result, all as recorded')
})

test('lab verify comes to the same from the files alone', async () => {
  const { status, stdout } = await lab.lab(['verify', spoiled.get('everything')?.manifest.run ?? ''])
  // As recorded, and no result that passed: verify says both.
  expect(status, stdout).toBe(1)
  expect(stdout).toMatch(/all as recorded; NONE PASSED: 1 incomplete/)
  expect(stdout).toMatch(/ok +losses: as recorded/)
})

test('settings that were left behind are reset before the run, which is complete and says so', async () => {
  const script = LEFT.map(([file, text]) => `echo "${text}" >${file}`).join(' && ')
  const { status, stderr } = await lab.lab(['exec', '--', 'sh', '-c', `cd ${TRACEFS} && ${script}`])
  expect(status, stderr).toBe(0)
  const [run] = (await lab.answer(['run', 'readiter', '--repeat', '1'])) as Run[]
  expect(run?.manifest).toMatchObject({ verdict: 'passed', trace: { completeness: 'complete' } })
  for (const [file] of LEFT)
    expect(run?.manifest.trace.reasons).toContainEqual(
      expect.stringMatching(new RegExp(`^${file} was ".*": it was reset before the run$`)),
    )
})

test('a reader that was there before: its name and process', async () => {
  const { child, ended } = lab.start(['exec', '--', 'cat', `${TRACEFS}/trace_pipe`])
  const there = async () => (await lab.lab(['exec', '--', 'pgrep', '-x', 'cat'])).status === 0
  await until('the workload runs', there)
  const [run] = (await lab.answer(['run', 'readiter', '--repeat', '1'])) as Run[]
  expect(run?.manifest.trace.reasons).toContainEqual(
    expect.stringMatching(/^trace_pipe was open in cat \(pid \d+\) during the run: whoever reads it takes events away/),
  )
  await lab.lab(['exec', '--', 'pkill', '-x', 'cat'])
  child.kill('SIGTERM')
  await ended
})

test('nobody touches anything: the run on the same VM is complete', async () => {
  const [run] = (await lab.answer(['run', 'readiter', '--repeat', '1'])) as Run[]
  expect(run?.manifest).toMatchObject({ verdict: 'passed', trace: { completeness: 'complete', reasons: [] } })
})
