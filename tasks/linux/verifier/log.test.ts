import { describe, expect, test } from 'vitest'
import { meaningOf, VerifierLogs, type Acceptance, type Rejection } from './index.ts'

function read(text: string) {
  const rejected: Rejection[] = []
  const accepted: Acceptance[] = []
  const logs = new VerifierLogs({
    rejected: (rejection) => rejected.push(rejection),
    accepted: (acceptance) => accepted.push(acceptance),
  })
  for (const [index, line] of text.split('\n').entries()) logs.feed(line, index + 1)
  logs.end()
  return { rejected, accepted }
}
/** "8 R0 invalid mem access ..." of each rejection: the last instruction and the reason. */
const found = (text: string) =>
  read(text).rejected.map(({ last, messages }) => `${last?.index ?? '-'} ${messages.join(' / ')}`)

const NULL_CHECK = "R0 invalid mem access 'map_value_or_null'"
const LOG = `7: (85) call bpf_map_lookup_elem#1\n8: (79) r1 = *(u64 *)(r0 +0)\n${NULL_CHECK}`

describe('a log is found behind whatever comes before its lines', () => {
  const each = (prefix: (n: number) => string) =>
    LOG.split('\n')
      .map((line, n) => prefix(n) + line)
      .join('\n')
  test.each([
    ['tabs', () => '\t\t'],
    ['a dmesg time', (n: number) => `[   12.${n}00000] `],
    ['a container', (n: number) => `2025-01-10T17:54:26.0${n}Z stderr F `],
    ['docker compose', () => 'probe-1  | '],
    ['journald', (n: number) => `Nov 29 20:10:0${n} box probe[812]: `],
    ['a level', (n: number) => `10:00:0${n} [ERROR] libbpf: `],
    ['a log of Go', (n: number) => `2025/01/10 17:54:0${n} `],
    ['a quotation', () => '> '],
    ['a tool that nobody knows', (n: number) => `<<loader:${n}>> `],
  ])('%s', (_, prefix) => expect(found(each(prefix))).toEqual([`8 ${NULL_CHECK}`]))
  test('a structured log', () => {
    const text = LOG.split('\n')
      .map((line) => `level=warning msg="${line}" subsys=loader`)
      .join('\n')
    expect(found(text)).toEqual([`8 ${NULL_CHECK}`])
  })
})

describe('logs of one line', () => {
  test.each([
    [
      `load program: permission denied: 8: (79) r1 = *(u64 *)(r0 +0): ${NULL_CHECK} (16 line(s) omitted)`,
      `8 ${NULL_CHECK}`,
    ],
    [
      'program p: load program: permission denied: invalid access to packet, off=0 size=4, R4(id=0,off=0,r=0): R4 offset is outside of the packet (200 line(s) omitted)',
      '- invalid access to packet, off=0 size=4, R4(id=0,off=0,r=0) / R4 offset is outside of the packet',
    ],
    [
      'Error: the BPF_PROG_LOAD syscall failed. Verifier output: last insn is not an exit or jmp',
      '- last insn is not an exit or jmp',
    ],
    [
      'load program: invalid argument: the moon is in the wrong house (3 line(s) omitted)',
      '- the moon is in the wrong house',
    ],
    [
      `"verifier_log": "0: R1=ctx() R10=fp0\\n${LOG.replaceAll('\n', '\\n')}\\nprocessed 4 insns (limit 1000000)\\n"`,
      `8 ${NULL_CHECK}`,
    ],
    ['The verifier says `jump out of range from insn 1 to 2`', undefined],
    ['`jump out of range from insn 1 to 2`', '- jump out of range from insn 1 to 2'],
  ])('%s', (text, rejection) => expect(found(text)).toEqual(rejection === undefined ? [] : [rejection]))
})

