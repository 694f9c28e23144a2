import { expect, test } from 'vitest'
import { holderArgv, parseHolderLine, type HolderLine } from './holder.ts'
import { holderFailure } from './holder-failure.ts'

const companion = (facts: object): HolderLine =>
  parseHolderLine(JSON.stringify({ event: 'companion', name: 'cpustat', state: 'ended', ...facts }))
const done = (outcome: string): HolderLine => parseHolderLine(JSON.stringify({ event: 'done', outcome, errno: 0 }))
const failure = (lines: readonly HolderLine[]) =>
  holderFailure(lines, 'experiment x', { askedMs: 5000, factor: 10 }, '')

test('a name that leads out of the result, into which its output is written, is refused', () => {
  expect(companion({ name: 'my script.bt' })).toMatchObject({ name: 'my script.bt' })
  expect(() => companion({ name: 'x/../../../x' })).toThrow('the holder printed an unknown line')
})

test('companions are named on the command line, before the workload', () => {
  const argv = holderArgv({
    holder: 'h',
    dir: 'd',
    clock: 'mono',
    bufferBytes: 1024,
    deadlineMs: 1,
    events: [],
    kprobes: [],
    follow: false,
    objects: [],
    btf: undefined,
    optional: [],
    interfaces: [],
    overwrite: true,
    countRuns: false,
    graph: undefined,
    slots: [],
    before: [],
    companions: ['/run/lab/b/tracex1'],
    modules: [],
    workload: ['w'],
    cwd: undefined,
    env: [],
    hidesTracePipe: false,
    mappings: false,
  })
  expect(argv.slice(-4)).toEqual(['--companion', '/run/lab/b/tracex1', '--', 'w'])
})

test('a sample that ends with a status: its own words, made printable, and what it needs', () => {
  const said = 'failed to open scaling_max_freq, errno=2\n\u001b[2J'
  const found = failure([companion({ status: 1, said }), done('companion failed')])
  expect(found).toMatchObject({
    kind: 'user',
    parts: {
      place: 'experiment x, sample cpustat',
      fact: "the kernel's sample ended with status 1 before the workload was started",
    },
  })
  expect(found?.parts.lines?.[0]).toBe('failed to open scaling_max_freq, errno=2')
  expect(found?.parts.lines?.join('')).not.toContain('\u001b')
  expect(found?.parts.wayOut).toContain('cpufreq')
})

test.each([
  [{ signal: 11 }, 'ended with signal 11'],
  [{ state: 'late', programs: 1 }, 'attached nothing (it holds 1 programs)'],
])('%j: %s', (facts, words) => {
  expect(failure([companion(facts), done('companion failed')])?.parts.fact).toContain(words)
})

test('a sample that ended well is no failure, unless it says that it failed', () => {
  const name = 'syscall_tp'
  expect(failure([companion({ name, status: 0, said: 'prog #0: map ids 4 5\n' }), done('done')])).toBeUndefined()
  expect(
    failure([companion({ name, status: 0, said: 'failed: map #4 returns value 0\n' }), done('done')]),
  ).toMatchObject({
    kind: 'experiment',
    parts: { fact: "the kernel's sample says that it failed" },
  })
})

const ended = (facts: object): HolderLine =>
  parseHolderLine(JSON.stringify({ event: 'companion-ended', early: 0, ...facts }))
const attached = companion({ name: 'a.bt', state: 'attached', programs: 1, status: 0 })

test.each([
  [{ early: 1, status: 1 }, 'bpftrace ended with status 1 while the workload ran'],
  [{ early: 1, signal: 11 }, 'bpftrace ended with signal 11 (SIGSEGV: it touched memory that it has not) while the'],
  [{ status: 1 }, 'bpftrace ended with status 1 when it was interrupted'],
  [{ signal: 9 }, 'bpftrace did not end when it was interrupted, and was killed'],
])('a script that held its programs and could not attach them is a failure: %j', (facts, fact) => {
  const said = 'ERROR: Error attaching probe: kprobe:x\n'
  const found = failure([attached, ended({ name: 'a.bt', said, ...facts }), done('done')])
  expect(found).toMatchObject({ kind: 'user', parts: { place: 'experiment x, script a.bt' } })
  expect(found?.parts.fact).toContain(fact)
  expect(found?.parts.lines).toEqual(['ERROR: Error attaching probe: kprobe:x'])
})

test('what ends well, or a sample that dies of its interruption, is no failure', () => {
  expect(failure([attached, ended({ name: 'a.bt', status: 0 }), done('done')])).toBeUndefined()
  expect(failure([attached, ended({ name: 'a.bt', early: 1, status: 0 }), done('done')])).toBeUndefined()
  expect(failure([ended({ name: 'cpustat', signal: 2 }), done('done')])).toBeUndefined()
  expect(failure([ended({ name: 'cpustat', early: 1, status: 2 }), done('done')])?.kind).toBe('experiment')
})

test('a deadline is reported as it was asked for, with the factor of the emulation', () => {
  const killed = [done('deadline')]
  expect(failure(killed)?.parts.fact).toBe(
    'the workload did not end within its timeout of 5 s (50 s here: 10 times as long, because TCG is slower than KVM) and was killed',
  )
  expect(holderFailure(killed, 'experiment x', { askedMs: 5000, factor: 1 }, '')?.parts.fact).toBe(
    'the workload did not end within its timeout of 5 s and was killed',
  )
})
