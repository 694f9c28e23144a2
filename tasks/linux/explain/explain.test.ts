import { describe, expect, test } from 'vitest'
import { DIARY } from './diary.fixture.ts'
import { Explainer, explainText, type Finding } from './index.ts'

const rules = (findings: readonly Finding[]) => findings.map(({ rule }) => rule)
/** All rejections, whatever their kind, are rules that begin with "verifier: ". */
const REJECTED = 'verifier: '
const of = (findings: readonly Finding[], rule: string) =>
  findings.filter((finding) => (rule === REJECTED ? finding.rule.startsWith(rule) : finding.rule === rule))
const one = (findings: readonly Finding[], rule: string): Finding => {
  const found = of(findings, rule)
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} findings of ${rule}: ${rules(findings).join()}`)
  return found[0]
}

describe('a diary with terminal copies', () => {
  const whole = explainText(Object.values(DIARY).join('\n\n'))

  test('R-0701-3: a log that is printed twice is one rejection: two on 7/1, one on 22/1', () => {
    expect(of(explainText(DIARY['7/1']), REJECTED).length).toBe(2)
    expect(of(explainText(DIARY['22/1']), REJECTED).length).toBe(1)
    expect(of(whole, REJECTED).length).toBe(3)
    const [first] = of(explainText(DIARY['7/1']), REJECTED)
    expect(first?.count).toBe(2)
    expect(first?.evidence).toContain('8 instructions in the log, errno 13')
  })

  test('R-0701-2: a lookup without a NULL check, and an access wider than the value', () => {
    const [nullCheck, wide] = of(explainText(DIARY['7/1']), REJECTED)
    expect(nullCheck?.what).toContain("instruction 8: R0 invalid mem access 'map_value_or_null'")
    expect(nullCheck?.cause).toContain('without a NULL check')
    expect(wide?.what).toContain('instruction 10: ')
    expect(wide?.cause).toContain('8 bytes of a value of 4')
  })

  test('R-2201-1, R-2201-2: an argument that is dereferenced, by its register and its place in pt_regs', () => {
    const found = one(explainText(DIARY['22/1']), REJECTED)
    expect(found.cause).toContain('offset 104 of the context: pt_regs.si, argument 2')
    expect(found.fixes.join(' ')).toContain('bpf_probe_read')
  })

  test('R-0502-2: two notrace lines are one finding, and the refused write is told from the one that worked', () => {
    const found = explainText(DIARY['5/2'])
    expect(one(found, 'notrace')).toMatchObject({ count: 2, lines: [3, 4] })
    expect(one(found, 'notrace').fixes.join(' ')).toContain('CONFIG_KPROBE_EVENTS_ON_NOTRACE=y')
    expect(one(found, 'kprobe event refused').what).toBe(
      'the kernel refuses the kprobe event copy_page_to_iter: EINVAL',
    )
    expect(one(found, 'kernel version in the object').what).toContain('5.4.0')
  })

  test('R-2701-1: one link error, with the flag that mends it', () => {
    expect(one(explainText(DIARY['27/1']), 'test_attr__* is missing at link time')).toMatchObject({ lines: [1, 2] })
    expect(one(whole, 'test_attr__* is missing at link time').fixes.join(' ')).toContain('-DHAVE_ATTR_TEST=0')
  })

  test('60 trace lines, of two kernels', () => {
    const found = one(whole, 'trace')
    expect(found.count).toBe(60)
    expect(found.evidence).toEqual([expect.stringMatching(/^23 .*5\.4/), expect.stringMatching(/^37 .*4\.15/)])
  })

  test('R-0702-3: why the kernel address is always the same', () => {
    const found = one(whole, 'the same kernel address each time')
    expect(found.what).toBe('0x000000001461c6d7 is the same address in 6 messages of 6 processes')
    expect(found.cause).toContain('page cache')
  })

  test('R-1401-2: %p is a hash, and no user address is one', () => {
    const { evidence, lines } = one(explainText(DIARY.traces), 'hashed pointers')
    expect(evidence?.every((text) => /^(0x)?00000000/.test(text))).toBe(true)
    expect(lines.length).toBe(14)
  })

  test('R-1101-3: eight characters are low bytes of addresses', () => {
    const found = one(explainText(DIARY['11/1']), 'the low byte of an address')
    expect(found.count).toBe(8)
    expect(found.evidence).toContain('ffffffe0 of 0x556bd56843e0')
  })

  test('R-1601-2: half an address, where the whole one stands elsewhere', () => {
    expect(one(whole, 'the low half of an address').evidence).toEqual(['219e54b0 of 0x5620219e54b0'])
  })

  test('who reads the trace is in it', () => {
    expect(one(whole, 'the observer is in its own trace')).toMatchObject({ count: 6 })
  })

  test('R-1901-1: a listing of symbols: hidden, renamed, exported, not there', () => {
    const found = explainText(DIARY['19/1'])
    expect(rules(found).toSorted()).toEqual([
      'exported functions',
      'functions that the compiler renamed',
      'symbol addresses are hidden',
      'symbol not there',
    ])
    expect(one(found, 'symbol not there').what).toContain('raw_copy')
    expect(one(found, 'functions that the compiler renamed').cause).toMatch(
      /raw_cmd_copyout is there only under this name.*split off copy_page_to_iter_giulia, which is there/,
    )
  })

  test('prose says nothing, however much it sounds like a message', () => {
    expect(explainText(DIARY.prose)).toEqual([])
    expect(one(explainText(`${DIARY.prose}\n${DIARY['22/1']}`), REJECTED).count).toBe(2)
  })

  test.each(['\r\n', '\u001b[0m\n', '\u001b[31;1m\u001b[K\r\n'])('the same with %j at the end of each line', (end) => {
    const noisy = explainText(Object.values(DIARY).join('\n\n').replaceAll('\n', end))
    expect(noisy.map(({ rule, lines, count }) => [rule, lines, count])).toEqual(
      whole.map(({ rule, lines, count }) => [rule, lines, count]),
    )
  })
})

describe('verifier logs', () => {
  test('of 6.8 and later name the line of the source', () => {
    const found = one(
      explainText(`libbpf: prog 'p': BPF program load failed: Permission denied
