import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { userError } from '../engine/error.ts'
import {
  eachLine,
  explainedFailure,
  explainedRuns,
  explainedText,
  explainFile,
  explainRun,
  explainStream,
} from './explain.ts'
import { lossLedger } from '../trace/events/loss.ts'
import { Findings } from '../linux/explain/finding.ts'
import { tempDir } from '../test/temp-dir.ts'

const NOTRACE = 'trace_kprobe: Could not probe notrace function copyout'
// oxlint-disable-next-line require-await
async function* pieces(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array, void> {
  for (const part of parts) yield Buffer.from(part)
}
const signal = new AbortController().signal

test('lines come out whole, however the bytes are cut', async () => {
  const lines: string[] = []
  const text = Buffer.from('one\ntwo é\n\nlast')
  await eachLine(pieces(...Array.from(text, (byte) => Uint8Array.of(byte))), (line) => lines.push(line))
  expect(lines).toEqual(['one', 'two é', '', 'last'])
})

test('a line without end does not fill the memory, and the next one is read', async () => {
  const lines: string[] = []
  await eachLine(pieces('x'.repeat(700_000), 'y'.repeat(700_000), '\nend'), (line) => lines.push(line))
  expect(lines.map(({ length }) => length)).toEqual([2 ** 20, 3])
})

test('binary junk around a message hides neither it nor its line', async () => {
  const junk = Uint8Array.from({ length: 5000 }, (_, i) => (i * 37) % 256)
  const { findings } = await explainStream('-', pieces(junk, `\n[ 1.0] ${NOTRACE}\n`, junk))
  expect(findings.map(({ rule }) => rule)).toEqual(['notrace'])
  expect(findings[0]?.lines[0]).toBe(Buffer.from(junk).filter((byte) => byte === 10).length + 2)
})

test('what a log holds is shown escaped', async () => {
  const { findings } = await explainStream('-', pieces(`\u0007\u202e ${NOTRACE}`))
  expect(explainedText([{ source: '-', lines: 1, findings, more: 0 }])).toMatch(/\\x07\\u202e trace_kprobe/)
})

test('an explanation says how sure it is, what else to try and what it rests on', () => {
  const found = new Findings()
  found.add(
    {
      rule: 'r',
      what: 'w',
      cause: 'the map is too small',
      fixes: ['enlarge it', 'use a hash'],
      confidence: 'likely',
      otherwise: 'dmesg',
      sources: ['kernel/bpf/arraymap.c'],
    },
    [3],
  )
  found.add({ rule: 's', what: 'plain', cause: 'known' }, [4])
  const findings = found.list()
  expect(explainedText([{ source: '-', lines: 4, findings, more: 0 }]).split('\n')).toEqual([
    'r, line 3: w',
    '  why (likely): the map is too small',
    '  do:  enlarge it',
    '  or:  use a hash',
    '  if that is not it: dmesg',
    '  see: kernel/bpf/arraymap.c',
    '',
    's, line 4: plain',
    '  why: known',
  ])
  expect(findings[1]).toMatchObject({ fixes: [], confidence: 'certain', sources: [] })
})

test('a file that cannot be read is wrong input', async () => {
  await expect(explainFile(join(tempDir(), 'none'))).rejects.toThrow('ENOENT')
})

test('a run: the logs inside the holder’s JSON count, and dmesg and console say a thing once', async () => {
  const dir = tempDir()
  const log = "0: (71) r5 = *(u8 *)(r4 +0)\nR4 invalid mem access 'inv'\n"
  writeFileSync(join(dir, 'holder.ndjson'), `${JSON.stringify({ event: 'load-failed', log })}\nno json\n`)
  for (const name of ['dmesg', 'console.log']) writeFileSync(join(dir, name), `[ 1.0] ${NOTRACE}\n`)
  const text = await explainedRuns([dir, dir], signal)
  expect(text.match(/notrace, line/g)?.length).toBe(1)
  expect(text.match(/verifier: not-a-pointer/g)?.length).toBe(1)
})

test('messages of a guest that are older than the run are marked so', async () => {
  const dir = tempDir()
  const crash = (name: string) =>
    `[ 1.0] ${name}[141]: segfault at 0 ip 000000000040154c sp 00007ffc10a428c0 error 6 in x`
  writeFileSync(join(dir, 'holder.ndjson'), '{"event":"log","line":2,"lost":0,"taintBefore":0,"taint":0}\n')
  writeFileSync(join(dir, 'dmesg'), `${crash('older')}\n${crash('own')}\n`)
  writeFileSync(join(dir, 'console.log'), `${crash('older')}\n`)
  const found = (await explainRun(dir, signal)).flatMap(({ findings }) => findings.map(({ what }) => what))
  expect(found).toEqual([
    expect.stringMatching(/^older crashed.* \(before this run\)$/),
    expect.stringMatching(/^own crashed(?!.*before this run)/),
  ])
})

test('the log of a build says what the failure does not', async () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'logs'))
  const log = join(dir, 'logs', 'make.log')
  writeFileSync(log, 'FAILED: load BTF from vmlinux: Invalid argument\n')
  const found = await explainedFailure(userError({ fact: 'make failed', log }), signal)
  expect(found.map(({ rule }) => rule)).toEqual(['BTF of the kernel cannot be made'])
  expect(await explainedFailure(new Error('other'), signal)).toEqual([])
})

