import { expect, test } from 'vitest'
import { resultsText, testResults, testsFailed } from './ktap.ts'

const of = (text: string) => testResults(text.split('\n'))

test.each<[string, string, object, boolean]>([
  [
    'TAP 13, all well',
    'TAP version 13\n1..2\nok 1 open\nok 2 read',
    { form: 'TAP', passed: 2, failed: 0, problems: [] },
    false,
  ],
  [
    'a failure',
    'TAP version 13\n1..2\nok 1 open\nnot ok 2 - read\n# expected 3, got 4',
    { passed: 1, failed: 1, failures: ['read'] },
    true,
  ],
  ['no version, but a plan', '1..1\nnot ok 1 read', { form: 'TAP', failed: 1, failures: ['read'] }, true],
  ['a plan at the end', 'ok 1\nok 2\n1..2', { passed: 2, problems: [] }, false],
  [
    'fewer results than planned',
    'TAP version 13\n1..3\nok 1 a',
    { passed: 1, problems: ['the plan is 1..3, and 1 test has a result'] },
    true,
  ],
  ['more of them', '1..1\nok 1 a\nok 2 b', { problems: ['the plan is 1..1, and 2 tests have results'] }, true],
  ['nothing but the version', 'TAP version 13', { problems: ['no test has a result'] }, true],
  [
    'SKIP and TODO',
    '1..4\nok 1 a # SKIP no hardware\nnot ok 2 b # TODO later\nnot ok 3 c # skip\nok 4 d # XFAIL known',
    { passed: 0, failed: 0, skipped: 2, todo: 2 },
    false,
  ],
  ['everything skipped', 'TAP version 13\n1..0 # SKIP needs root', { passed: 0, problems: [] }, false],
  [
    'given up',
    'TAP version 13\n1..2\nok 1 a\nBail out! no memory',
    { problems: ['the tests were given up: no memory', 'the plan is 1..2, and 1 test has a result'] },
    true,
  ],
  ['a timeout of kselftest', '1..1\nnot ok 1 selftests: bpf: test_maps # TIMEOUT 45 seconds', { failed: 1 }, true],
  [
    'KTAP with subtests',
    'KTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: demo\n  1..2\n  ok 1 add\n  not ok 2 remove\n# demo: pass:1 fail:1\nnot ok 1 demo',
    { failed: 2, failures: ['demo: remove'] },
    true,
  ],
  [
    'KUnit before KTAP, four blanks',
    'TAP version 14\n1..1\n    # Subtest: demo\n    1..1\n    ok 1 - add\nok 1 - demo',
    { passed: 2, problems: [] },
    false,
  ],
  [
    'a parent that passed over a child that did not',
    'KTAP version 1\n1..1\n    # Subtest: demo\n    1..1\n    not ok 1 add\nok 1 demo',
    { problems: ['demo passed, although add did not'] },
    true,
  ],
  [
    'subtests that end before their parent',
    'KTAP version 1\n1..1\n    # Subtest: demo\n    1..3\n    ok 1 add',
    { problems: ['the plan of demo is 1..3, and 1 test has a result', 'the plan is 1..1, and 0 tests have results'] },
    true,
  ],
  [
    'kselftest before TAP',
    '[RUN]\tExecute in large code model\n[OK]\tall well\n[FAIL]\tvsyscall is readable',
    { form: 'kselftest', passed: 1, failed: 1, failures: ['vsyscall is readable'] },
    true,
  ],
  ['one line of it', '[FAIL] the map has no entry', { form: 'kselftest', failures: ['the map has no entry'] }, true],
  [
    'its runner',
    'selftests: bpf: test_maps\n========================================\nselftests: test_maps [FAIL]',
    { form: 'kselftest', failures: ['selftests: test_maps'] },
    true,
  ],
  [
    'its harness',
    '[==========] Running 2 tests from 1 test cases.\n[ RUN      ] global.read\n[       OK ] global.read\n[ RUN      ] global.write\n[     FAIL ] global.write',
    { passed: 1, failed: 1, failures: ['global.write'] },
    true,
  ],
  [
    'the runner of kselftest, a test that says by its totals alone that it failed',
    'TAP version 13\n1..1\n# selftests: kcmp: kcmp_test\n# TAP version 13\n# 1..3\n# FAIL: 0 expected but -1 returned\n# # Totals: pass:0 fail:3 xfail:0 xpass:0 skip:0 error:0\nok 1 selftests: kcmp: kcmp_test',
    {
      passed: 1,
      problems: [
        'the plan of selftests: kcmp: kcmp_test is 1..3, and 0 tests have results',
        'the totals of selftests: kcmp: kcmp_test say that 3 failed, and 0 of the results do',
      ],
    },
    true,
  ],
  [
    'the runner of kselftest, results inside',
    'TAP version 13\n1..1\n# selftests: breakpoints: breakpoint_test\n# TAP version 13\n# 1..2\n# ok 1 Test one\n# not ok 2 Test two\nnot ok 1 selftests: breakpoints: breakpoint_test # exit=1',
    { passed: 1, failed: 2, failures: ['selftests: breakpoints: breakpoint_test: Test two'] },
    true,
  ],
  [
    'ftracetest, with what this kernel cannot run',
    '=== Ftrace unit tests ===\n[1] Basic trace file check\t[PASS]\n[2] Snapshot\t[UNSUPPORTED]\n[3] Probes\t[UNRESOLVED]\n',
    { form: 'kselftest', passed: 1, skipped: 1, failures: ['[3] Probes'] },
    true,
  ],
  [
    'test_progs',
    '#1 attach:OK\n#2/1 one:OK\ncheck:FAIL:42\n#2/2 two:FAIL\n#2 maps:FAIL\n#3 xdp:SKIP\nSummary: 1/1 PASSED, 1 SKIPPED, 2 FAILED',
    { form: 'BPF selftest', passed: 2, failed: 1, skipped: 1, failures: ['maps/two'], problems: [] },
    true,
  ],
  [
    'test_progs that crashed',
    '#1 attach:OK\n#2/1 one:OK',
    { passed: 2, problems: ['there is no summary: the tests ended before the last of them'] },
    true,
  ],
  [
    'test_verifier',
    '#0/u add OK\n#0/p add FAIL\nFailed to load prog "Invalid argument"!\n#1/p sub SKIP (unknown alignment)\nSummary: 1 PASSED, 1 SKIPPED, 1 FAILED',
    { form: 'BPF selftest', passed: 1, failed: 1, skipped: 1, failures: ['add'] },
    true,
  ],
])('%s', (_, text, is, failed) => {
  const found = of(text)
  expect(found).toMatchObject(is)
  expect(found && testsFailed(found)).toBe(failed)
})

