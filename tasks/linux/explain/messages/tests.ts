/** Results of tests: TAP and KTAP (kselftest, KUnit), LTP. */
import { group, type Row } from './row.ts'

export const TEST_ROWS: readonly Row[] = [
  {
    rule: 'tests that failed',
    needle: 'not ok ',
    pattern: /^\s*(?:# )*(?:\[ *\d+\.\d+\] *)?(?:# )*not ok (\d+)(?: - | )?([^#]*)(# *(?:SKIP|TODO|XFAIL).*)?$/i,
    key: (match) => `${match[1]} ${match[2]}`,
    answer: (match) =>
      match[3] === undefined
        ? {
            what: `test ${group(match, 1)} failed${group(match, 2).trim() === '' ? '' : `: ${group(match, 2).trim()}`}`,
            cause:
              'not ok: lines with # above it say what it expected and got; exit status 4 of kselftest means skipped',
            fixes: [
              'run this test alone; kselftest wants root, its config fragment (make kselftest-merge) and its modules',
            ],
            confidence: 'certain',
            sources: ['Documentation/dev-tools/ktap.rst'],
          }
        : undefined,
  },
  {
    rule: 'tests that failed',
    needle: 'TFAIL',
    pattern: /^(\S+)\s+\d*\s*TFAIL\s*:?\s*(.*)$|^\S+:\d+: TFAIL: (.*)$/,
    answer: (match) => ({
      what: match[2] ?? match[3] ?? match[0],
      cause: 'a test of LTP saw another result than it expects',
      fixes: ['run it alone with -v; TCONF means not applicable, TBROK that its preparation failed'],
    }),
  },
]