test('a run’s own reasons stand first, and not in what `lab run` adds to them', async () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ trace: { reasons: ['copyout printed nothing'] } }))
  expect(explainedText(await explainRun(dir, signal))).toContain('the run: copyout printed nothing')
  expect(await explainedRuns([dir], signal)).toBe('')
})

test.each([
  ['mono', []],
  ['local', ['clock of the trace', 'the clock of the machine is not stable']],
  ['x86-tsc', ['the clock of the machine is not stable']],
])('messages of the boot about a clock are findings only where the trace uses it: %s', async (clock, rules) => {
  const dir = tempDir()
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ trace: { reasons: [], clock } }))
  const unstable = 'Unstable clock detected, switching default tracing clock to "global"'
  writeFileSync(
    join(dir, 'dmesg'),
    `[ 1.0] ${unstable}\n[ 1.1] tsc: Marking TSC unstable due to clocksource watchdog\n`,
  )
  const found = (await explainRun(dir, signal)).flatMap(({ findings }) => findings.map(({ rule }) => rule))
  expect(found).toEqual(rules)
})

test('a jump of the clock is a finding whatever the clock', async () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ trace: { reasons: [], clock: 'mono' } }))
  writeFileSync(join(dir, 'dmesg'), '[ 1.0] Delta way too big! 1234567\n')
  expect(explainedText(await explainRun(dir, signal))).toContain('clock of the trace')
})

test('programs that were not run: the run says what to do, and explain says why', async () => {
  const dir = tempDir()
  const { reasons } = lossLedger({
    stats: [],
    missed: [{ program: 'p', missed: 0, section: 'kprobe/f', skipped: 35 }],
    markers: [],
    notUnderstood: 0,
  })
  expect(reasons[0]).toMatch(/^35: times a BPF program was not run.*: `retries: 2`/)
  // A result of an earlier version has the sentence without its way out.
  const old = '35: times a BPF program was not run, because another one was running on that CPU'
  for (const reason of [reasons[0], old]) {
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ trace: { reasons: [reason] } }))
    expect(explainedText(await explainRun(dir, signal))).toMatch(/why: .*\n {2}do: .*retries: 2[^]*fentry/)
  }
})

test('a stream that never ends is given up', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield await Promise.resolve(Buffer.alloc(1000))
  }
  const read = eachLine(endless(), () => undefined, undefined, 10_000)
  await expect(read).rejects.toThrow('more than 10000 bytes of text')
})
