/** The whole program on traces from elsewhere: import, look, ask; and a recording that was cut short. Needs trace-cmd. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { which } from '../host/tool-version.ts'
import { traceDat } from '../linux/trace-dat.ts'
import { LOG } from '../linux/trace-log.fixture.ts'
import { Rig } from './rig.ts'

const rig = new Rig(false)
afterAll(() => rig.remove())

/** Fields of every event, and of one whose only other field is a text (format files of 5.10). */
const field = (type: string, offset: number, size: number, signed = 0) =>
  `\tfield:${type};\toffset:${offset};\tsize:${size};\tsigned:${signed};\n`
const COMMON = [
  field('unsigned short common_type', 0, 2),
  field('unsigned char common_flags', 2, 1),
  field('unsigned char common_preempt_count', 3, 1),
  field('int common_pid', 4, 4, 1),
].join('')
const PRINTK = `name: bpf_trace_printk\nID: 361\nformat:\n${COMMON}\n${field('__data_loc char[] bpf_string', 8, 4, 1)}\nprint fmt: "%s", __get_str(bpf_string)\n`
const HEADER_PAGE = [
  field('u64 timestamp', 0, 8),
  field('local_t commit', 8, 8, 1),
  field('int overwrite', 8, 1, 1),
  field('char data', 16, 4080, 1),
].join('')
const HEADER_EVENT = `# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n`

/** A record of the ring buffer: length in words and time since the one before, then the event. */
function record(text: Buffer, delta: number): Buffer {
  const size = Math.ceil((12 + text.length + 1) / 4) * 4
  const bytes = Buffer.alloc(4 + size)
  bytes.writeUInt32LE((size / 4) | (delta << 5), 0)
  bytes.writeUInt16LE(361, 4)
  bytes[6] = 1
  bytes.writeInt32LE(123, 8)
  bytes.writeUInt32LE(12 | ((text.length + 1) << 16), 12)
  text.copy(bytes, 16)
  return bytes
}

function dat(...texts: Buffer[]): Buffer {
  const records = Buffer.concat(texts.map((text) => record(text, 1000)))
  const page = Buffer.alloc(4096)
  page.writeBigUInt64LE(1_000_000_000_000n, 0)
  page.writeBigUInt64LE(BigInt(records.length), 8)
  records.copy(page, 16)
  const stats = `entries: 0\noverrun: 0\ncommit overrun: 0\nbytes: 0\ndropped events: 0\nread events: ${texts.length}\n`
  return Buffer.concat(
    traceDat({
      meta: {
        headerPage: Buffer.from(HEADER_PAGE),
        headerEvent: Buffer.from(HEADER_EVENT),
        formats: new Map([['bpf_trace', new Map([['bpf_trace_printk', Buffer.from(PRINTK)]])]]),
        ...{ kallsyms: Buffer.alloc(0), printkFormats: Buffer.alloc(0) },
      },
      ...{
        cpus: [page],
        stats: [stats],
        cmdlines: '123 readiter\n',
        clock: 'mono',
        uname: 'Linux version 5.10.223 (lab@lab)',
      },
    }),
  )
}

const RECORDING = dat(Buffer.from('one'), Buffer.from('caf\xe9', 'latin1'), Buffer.from('two'))
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
  expect((await rig.lab(['results'])).stdout).toMatch(/ notes .* imported +unknown /)
  expect((await rig.lab(['results', 'show', 'last'])).stdout).toMatch(/^imported +log\.md \(text/m)
  expect((await rig.lab(['trace', 'last', '--comm', 'sshd'])).stdout.match(/sshd-/g)).toHaveLength(3)
  const asked = await rig.lab([
    'query',
    "SELECT comm, count(*) AS n FROM events WHERE comm = 'cat' GROUP BY 1",
    '--csv',
  ])
  expect(asked.stdout).toBe('comm,n\ncat,6\n')
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

describe.skipIf(which('trace-cmd') === undefined)('a trace.dat', () => {
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
