import { describe, expect, test } from 'vitest'
import { explainRejection } from './index.ts'

describe('kernels without source lines (4.15, activity log 7/1/2020 and 22/1/2020)', () => {
  test('a map value that may be NULL', () => {
    const log = `5: (18) r1 = 0xffff9addc0f18300
7: (85) call bpf_map_lookup_elem#1
8: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
`
    expect(explainRejection(log)).toEqual({
      message: "R0 invalid mem access 'map_value_or_null'",
      instruction: { index: 8, text: '(79) r1 = *(u64 *)(r0 +0)' },
      register: 'R0',
      cause: expect.stringContaining('bpf_map_lookup_elem returned (instruction 7)') as string,
      wayOut: expect.stringContaining('NULL right after the call') as string,
    })
  })

  test('an access wider than the value: two lines are one reason, states are none', () => {
    const log = `8: (15) if r0 == 0x0 goto pc+10
 R0=map_value(id=0,off=0,ks=4,vs=4,imm=0) R6=ctx(id=0,off=0,imm=0) R10=fp0
9: (79) r1 = *(u64 *)(r6 +16)
10: (79) r2 = *(u64 *)(r0 +0)
 R0=map_value(id=0,off=0,ks=4,vs=4,imm=0) R1=inv(id=0) R6=ctx(id=0,off=0,imm=0) R10=fp0
invalid access to map value, value_size=4 off=0 size=8
R0 min value is outside of the array range
`
    expect(explainRejection(log)).toMatchObject({
      message: 'invalid access to map value, value_size=4 off=0 size=8; R0 min value is outside of the array range',
      instruction: { index: 10 },
      register: 'R0',
      wayOut: expect.stringContaining('wider than the map value') as string,
    })
  })

  test('a pointer of the context that is read directly; the log may be there twice', () => {
    const log = `0: (79) r3 = *(u64 *)(r1 +112)
1: (79) r4 = *(u64 *)(r1 +104)
2: (71) r5 = *(u8 *)(r4 +0)
R4 invalid mem access 'inv'
`
    expect(explainRejection(log + log)).toEqual({
      message: "R4 invalid mem access 'inv'",
      instruction: { index: 2, text: '(71) r5 = *(u8 *)(r4 +0)' },
      register: 'R4',
      cause: expect.stringContaining('a number') as string,
      wayOut: expect.stringContaining('bpf_probe_read') as string,
    })
  })
})

describe('newer kernels', () => {
  test('source line and file (6.8), states behind instructions, statistics at the end', () => {
    const log = `func#0 @0
0: R1=ctx() R10=fp0
; int first = 0; @ probe.bpf.c:11
0: (b7) r1 = 0                        ; R1_w=0
mark_precise: frame0: last_idx 3 first_idx 0 subseq_idx -1
from 2 to 5: R0=map_value(map=m,ks=4,vs=8) R10=fp0
; return *value; @ probe.bpf.c:12
5: (79) r1 = *(u64 *)(r0 +0)          ; R0=scalar()
frame1: R6_w=scalar()
R0 invalid mem access 'scalar'
processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`
    expect(explainRejection(log)).toEqual({
      message: "R0 invalid mem access 'scalar'",
      instruction: { index: 5, text: '(79) r1 = *(u64 *)(r0 +0)' },
      register: 'R0',
      sourceLine: 'return *value;',
      source: 'probe.bpf.c:12',
      cause: expect.stringContaining('a number') as string,
      wayOut: expect.stringContaining('bpf_probe_read') as string,
    })
  })

  test('a source line without its file (before 6.8)', () => {
    const rejection = explainRejection("; return *p;\n1: (71) r0 = *(u8 *)(r1 +0)\nR1 invalid mem access 'inv'\n")
    expect(rejection?.sourceLine).toBe('return *p;')
    expect(rejection).not.toHaveProperty('source')
  })
})

test.each([
  ['unknown func bpf_ktime_get_boot_ns#125', 'bpf-helpers'],
  ['back-edge from insn 12 to 3', 'pragma unroll'],
  ['BPF program is too large. Processed 1000001 insn', 'split the program'],
  ['combined stack size of 2 calls is 576. Too large', 'PERCPU_ARRAY'],
  ['invalid indirect read from stack off -8+0 size 8', 'clear the variable'],
  ['invalid bpf_context access off=8 size=8', 'bpf_tracing.h'],
  ['something that nobody has seen', 'look the message up'],
])('%s has a way out', (message, wayOut) => {
  const rejection = explainRejection(`3: (85) call x#1\n${message}\nprocessed 4 insns\n`)
  expect(rejection?.message).toBe(message)
  expect(rejection?.wayOut).toMatch(new RegExp(wayOut))
})

test.each([
  '',
  'processed 5 insns (limit 4096), stack depth 0\n',
  '0: (b7) r0 = 0\n1: (95) exit\n2: safe\nprocessed 2 insns\n',
])('no rejection in %j', (log) => {
  expect(explainRejection(log)).toBeUndefined()
})

test('the first bytes of a tracepoint, and a map that is read as a value', () => {
  expect(explainRejection('0: (71) r1 = *(u8 *)(r1 +3)\ninvalid bpf_context access off=3 size=1')?.cause).toMatch(
    /first 8 bytes/,
  )
  const map =
    '12: (61) r2 = *(u32 *)(r1 +0)\ncannot access ptr member ops with moff 0 in struct bpf_map with off 0 size 4'
  expect(explainRejection(map)).toMatchObject({
    cause: expect.stringContaining('the map itself') as string,
    wayOut: expect.stringContaining('global') as string,
  })
})