describe('the reason is what is between the last instruction and the end', () => {
  test('whatever it says, and in several lines', () => {
    expect(found('3: (85) call x#1\nfrobnication of R7 is prohibited\nand so is its use\nprocessed 4 insns')).toEqual([
      '3 frobnication of R7 is prohibited / and so is its use',
    ])
  })
  test('without an end, only messages that are known', () => {
    expect(found('3: (85) call x#1\nThis is what I get. Why?')).toEqual([])
    expect(found(`${LOG}\nThis is what I get. Why?`)).toEqual([`8 ${NULL_CHECK}`])
  })
  test('what the verifier prints for its authors is none', () => {
    const text = `func#0 @0
52: (0f) r3 += r1
last_idx 52 first_idx 41
regs=2 stack=0 before 51: (bf) r3 = r8
mark_precise: frame0: regs=r2 stack= before 50: (1d) if r7 == r1 goto pc+23
53: (71) r3 = *(u8 *)(r3 +0)
func 'x' arg0 has btf_id 12 type STRUCT 'task_struct'
invalid access to packet, off=54 size=1, R3(id=0,off=54,r=54)
R3 offset is outside of the packet
verification time 19 usec
stack depth 8
processed 52 insns (limit 1000000)`
    expect(found(text)).toEqual([
      '53 invalid access to packet, off=54 size=1, R3(id=0,off=54,r=54) / R3 offset is outside of the packet',
    ])
  })
  test('a log of statistics only: noise of the BTF check comes before the reason', () => {
    const text = `Error: the BPF_PROG_LOAD syscall failed. Verifier output: R1 type=ctx expected=fp
reg type unsupported for arg#0 function is_x#258
math between map_value pointer and register with unbounded min value is not allowed
verification time 20319 usec
stack depth 200+0+9
processed 1039 insns (limit 1000000)`
    expect(found(text)).toEqual([
      '- math between map_value pointer and register with unbounded min value is not allowed',
    ])
  })
  test("libbpf's marks are an end too, and so is an older one's", () => {
    for (const [begin, end] of [
      ['libbpf: -- BEGIN DUMP LOG ---', 'libbpf: -- END LOG --'],
      ["libbpf: prog 'p': -- BEGIN PROG LOAD LOG --", '-- END PROG LOAD LOG --'],
    ])
      expect(found(`${begin}\n0: (bf) r6 = r1\nthe moon is full\n${end}\nmore`)).toEqual(['0 the moon is full'])
  })
})

describe('several logs', () => {
  test('an accepted program is accepted, whatever noise is before it', () => {
    const text = `arg#0 type is not a struct
R1 type=ctx expected=fp
0: R1=ctx(id=0,off=0,imm=0) R10=fp0
0: (b7) r0 = 0
1: (95) exit
processed 2 insns (limit 1000000)`
    expect(read(text)).toMatchObject({ rejected: [], accepted: [{ instructions: 2, line: 5 }] })
  })
  test('the second begins at instruction 0, though the first has no end', () => {
    expect(
      found(`${LOG}\n0: (bf) r6 = r1\n1: (79) r2 = *(u64 *)(r6 +8)\ninvalid bpf_context access off=8 size=8`),
    ).toEqual([`8 ${NULL_CHECK}`, '1 invalid bpf_context access off=8 size=8'])
  })
  test('prose between two logs belongs to none', () => {
    expect(found('3: (b7) r0 = 0\n\nThen I tried this:\n\n0: (b7) r0 = 0\n1: (95) exit\nprocessed 2 insns')).toEqual([])
  })
})

