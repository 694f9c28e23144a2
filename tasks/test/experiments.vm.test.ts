/**
 * The log's experiments of the shipped lab, each run once: its programs do what their author wanted, its mistakes fail
 * as they did.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isMap, parseDocument } from 'yaml'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

interface Run {
  readonly dir: string
  readonly manifest: Manifest
}
interface Ended {
  readonly name: string
  readonly runs: readonly Run[]
  readonly skipped?: string
  readonly failed?: string
}

/** Those of bpf/README.md. Others of lab.yaml may take as long as they like. */
const OF_THE_LOG = [
  'hellotrace',
  'tracex1',
  'passfd',
  'observer',
  'readbuff',
  'buffermap',
  'syscall_tp',
  'open_tp',
  'cpustat',
  'sampleip',
  'readchar',
  'checksum',
  'only-process',
  'only-file',
  'only-buffer',
  'pathtime',
  'calltree',
  'ibumad',
  'array-map',
  'key-range',
  'no-null-check',
  'wide-access',
  'direct-access',
  'section-slash',
  'inlined',
  'printk-char',
  'probe-in-probe',
  'notrace',
]

function keepExperiments(rig: Rig, names: readonly string[]): void {
  const document = parseDocument(rig.read('lab.yaml'))
  const experiments = document.get('experiments')
  if (!isMap(experiments)) throw new Error('lab.yaml has no experiments')
  experiments.items = experiments.items.filter(({ key }) => names.includes(String(key)))
  rig.write('lab.yaml', String(document))
}

const lab = new Rig()
let all: readonly Ended[] = []

beforeAll(async () => {
  keepExperiments(lab, OF_THE_LOG)
  all = (await lab.answer(['run', '--all', '--repeat', '1'])) as Ended[]
})
afterAll(() => lab.remove())

test('a report of all of them is next to the results, with patch, sources and verdicts', () => {
  const report = lab.read('results/index.html')
  for (const { name } of all.filter(({ runs }) => runs.length > 0))
    expect(report).toContain(`data-experiment="${name}"`)
  expect(report).toContain('copyout_giulia')
  expect(report).toContain('readfile.c')
  expect(report).not.toContain('were not kept')
})

const ended = (name: string): Ended => {
  const found = all.find((one) => one.name === name)
  if (found === undefined) throw new Error(`lab.yaml has no experiment ${name}`)
  return found
}

/** The first run of an experiment, all of whose runs must have passed. */
function passed(name: string): Run {
  const { runs, failed } = ended(name)
  expect(failed).toBeUndefined()
  // The lines say what did not hold.
  const bad = runs.filter(({ manifest }) => manifest.verdict !== 'passed')
  expect(bad.map(({ manifest: { verdict, expectations } }) => ({ verdict, expectations }))).toEqual([])
  const [first] = runs
  if (first === undefined) throw new Error(`${name} has no run`)
  expect(first.manifest.expectations.length).toBeGreaterThan(0)
  return first
}

const text = ({ dir }: Run, name: string) => readFileSync(join(dir, name), 'utf8')
const json = (run: Run, name: string): unknown => JSON.parse(text(run, name))
const probes = (run: Run) =>
  (json(run, 'probes.json') as { programs: { program: string; section: string; hits: number; missed: number }[] })
    .programs
/** What the lab says about the expectations that held. */
const said = ({ manifest }: Run) => manifest.expectations.flatMap(({ lines }) => lines).join('\n')

test('run --all: every experiment once, in the order of the file', () => {
  expect(all.map(({ name }) => name)).toEqual(OF_THE_LOG)
})

describe('programs of the log', () => {
  test('R-0502-4 hellotrace: prints; a system call has its prefix', () => {
    const hello = probes(passed('hellotrace')).find(({ program }) => program === 'hello_write')
    expect(hello?.section).toMatch(/^kprobe\/(__x64_)?sys_write$/)
    expect(hello?.hits).toBeGreaterThan(0)
  })

  test('tracex1: packets on the loopback device, read through an argument', () => {
    passed('tracex1')
  })

  test('R-0801-1 passfd: the descriptor of the user side is that of both maps', () => {
    const run = passed('passfd')
    const [, here, there] = /^fd: (\d+) here, (\d+) in the map$/m.exec(text(run, 'stdout')) ?? []
    expect(here).toBe(there)
    const maps = JSON.stringify(json(run, 'maps.json'))
    for (const name of ['wanted_fd', 'seen_fd']) expect(maps).toContain(name)
  })

  test('R-1201-1 passfd: the pid is in the map, and read back, before the workload starts', () => {
    const run = passed('passfd')
    const lines = text(run, 'holder.ndjson').trim().split('\n')
    const events = lines.map((line) => JSON.parse(line) as { event: string })
    const at = (name: string) => events.findIndex(({ event }) => event === name)
    expect(at('slot')).toBeGreaterThanOrEqual(0)
    expect(at('slot')).toBeLessThan(at('started'))
    expect(lines[at('slot')]).toContain('target')
  })

  test('R-1301-2 observer: the collector does not satisfy a filter by descriptor, though no pid protects from it', () => {
    const { manifest } = passed('observer')
    expect(manifest.others.map(({ comm }) => comm).filter((comm) => /holder|trace-cmd|^cat$/.test(comm))).toEqual([])
  })

  test('R-1101-1 readbuff: stdout, trace and maps of one run stand together', () => {
    const { dir } = passed('readbuff')
    for (const name of ['stdout', 'trace.dat', 'events.parquet', 'maps.json'])
      expect(existsSync(join(dir, name)), name).toBe(true)
  })

  test.each([['readbuff'], ['buffermap']])(
    'R-1101-2 %s: buffer and byte are the same in the program, in the map and in the messages',
    (name) => {
      const out = text(passed(name), 'stdout')
      expect(out).toMatch(/^buffer: (0x[0-9a-f]+) here, \1 in the map$/m)
      expect(out).toMatch(/^byte: 31 here, 31 in the map$/m)
    },
  )

  test.each([['syscall_tp'], ['open_tp'], ['cpustat'], ['sampleip']])(
    'R-0801-2 %s: attaches, is hit and counts',
    (name) => {
      expect(probes(passed(name)).some(({ hits }) => hits > 0)).toBe(true)
    },
  )

  test('R-0801-2 ibumad: is skipped, with the reason', () => {
    expect(ended('ibumad')).toMatchObject({ runs: [], skipped: expect.stringContaining('InfiniBand') as string })
  })

  test('R-1301-3 open_tp: the first file of a process is fd 3', () => {
    expect(text(passed('open_tp'), 'stdout')).toMatch(/^open \/data\/f = 3\nopen \/data\/f = 4\n/)
  })
})

