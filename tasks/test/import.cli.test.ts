/**
 * The whole program on traces from elsewhere: import, look, ask; and a recording that was cut short. Needs trace-cmd.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { which } from '../host/which.ts'
import { LOG } from '../linux/ftrace/trace-log.fixture.ts'
import { recording } from './recording.ts'
import { Rig } from './rig.ts'
import { needs } from './needs.ts'

const rig = new Rig(false)
afterAll(() => rig.remove())

const RECORDING = recording([Buffer.from('one'), Buffer.from('caf\xe9', 'latin1'), Buffer.from('two')])
const put = (name: string, bytes: Buffer | string): string => {
  writeFileSync(join(rig.dir, name), bytes)
  return name
}

beforeAll(async () => {
  expect((await rig.lab(['init', '.'])).status).toBe(0)
})

test('a log with traces in it: imported, listed, shown, asked', async () => {
  const notes = Object.entries(LOG).flatMap(([day, lines]) => [
    `### ${day}`,
    'notes of the day',
    '```',
    ...lines,
    '```',
  ])
  put('log.md', notes.join('\n'))
  const { status, stdout } = await rig.lab(['import', 'log.md', '--name', 'notes'])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^60 events from \d+ lines \(print 60\)$/m)
  expect(stdout).toMatch(/^not understood: 33 lines$/m)
  expect((await rig.lab(['results'])).stdout).toMatch(/ imported +notes +.*unknown /)
  expect((await rig.lab(['results', 'show', 'last'])).stdout).toMatch(/^imported +log\.md \(text/m)
  expect((await rig.lab(['trace', 'last', '--comm', 'sshd'])).stdout.match(/sshd-/g)).toHaveLength(3)
  const asked = await rig.lab([
    'query',
    "SELECT comm, count(*) AS n FROM events WHERE comm = 'cat' GROUP BY 1",
    '--csv',
  ])
  expect(asked.stdout).toBe('comm,n\ncat,6\n')
})

test('standard input, and a capture as a run of an experiment: an arm that holds is enough', async () => {
  // The messages that the experiment of `lab init` expects of each read.
  const messages = [
    'vfs_read: 8 bytes of f',
    'ext4_file_read_iter: inode 12',
    'filemap_read: from byte 0, 1 pages in the cache',
  ]
  const reads = [1, 2, 3].map((read) =>
    messages
      .map((message, at) => `        readfile-95    [000] d... 1.0000${read}${at}: bpf_trace_printk: ${message}\n`)
      .join(''),
  )
  put('reads.txt', reads.join(''))
  const whole = await rig.lab(['import', 'reads.txt', '--as', 'hello'])
  expect(whole.stdout).toMatch(/as hello: 1 process called readfile\n {2}arm bytes=8.*\n {2}3 whole reads\n {2}holds: /)
  expect(whole.stdout).toMatch(/arm bytes=16.*\n.*\n {2}does not hold: /)
  expect(whole.status).toBe(0)
  put('short.txt', reads.slice(1).join(''))
  expect((await rig.lab(['import', 'short.txt', '--as', 'hello'])).status).toBe(1)
  expect((await rig.lab(['import', 'short.txt', '--as', 'nothing'])).status).toBe(2)
  const command = `cat reads.txt | ${join(TOOL_ROOT, 'lab')} import - --name piped`
  const piped = spawnSync('sh', ['-c', command], { cwd: rig.dir, encoding: 'utf8' })
  expect([piped.status, piped.stdout]).toEqual([0, expect.stringContaining('9 events from 9 lines')])
})

test.each([
  ['an ELF program', () => readFileSync(process.execPath).subarray(0, 100_000), /an ELF program for x86-64/],
  ['a picture', () => Buffer.from('\x89PNG\r\n\x1a\n\0\0', 'latin1'), /a PNG picture/],
  ['nothing', () => Buffer.alloc(0), /it is empty/],
])('%s is named: exit 2, no stack', async (_, bytes, text) => {
  const { status, stderr } = await rig.lab(['import', put('wrong', bytes())])
  expect(status).toBe(2)
  expect(stderr).toMatch(text)
  expect(stderr).not.toMatch(/^\s+at /m)
})

describe('a trace.dat', needs(which('trace-cmd') !== undefined, 'there is no trace-cmd (package trace-cmd)'), () => {
  test('gives its events with flags, clock, kernel and loss counters', async () => {
    const data = (await rig.answer(['import', put('whole.dat', RECORDING), '--name', 'dat'])) as Record<string, unknown>
    expect(data['trace']).toMatchObject({ events: 3, clock: 'mono', completeness: 'complete' })
    const rows = await rig.answer([
      'query',
      "SELECT release, comm, flags, message, hex(raw) AS raw FROM events JOIN runs USING (run) WHERE experiment = 'dat'",
    ])
    expect(rows).toMatchObject({
      rows: [
        { release: '5.10.223', comm: 'readiter', flags: expect.stringMatching(/^d\.\.\./), message: 'one', raw: null },
        { message: String.raw`caf\xe9`, raw: '636166E9' },
        { message: 'two' },
      ],
    })
  })

  test('of version 7, compressed, is read as one of version 6', async () => {
    put('six.dat', RECORDING)
    const { status } = spawnSync('trace-cmd', ['convert', '-i', 'six.dat', '-o', 'seven.dat', '--file-version', '7'], {
      cwd: rig.dir,
    })
    expect(status).toBe(0)
    const seven = (await rig.answer(['import', 'seven.dat', '--name', 'seven'])) as Record<string, unknown>
    expect(seven['trace']).toMatchObject({ events: 3, clock: 'mono', completeness: 'complete' })
    expect(seven['imported']).toMatchObject({ form: 'trace.dat version 7' })
    const bytes = readFileSync(join(rig.dir, 'seven.dat'))
    put('cut.dat', bytes.subarray(0, Math.floor(bytes.length / 2)))
    expect((await rig.lab(['import', 'cut.dat', '--name', 'cut'])).status).toBe(2)
  })

  test.each([0.002, 0.1, 0.5, 0.9, 0.999])(
    'that was cut to %d of its size is said to be, and leaves nothing',
    async (part) => {
      put('cut.dat', RECORDING.subarray(0, Math.floor(RECORDING.length * part)))
      const { status, stderr } = await rig.lab(['import', 'cut.dat', '--name', 'cut'])
      expect([status, stderr]).toEqual([2, expect.stringMatching(/cut short|cannot be read|no trace|no line/)])
      expect((await rig.lab(['query', "FROM runs WHERE experiment = 'cut'"])).stdout.trim().split('\n')).toHaveLength(1)
    },
  )
})

describe('R-2601-2: one capture under several names', () => {
  test('is recognised by its file and by its events, keeps what is known of it, and lab diff says so', async () => {
    await rig.answer(['import', put('old.dat', RECORDING), '--name', 'old'])
    const { stdout } = await rig.lab(['import', put('new.dat', RECORDING), '--name', 'new'])
    expect(stdout).toMatch(/^IDENTICAL CAPTURE: this very file is in \S+ \S+ already\n  made there: Linux 5\.10\.223/)
    // Rendered again: another file, without a release in it.
    const report = spawnSync('trace-cmd', ['report', 'old.dat'], { cwd: rig.dir }).stdout
    const data = (await rig.answer(['import', put('again.txt', report), '--name', 'again'])) as Record<string, unknown>
    expect(data['imported']).toMatchObject({
      sameCaptureAs: { by: 'events', provenance: { release: '5.10.223' } },
    })
    const { stdout: shown, status } = await rig.lab(['diff', 'old', 'new'])
    expect([status, shown]).toEqual([0, expect.stringMatching(/IDENTICAL CAPTURES: the same raw file/)])
    expect((await rig.lab(['diff', 'new', 'again'])).stdout).toMatch(/IDENTICAL CAPTURES: every event is the same/)
  })

  test('another recording is another capture, with an exit code for scripts', async () => {
    const one = recording(['a', 'b', 'c'].map((text) => Buffer.from(text)))
    const other = recording(['a', 'b', 'x'].map((text) => Buffer.from(text)))
    expect((await rig.lab(['import', put('abc.dat', one), '--name', 'abc'])).stdout).not.toMatch(/IDENTICAL/)
    expect((await rig.lab(['import', put('abx.dat', other), '--name', 'abx'])).stdout).not.toMatch(/IDENTICAL/)
    const { stdout, status } = await rig.lab(['diff', 'abc', 'abx', '--exit-code'])
    expect(stdout).toMatch(/^messages +differ from message 3 on/m)
    expect(status).toBe(1)
    expect((await rig.lab(['diff', 'abc', 'abc'])).stderr).toMatch(/are the same run/)
    expect((await rig.lab(['diff', 'abc'])).stderr).toMatch(/no run of abc .*is older/)
  })
})
