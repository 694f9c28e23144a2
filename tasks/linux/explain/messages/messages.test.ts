/** Each row of the tables, on a line as its program prints it; and what must not be taken for a message. */
import { describe, expect, test } from 'vitest'
import { explainText } from '../index.ts'
import { Needles } from '../needles.ts'
import { ATTACH, BOOT, BUILD, LOAD, MORE, POSTED, SECOND, SHELL, SYSTEMS, TRACES } from './examples.fixture.ts'
import { PRINTED } from './build-compat.ts'
import { COMPAT } from '../../kbuild/compat.ts'
import { errnoOf, numberOf } from './errno.ts'
import { ROWS } from './index.ts'
import { PRINTF_ROWS, PRINTF_TABLES } from './printf-tables.ts'
import { formatsOf, sampleOf } from './printf.ts'
import { SCRIPT_KIND } from './bpftrace-script.ts'
import { answerOf } from './row.ts'
import { Context } from './seen.ts'

const EXAMPLES = [...ATTACH, ...LOAD, ...BUILD, ...BOOT, ...SHELL, ...POSTED, ...MORE, ...TRACES, ...SECOND, ...SYSTEMS]

describe('each message has its answer', () => {
  test.each(EXAMPLES)('%s', (text, rule, says) => {
    const found = explainText(`before\n${text}\nafter`).filter((finding) => finding.rule === rule)
    expect(found).toHaveLength(1)
    const { what = '', cause = '', fixes = [], otherwise = '' } = found[0] ?? {}
    expect([what, cause, ...fixes, otherwise].join('\n')).toMatch(says)
  })
})

test('every row is the one that answers some line: none is dead or hidden by another', () => {
  const answering = EXAMPLES.flatMap(([text]) => {
    const context = new Context()
    let number = 1
    return text.split('\n').flatMap((line) => {
      context.feed(line, number++)
      const row = ROWS.find((one) => {
        const match = one.pattern.exec(line)
        return match !== null && answerOf(one, match, context) !== undefined
      })
      return row === undefined ? [] : [row]
    })
  })
  expect(
    ROWS.filter((row) => !answering.includes(row) && !PRINTF_ROWS.includes(row)).map(
      ({ rule, pattern }) => `${rule}: ${pattern.source}`,
    ),
  ).toEqual([])
})

test.each(PRINTF_TABLES.flatMap(({ sample, kinds }) => kinds.map((kind) => [kind.rule, sample, kind] as const)))(
  'each format of %s is found where its program prints it (%s)',
  (_, sample, kind) => {
    const silent = formatsOf(kind).filter(
      (format) => explainText(`before\n${sample}${sampleOf(format)}\nafter`).length === 0,
    )
    expect(silent).toEqual([])
  },
)

test('each mistake of a script is found without its place, too', () => {
  const silent = formatsOf(SCRIPT_KIND).filter((format) => explainText(`before\n${sampleOf(format)}`).length === 0)
  expect(silent).toEqual([])
})

test('a message that goes on as a sentence is none, and an error that has no table means what it means anywhere', () => {
  expect(explainText('libbpf: failed to open x: as we said in the book')).toEqual([])
  const [found] = explainText("libbpf: prog 'p': failed to load: -12")
  expect(found).toMatchObject({
    rule: 'program cannot be loaded',
    cause: expect.stringContaining('no memory for the program'),
  })
  const [other] = explainText('libbpf: failed to mkdir /sys/fs/bpf/x: Operation not permitted')
  expect(other?.cause).toMatch(/cannot read or write.*CAP_BPF/)
})

test('the needle of a row is in every line that its pattern matches here', () => {
  for (const [text] of EXAMPLES)
    for (const line of text.split('\n'))
      for (const { rule, needle, pattern } of ROWS)
        if (pattern.test(line))
          expect(
            [needle].flat().some((one) => line.includes(one)),
            `${rule}: ${line}`,
          ).toBe(true)
})

test('every answer says why; what to do, unless nothing is wrong', () => {
  for (const [text, rule] of EXAMPLES)
    for (const { cause, fixes } of explainText(text).filter((one) => one.rule === rule)) {
      expect(cause, text).toMatch(/\w{3}/)
      if (rule !== 'kernel version in the object') expect(fixes.length, text).toBeGreaterThan(0)
    }
})

test('each row of the compat table has the messages that show it, or is known to have none', () => {
  expect(Object.keys(PRINTED).toSorted()).toEqual(COMPAT.map(({ name }) => name).toSorted())
})

test('a kernel that says that it is newer has another flaw than that of an old kernel', () => {
  const panic =
    '[ 0.2] Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: start_kernel+0x1f5/0x210'
  const of = (version: string) => explainText(`[ 0.1] Linux version ${version} (x)\n${panic}`)[0]?.cause ?? ''
  expect(of('5.4.0')).toContain('gcc >= 10')
  expect(of('6.3.0')).toContain('canary overwritten')
  const build = "include/linux/stddef.h:11:9: error: cannot use keyword 'false' as enumeration constant"
  expect(explainText(`Linux version 6.15.0 (x)\n${build}`)).toEqual([])
})

