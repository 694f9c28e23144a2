import { expect, test } from 'vitest'
import { analyseInTime, type AnalysisInput } from './analyse.ts'
import { verdictOf } from './derived.ts'

/** A run of one process that printed a text which the metric's expression backtracks over. */
const input = (metrics: object): AnalysisInput => ({
  experiment: {
    metrics,
    expect: [],
    allow: [],
    collect: [],
    trace: { events: [] },
  } as unknown as AnalysisInput['experiment'],
  arm: { name: '', params: {} } as unknown as AnalysisInput['arm'],
  kernel: 'v5.10',
  lines: [
    { event: 'started', pid: 7 },
    { event: 'captured', errno: 0, cpus: 0 },
  ] as unknown as AnalysisInput['lines'],
  report: '',
  stats: [],
  stdout: `${'a'.repeat(60)}b 5`,
  stderr: '',
  dmesg: undefined,
  console: undefined,
  maps: { slots: [], maps: [] },
})

test('an expression that is never done makes the run incomplete, and says so', () => {
  // Long enough for all that comes before the expression, also on a machine that has other work to do.
  const analysis = analyseInTime(input({ evil: { stdout: '^(a+)+ (\\d)$' } }), 2000)
  expect(analysis.ledger.reasons[0]).toMatch(
    /^nothing was judged: the regular expression .*\(a\+\)\+.* was not done after/,
  )
  expect([analysis.metrics, verdictOf(analysis, { status: 0 }, 'warn')]).toEqual([{}, 'incomplete'])
})

test('nor does one that says which splats are allowed hold the analysis up', () => {
  const { experiment, ...rest } = input({})
  const name = 'a'.repeat(60)
  const dmesg = `[    1.000000] WARNING: CPU: 0 PID: 7 at fs/x.c:1 ${name}_b+0x1/0x2`
  const allow = [{ kind: 'warning', function: '/^(a+)+$/' }]
  const analysis = analyseInTime({ ...rest, dmesg, experiment: { ...experiment, allow } as typeof experiment }, 50)
  expect(analysis.ledger.reasons[0]).toMatch(/^nothing was judged: .* was not done after/)
  expect(analysis.splats.map(({ kind, allowed }) => [kind, allowed])).toEqual([['warning', false]])
})

test('any other is judged as ever', () => {
  const analysis = analyseInTime(input({ number: { stdout: 'b (\\d)$' } }))
  expect([analysis.metrics, analysis.damaged]).toEqual([{ number: 5 }, undefined])
})

test('a trace that cannot be read is never passed, whatever is done about losses', () => {
  const damaged = 'trace.dat is damaged: trace-cmd was ended by SIGSEGV'
  const analysis = analyseInTime({ ...input({}), damaged })
  expect([analysis.ledger.completeness, analysis.ledger.reasons[0]]).toEqual(['incomplete', damaged])
  for (const onLoss of ['warn', 'fail', 'retry'] as const)
    expect(verdictOf(analysis, { status: 0 }, onLoss)).toBe('incomplete')
})