test.each([
  '',
  'ok',
  'ok 1 read done',
  'not ok',
  '1..10',
  'it is not ok to read\nok then',
  'bytes 1..512\nok 3',
  'Starting sshd ... [FAIL]',
  'connect [OK]',
  'see [FAIL] below',
  'read failed\nFAIL: nothing',
  'the TAP version 13 is spoken by many',
])('ordinary output: %j', (text) => {
  expect(of(text)).toBeUndefined()
})

test('in words', () => {
  expect(resultsText(of('1..2\nok 1 a\nnot ok 2 b') ?? expect.fail())).toBe('1 of 2 tests failed: b')
  expect(resultsText(of('1..2\nok 1 a\nok 2 b # SKIP') ?? expect.fail())).toBe('1 of 2 tests passed, 1 skipped')
  expect(resultsText(of('TAP version 13\n1..3\nok 1 a') ?? expect.fail())).toBe(
    'the plan is 1..3, and 1 test has a result',
  )
})

test('each test by its name, and what was printed about one that failed', () => {
  const { tests } = of('TAP version 13\n1..2\nok 1 open\n# expected 3, got 4\nnot ok 2 read # exit=1') ?? { tests: [] }
  expect(tests).toEqual([
    { name: 'open', result: 'passed' },
    { name: 'read', result: 'failed', said: ['# expected 3, got 4', 'exit=1'] },
  ])
  const bpf = of(
    '#0/p add FAIL\nInvalid argument\n#1/u sub OK\nerr:FAIL\n#2 attach:FAIL\nSummary: 1/0 PASSED, 0 SKIPPED, 2 FAILED',
  )
  expect(bpf?.tests).toEqual([
    { name: 'add', result: 'failed', said: ['Invalid argument'] },
    { name: 'sub (unprivileged)', result: 'passed' },
    { name: 'attach', result: 'failed', said: ['err:FAIL'] },
  ])
})
