/**
 * The figures of import and query, as ratios taken in one run: `npm run bench:data`. CPU seconds besides wall clock,
 * because a machine that does something else meanwhile is slow on one side of a ratio only. Needs trace-cmd; takes two
 * minutes and 3 GB of disk.
 */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TOOL_ROOT } from '../commands/shared/session.ts'
import { eachLine } from '../import/lines.ts'
import { TraceParser } from '../linux/ftrace/trace-line.ts'
import { recording } from './recording.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)
const EVENTS = 1_000_000
const RUNS = 10_000
const MESSAGES = [
  'ext4 file read',
  'generic file read',
  'copy_page_to_iter',
  'copy_page_to_iter_iovec',
  'entering copyout',
  'copyout to 0x12b96e0 from 0xffff8880036e0000 len 16',
].map((text) => Buffer.from(text))
const dir = mkdtempSync(join(tmpdir(), 'lab-bench-'))

interface Took {
  readonly wall: number
  readonly cpu: number
  /** kB. */
  readonly rss: number
}

/** GNU time measures the process and all that it waited for. */
function took(argv: readonly string[], stdout?: string): Took {
  const report = join(dir, 'time')
  const line = stdout === undefined ? 'exec "$@" >/dev/null' : `exec "$@" >'${stdout}'`
  const { status, stderr } = spawnSync(
    '/usr/bin/time',
    ['-f', '%e %U %S %M', '-o', report, 'sh', '-c', line, 'sh', ...argv],
    { cwd: dir, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
  const [wall = 0, user = 0, system = 0, rss = 0] = readFileSync(report, 'utf8').trim().split(' ').map(Number)
  return { wall, cpu: user + system, rss }
}

const lab = (...args: string[]): Took => took([join(TOOL_ROOT, 'lab'), ...args])
const seconds = ({ wall, cpu }: Took): string => `${wall.toFixed(2)} s (CPU ${cpu.toFixed(2)} s)`
const rate = (events: number, seconds: number): string => `${Math.round(events / seconds / 1000)} k events/s`
const ratio = (ours: number, theirs: number): string => (theirs / ours).toFixed(2)

async function parseOnly(file: string): Promise<Took & { readonly events: number }> {
  let events = 0
  const none = () => undefined
  const parser = new TraceParser({ event: () => events++, lost: none, other: none })
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  await eachLine(file, { line: (line) => parser.take(line), tooLong: none }, { signal: new AbortController().signal })
  const { user, system } = process.cpuUsage(cpu)
  return { wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6, rss: 0, events }
}

try {
  took([join(TOOL_ROOT, 'lab'), 'init', '.'])
  const [dat, text, large] = ['big.dat', 'big.txt', 'large.txt'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(
    dat,
    recording(Array.from({ length: EVENTS }, (_, index) => MESSAGES[index % MESSAGES.length] ?? Buffer.alloc(0))),
  )
  const reported = took(['trace-cmd', 'report', '-i', dat], text)
  const parsed = await parseOnly(text)
  if (parsed.events !== EVENTS) throw new Error(`${parsed.events} events of ${EVENTS}`)
  const imported = lab('import', text, '--name', 'text')
  const recorded = lab('import', dat, '--name', 'dat')
  say(`trace-cmd report                ${rate(EVENTS, reported.wall)} (${rate(EVENTS, reported.cpu)} of CPU)`)
  say(
    `text of it read                 ${rate(EVENTS, parsed.wall)}, ratio ${ratio(parsed.wall, reported.wall)} (CPU ${ratio(parsed.cpu, reported.cpu)})   (>= 1)`,
  )
  say(
    `lab import, with Parquet        ${rate(EVENTS, imported.wall)}, ratio ${ratio(imported.wall, reported.wall)} (CPU ${ratio(imported.cpu, reported.cpu)})   (>= 0.5)`,
  )
  say(`lab import of the trace.dat     ${rate(EVENTS, recorded.wall)}`)
  for (const format of ['perfetto', 'csv']) {
    const exported = lab('trace', 'last', `--${format}`, join(dir, 'exported'))
    say(
      `lab trace --${format.padEnd(8)}             ${rate(EVENTS, exported.wall)}, ratio ${ratio(exported.wall, reported.wall)}, ${(exported.rss / 1024).toFixed(0)} MiB`,
    )
  }
  rmSync(join(dir, 'exported'))
  const report = lab('report', 'text')
  const pageBytes = statSync(join(dir, 'results/text.html')).size
  say(
    `lab report of ${EVENTS / 1e6} M events        ${seconds(report)}, ${(report.rss / 1024).toFixed(0)} MiB, page of ${(pageBytes / 1e6).toFixed(2)} MB   (<= 1.5 s CPU, <= 200 MB, <= 5 MB)`,
  )
  const copies = Math.ceil(1e9 / statSync(text).size)
  for (let copy = 0; copy < copies; copy++) appendFileSync(large, readFileSync(text))
  const gigabyte = lab('import', large, '--name', 'large')
  say(
    `lab import of ${(statSync(large).size / 1e9).toFixed(2)} GB of text    ${gigabyte.wall.toFixed(0)} s, ${(gigabyte.rss / 1024).toFixed(0)} MiB   (<= 400)`,
  )
  rmSync(large)
  const millions = ((copies + 2) * EVENTS) / 1e6
  const query = lab('query', 'SELECT count(*) FROM events')
  say(`lab query, count of ${millions} M events   ${seconds(query)}   (<= 1 s)`)
  const [run = ''] = readdirSync(join(dir, 'results/text'))
  for (let index = 0; index < RUNS; index++) {
    const place = join(dir, `results/many-${index % 10}/20260101-000000-${index}`)
    mkdirSync(place, { recursive: true })
    copyFileSync(join(dir, 'results/text', run, 'manifest.json'), join(place, 'manifest.json'))
  }
  const first = lab('results')
  say(`lab results, ${RUNS} runs   ${seconds(lab('results'))}, the first time ${seconds(first)}   (<= 0.5 s)`)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