0: R1=ctx() R10=fp0
; return *value; @ probe.bpf.c:12
5: (79) r1 = *(u64 *)(r0 +0)          ; R0=scalar()
R0 invalid mem access 'scalar'
processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0`),
      REJECTED,
    )
    expect(found.evidence).toContain('probe.bpf.c:12  return *value;')
  })

  test('of 7.3 have a report in words below the message', () => {
    const log = `0: R1=ctx() R10=fp0
0: (95) exit
R0 !read_ok

Verification failed: Register Type Safety: Unreadable register

Reason:
  R0 has no value here.

At:
  insn 0

Suggestion:
  Give it one.

processed 1 insns (limit 1000000)`
    const found = one(explainText(`${log}\n${log}`), REJECTED)
    expect(found.count).toBe(2)
    expect(found.cause).toContain('The kernel says: R0 has no value here.')
  })

  test.each([
    ['cut off before its message', '0: (bf) r6 = r1\n1: (b7) r1 = 0\n'],
    ['cut off inside its message', '8: (79) r1 = *(u64 *)(r0 +0)\nR0 inval'],
    ['of a program that was accepted', '0: (b7) r0 = 0\n1: (95) exit\nprocessed 2 insns (limit 4096), stack depth 0\n'],
  ])('%s: nothing is said', (_, log) => {
    expect(explainText(log)).toEqual([])
  })

  test('two programs refused for the same reason at another instruction are two', () => {
    const log = (n: number) => `${n}: (79) r1 = *(u64 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'\n`
    expect(explainText(log(8) + log(12)).length).toBe(2)
  })
})

test.each([
  ["a.h:1: error: 'asm goto' constructs are not supported yet", 'asm goto', 'asm_goto_workaround'],
  ['FAILED: load BTF from vmlinux: Invalid argument', 'BTF of the kernel cannot be made', 'skip_encoding_btf_enum64'],
  ['libbpf: Error loading vmlinux BTF: -3', 'no BTF in the kernel', 'DEBUG_INFO_BTF'],
  [
    "libbpf: prog 'p': missing BPF prog type, check ELF section name '/tracepoint/syscalls/sys_enter_read'",
    'section name',
    'no slash',
  ],
  [
    '[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
    'boot: no root device',
    'VIRTIO_BLK',
  ],
  [
    '[    0.4] Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: start_secondary+0x1/0x2',
    'boot: stack protector',
    'compat: auto',
  ],
  ['write(5, "p:nothing nothing", 17) = -1 ENOENT (No such file or directory)', 'kprobe event refused', 'kallsyms'],
  ['CPU:1 [LOST 12 EVENTS]', 'events were lost', 'buffer'],
])('%s', (line, rule, wayOut) => {
  const found = one(explainText(`before\n${line}\nafter`), rule)
  expect(found.lines).toEqual([2])
  expect(found.fixes.join(' ')).toContain(wayOut)
})

test('a zero beside a page-aligned address is no proof of anything', () => {
  expect(explainText('mapped at 0x7f7efc861000, map value 0')).toEqual([])
})

test('the byte of the file is what it is, though it be the low byte of the address too', () => {
  expect(explainText('buffer on user side = 0x559d5718d431, file value 31')).toEqual([])
})

test('noise of any kind, and far too many findings, stay bounded', () => {
  const explainer = new Explainer()
  let seed = 1
  for (let n = 0; n < 20_000; n++) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    explainer.feed(String.fromCharCode(...Array.from({ length: 20 }, (_, i) => (seed >> (i % 16)) & 255)))
    explainer.feed(`[ 1.${n}] trace_kprobe: Could not probe notrace function f${n}`)
  }
  const { findings, more } = explainer.end()
  expect(findings.length).toBe(500)
  expect(more).toBe(19_500)
})

test('a loader that reports one refused program in several lines is one finding', () => {
  const text = `libbpf: prog 'p': BPF program load failed: Invalid argument
libbpf: prog 'p': failed to load: -22
libbpf: failed to load object 'o'
libbpf: failed to load BPF skeleton 'o': -22`
  const found = explainText(text)
  expect(found.map(({ rule, lines }) => [rule, lines])).toEqual([['program cannot be loaded', [1, 2, 4]]])
})

test('what a loader says of the error is no finding beside the log of the verifier', () => {
  const text = `639: (85) call bpf_perf_event_output#25
R5 min value is negative, either use unsigned or 'var &= const'
processed 603 insns (limit 1000000) max_states_per_insn 0 total_states 13
terminate called: bpf_load_program() event=raw_tracepoint/filler/x: Operation not permitted`
  expect(explainText(text).map(({ rule }) => rule)).toEqual(['verifier: negative-length'])
})

test('a log that was cut in the middle of a line has states there, and no reason', () => {
  const text =
    'level=error msg="load program: no space left on device: 174: (79) r1 = *(u64 *)(r0 +0): R0_w=map_value(id=0,off=0,ks=4,vs=8,imm=0) R6=c (truncated, 557 line(s) omitted)"'
  expect(explainText(text).map(({ rule }) => rule)).toEqual(['program cannot be loaded'])
})

test('a build that makes BTF is no failure', () => {
  expect(explainText('  LD      vmlinux\n  BTFIDS  vmlinux\n  SORTTAB vmlinux\n')).toEqual([])
})
