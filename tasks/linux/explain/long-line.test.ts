import { expect, test } from 'vitest'
import { explainText } from './index.ts'
import { linesOf } from './long-line.ts'

const LOG = [
  '0: R1=ctx() R10=fp0',
  ...Array.from(
    { length: 400 },
    (_, at) => `${at}: (b7) r${at % 5} = ${at}                       ; R${at % 5}_w=${at}`,
  ),
  '400: (85) call bpf_map_lookup_elem#1  ; R0_w=map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0)',
  '401: (79) r1 = *(u64 *)(r0 +0)',
  "R0 invalid mem access 'map_value_or_null'",
  'processed 402 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1',
]

test.each([
  ['escaped line ends in JSON', JSON.stringify({ level: 'error', msg: `${LOG.join('\n')}\n` })],
  ['escaped line ends, escaped again', JSON.stringify({ log: JSON.stringify({ msg: LOG.join('\n') }) })],
  ['blanks instead of line ends', `loader: ${LOG.join(' ')}`],
])('a log of 20,000 characters on one line: %s', (_, line) => {
  expect(line.length).toBeGreaterThan(20_000)
  const found = explainText(`before\n${line}\nafter`)
  expect(found.map(({ rule, what, lines }) => ({ rule, what, lines }))).toEqual([
    {
      rule: 'verifier: null-check',
      what: expect.stringContaining("instruction 401: R0 invalid mem access 'map_value_or_null'"),
      lines: [2],
    },
  ])
})

test('a long line that is one line stays one, and is cut', () => {
  expect(linesOf('x'.repeat(100_000)).map(({ length }) => length)).toEqual([8192])
  expect(linesOf('{"log":"text\\n","stream":"stdout"}')).toHaveLength(1)
})