describe('what the log wanted and could not do', () => {
  test('readchar: the bytes that copyout copies are those of the file', () => {
    expect(text(passed('readchar'), 'stdout')).toBe(
      'here 31 20 32 20 33 20 34 20 35 20 36 20 37 20 38 20, in the kernel 31 20 32 20 33 20 34 20 35 20 36 20 37 20 38 20\n',
    )
  })

  test('checksum: of a short buffer and of one that is longer than a page', () => {
    passed('checksum')
    expect(ended('checksum').runs.map(({ manifest }) => manifest.arm.name)).toEqual(['bytes=16', 'bytes=10000'])
  })

  test.each([['only-process'], ['only-file'], ['only-buffer']])('%s: is followed and nothing else', (name) => {
    const run = passed(name)
    const copyout = probes(run).find(({ program }) => program === 'copyout')
    expect(copyout?.hits).toBeGreaterThanOrEqual(4)
  })

  test('pathtime: every function of the path, with durations that fit into each other', () => {
    const out = text(passed('pathtime'), 'stdout')
    expect(out.match(/^function \d took \d+ ns$/gm)?.length).toBeGreaterThanOrEqual(5)
    expect(out).toContain('each inside the one before')
  })
})

test('R-2601-1 calltree: the calls of a read inside each other, and what cannot be among them', () => {
  const run = passed('calltree')
  expect(said(run)).toContain('vfs_read > ext4_file_read_iter > generic_file_read_iter')
  expect(text(run, 'graph.txt')).toMatch(/^# Not in the tree, and called all the same \(a probe fired\): .*_giulia/m)
})

describe('mistakes of the log', () => {
  test('R-0601-4, R-0701-1 section-slash: a section that the loader does not know', () => {
    expect(said(passed('section-slash'))).toContain('/tracepoint/syscalls/sys_enter_read')
  })

  test('R-0701-2 no-null-check, wide-access: the verifier rejects them in the words of the log', () => {
    expect(said(passed('no-null-check'))).toContain("R0 invalid mem access 'map_value_or_null'")
    expect(said(passed('wide-access'))).toContain('invalid access to map value, value_size=4 off=0 size=8')
  })

  test('R-2201-1 direct-access: the verifier knows an argument only as a number', () => {
    expect(said(passed('direct-access'))).toMatch(/R\d invalid mem access '(inv|scalar)'/)
  })

  test('R-1901-1 inlined: there is nothing to probe', () => {
    passed('inlined')
  })

  test('R-0502-2 notrace: without the option the kernel refuses, and says so in dmesg', () => {
    const run = passed('notrace')
    expect(text(run, 'dmesg')).toMatch(/trace_kprobe: Could not probe notrace function \w+_giulia/)
    expect(run.manifest.guest.bootId).not.toBe(passed('hellotrace').manifest.guest.bootId)
  })

  test('R-1701-2 printk-char: it ran, and its message never came', () => {
    expect(probes(passed('printk-char'))[0]?.hits).toBe(2)
  })

  test('R-1601-4 array-map: a delete from an array fails', () => {
    passed('array-map')
  })

  test('R-1201-2 key-range: a slot beyond max_entries stops the run before the workload', () => {
    expect(passed('key-range').manifest.workload.status).toBeNull()
  })

  test('probe-in-probe: missed and not hit', () => {
    const helper = probes(passed('probe-in-probe')).find(({ program }) => program === 'helper')
    expect([helper?.hits, helper?.missed]).toEqual([0, 2])
  })
})

test('R-1101-2 an expectation that does not hold fails the run: another pid in the map, another byte in the file', async () => {
  const rig = new Rig()
  try {
    rig.edit('lab.yaml', "maps: { target: '${workload.pid}' }", 'maps: { target: 1 }')
    rig.edit('lab.yaml', "value: '1', as: char", "value: '2', as: char")
    const runs = (await rig.answer(['run', 'passfd', 'readbuff'])) as Run[]
    expect(runs.map(({ manifest: { verdict } }) => verdict)).toEqual(['failed', 'failed'])
  } finally {
    rig.remove()
  }
})

test('R-0801-2 ibumad: run by name all the same, it says what the kernel lacks', async () => {
  const { status, stderr } = await lab.lab(['run', 'ibumad'])
  expect(status).toBe(2)
  expect(stderr).toContain('the kernel has no trace event ib_umad/ib_umad_read_recv')
})