describe('where a value came from', () => {
  const causeOf = (text: string) => read(text).rejected.map((rejection) => meaningOf(rejection).cause)[0] ?? ''
  const DEREFERENCE = "9: (71) r5 = *(u8 *)(r4 +0)\nR4 invalid mem access 'scalar'"
  test.each([
    ['0: (79) r4 = *(u64 *)(r1 +112)', 'pt_regs.di, argument 1 of the probed function'],
    ['0: (bf) r6 = r1\n1: (79) r4 = *(u64 *)(r6 +8)', 'offset 8 of the context'],
    [
      '0: (85) call bpf_get_current_task#35\n1: (bf) r4 = r0',
      'the return value of bpf_get_current_task (instruction 0)',
    ],
    [
      '0: (79) r4 = *(u64 *)(r1 +16)\n1: (7b) *(u64 *)(r10 -8) = r4\n2: (79) r4 = *(u64 *)(r10 -8)',
      'offset 16 of the context',
    ],
    ['0: (b7) r4 = 0', 'the constant 0 (instruction 0)'],
    ['0: (85) call bpf_map_lookup_elem#1\n1: (79) r4 = *(u64 *)(r0 +8)', 'memory: r4 = *(u64 *)(r0 +8)'],
    [
      '0: (61) r4 = *(u32 *)(r1 +0)\n1: (67) r4 <<= 32',
      'arithmetic: r4 <<= 32 (instruction 1), on offset 0 of the context',
    ],
    [
      '0: (79) r4 = *(u64 *)(r1 +8)\n1: (15) if r2 == 0x0 goto pc+5\n2: (b7) r4 = 1\nfrom 1 to 7: R1=ctx() R4=scalar() R10=fp0',
      'offset 8 of the context',
    ],
  ])('%s', (instructions, words) => expect(causeOf(`${instructions}\n${DEREFERENCE}`)).toContain(words))

  test('a log that begins in the middle says nothing about it, and nobody guesses', () => {
    expect(causeOf(`8: (bf) r4 = r1\n${DEREFERENCE}`)).not.toContain('came from')
    expect(causeOf(`${DEREFERENCE}\n0: R1=ctx(id=0,off=0,imm=0) R10=fp0\n1: (61) r4 = *(u32 *)(r1 +0)`)).not.toContain(
      'context',
    )
  })
  test('helpers of old kernels have numbers', () => {
    expect(
      causeOf(
        `6: (85) call 1\n7: (bf) r7 = r0\n11: (79) r9 = *(u64 *)(r7 +0)\nR7 invalid mem access 'map_value_or_null'`,
      ),
    ).toContain('bpf_map_lookup_elem returned (instruction 6)')
  })
  test.each([
    [
      '8: (2d) if r2 > r1 goto pc+1\n R0=inv(id=0) R2=inv(id=4,umax_value=255) R10=fp0\n9: (0f) r0 += r2',
      'inv(id=4,umax_value=255)',
    ],
    ['0: R1=ctx() R2=scalar(umax=7) R10=fp0', 'scalar(umax=7)'],
    ['9: (bf) r2 = r8                       ; R2_w=scalar(id=15,umax=99) R8=1', 'scalar(id=15,umax=99)'],
  ])('states of all kernels are read: %s', (lines, state) => {
    const [rejection] = read(
      `${lines}\n10: (85) call x#1\nR2 unbounded memory access, make sure to bounds check any such access`,
    ).rejected
    // A call uses R2 up, but the verifier looked at it before.
    expect(rejection?.registers.state('R2')).toBe(state)
  })
})

describe('messages from before the first instruction', () => {
  const GLOBAL = "Global function write() doesn't return scalar. Only those are supported."
  test('are the reason where not one instruction was looked at', () => {
    expect(
      found(`Verifier output: Validating write() func#1...\n${GLOBAL}\nprocessed 0 insns (limit 1000000)`),
    ).toEqual([`- ${GLOBAL}`])
  })
  test('are noise where the program was looked at', () => {
    expect(found(`${GLOBAL}\nprocessed 4 insns (limit 1000000)`)).toEqual([])
    expect(found(`${GLOBAL}\n0: (b7) r0 = 0\n1: (95) exit\nprocessed 2 insns (limit 1000000)`)).toEqual([])
  })
  test('are not taken for a reason where the log has no end', () => {
    expect(found(`${GLOBAL}\nand then some text`)).toEqual([])
  })
})