test.each([
  ['Invalid argument', 'EINVAL'],
  ['-EINVAL', 'EINVAL'],
  ['Invalid argument(-22)', 'EINVAL'],
  ['invalid argument (os error 22)', 'EINVAL'],
  ['-22', 'EINVAL'],
  ['unknown error (-524)', 'ENOTSUPP'],
  ['Unknown error 524', 'ENOTSUPP'],
  ['ERROR: strerror_r(-524)=22', 'ENOTSUPP'],
  ['Os { code: 17, kind: AlreadyExists, message: "File exists" }', 'EEXIST'],
  ['no such file or directory', 'ENOENT'],
  ['it failed', undefined],
  ['12 probes', undefined],
])('%s is %s', (text, name) => {
  expect(errnoOf(text)).toBe(name)
})

test('numbers of errors are those of Linux', () => {
  expect([numberOf('EADDRNOTAVAIL'), numberOf('ENOTSUPP'), numberOf('EOPNOTSUPP')]).toEqual([99, 524, 95])
})

test('an error of loading is not explained where the log of the verifier says why', () => {
  const error = "libbpf: prog 'p': BPF program load failed: Permission denied"
  const log = "8: (79) r1 = *(u64 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'"
  const rules = explainText(`${error}\n${log}`).map(({ rule }) => rule)
  expect(rules).toEqual([expect.stringMatching(/^verifier/)])
  expect(explainText(error).map(({ rule }) => rule)).toEqual(['program cannot be loaded'])
})

test('prose about messages is none', () => {
  const prose = `The kernel could not probe notrace functions before. libbpf reports that a map failed to create when memory is short.
"Failed to attach" is what bcc says. If probe entry may not exist, look it up. Lost events are counted.
A write error: Invalid argument is what echo prints. The module verification failed for me too, once.
# echo hello > /tmp/file
bash: /tmp/file: Permission denied
-bash: echo: write error: No space left on device`
  expect(explainText(prose)).toEqual([])
})

test('what is shown of a message begins with its first word', () => {
  const shown = [
    "[ 1.0] e1000: unknown parameter 'x' ignored",
    '[ 1.0] Unsupported type: u99',
    'Kconfig:9:\tsymbol A depends on B',
    'ERROR: str() requires at least 1 arguments',
    'does you kernel support the bpf LSM?',
  ]
  expect(explainText(shown.join('\n')).map(({ what }) => what)).toEqual([
    "unknown parameter 'x' ignored",
    'Unsupported type: u99',
    'symbol A depends on B',
    'str() requires at least 1 arguments',
    'does you kernel support the bpf LSM?',
  ])
})

test('messages of other programs that sound alike are none', () => {
  const others = `2026-11-30T15:19:35: ERROR: could not connect to the database
12:30:45: ERROR: the queue exceeds its maximum
app.py:10:5: ERROR: bad import
can't find file to patch at input line 3
ERROR: Failed to make directory /var/x
Unsupported type: application/json
SQL: invalid statement
The tool fails if debugfs is not mounted on the host, and an error is returned when tracefs is not mounted.
error[E0463]: can't find crate for \`core\`
your app was not built with the required SDK version
Failed to create system directory for user
We set kernel.perf_event_paranoid for the test.
- net: fix error message when MTU too large for XDP`
  expect(explainText(others)).toEqual([])
})

test('needles: each set once, whatever it overlaps', () => {
  const needles = new Needles([['he', 'hers'], ['she'], ['his'], ['x y']])
  expect(needles.in('ushers')).toEqual([0, 1])
  expect(needles.in('ahishe x  y')).toEqual([0, 1, 2])
  expect(needles.in('é x y é')).toEqual([3])
  expect(needles.in('')).toEqual([])
})

test.each([
  'bash: cd: too many arguments',
  "ERROR: Unable to load the kernel module 'nvidia.ko'.",
  'Failed to set locale, defaulting to C.UTF-8',
  "reading 'config.json'",
  'Event click not found',
  'Missing separate debuginfos, use: dnf debuginfo-install glibc-2.34',
  'bash: /proc/sys/kernel/ftrace_enabled: Device or resource busy',
  'apparmor="DENIED" operation="open" profile="snap.x.x" name="/etc/fstab" pid=1 comm="x"',
  'SSL error: no such file',
])('words of other programs are none of ours: %s', (line) => {
  expect(explainText(line)).toEqual([])
})

test('a loader that is not libxdp has no dispatcher', () => {
  const rules = explainText('Failed to load program my_prog: Invalid argument').map(({ rule }) => rule)
  expect(rules).toEqual(['an error by its number'])
})

test('a reason of netlink about no ring of the card is only quoted', () => {
  const found = explainText('libbpf: Kernel error message: string is missing during setup')
  expect(found.map(({ confidence }) => confidence)).toEqual(['possible'])
})

test('AppArmor: each capability that is denied counts by itself', () => {
  const denied = (name: string) =>
    `apparmor="DENIED" operation="capable" profile="docker-default" pid=1 comm="x" capname="${name}"`
  expect(explainText(`${denied('bpf')}\n${denied('perfmon')}`).length).toBe(2)
})
