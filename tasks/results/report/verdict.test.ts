import { expect, test } from 'vitest'
import type { Manifest } from '../manifest.ts'
import { MANIFEST } from '../run.fixture.ts'
import type { ReportRun } from './runs.ts'
import { problems } from './verdict.ts'

/** A run of readiter that failed with this line. */
function failed(run: string, line: string, bytes = 16, kernel = 'v5.10') {
  const arm = { name: `bytes=${bytes}`, params: { bytes } }
  const manifest: Manifest = { ...MANIFEST, arm, verdict: 'failed', expectations: [{ ok: false, lines: [line] }] }
  return { run: { run, experiment: 'readiter', arm: arm.name, kernel, verdict: 'failed' } as ReportRun, manifest }
}

/** What each problem says, without its elements. */
const shown = (list: Parameters<typeof problems>[0], total = list.length): string[] =>
  String(problems(list, total))
    .split('<dt>')
    .slice(1)
    .map((part) => part.replaceAll(/<[^>]*>|\s+/g, ' ').replaceAll(/\s+/g, ' '))

test('runs with the same reasons are one problem, with the arms and kernels of all', () => {
  const [one, ...others] = shown([
    failed('r1', '3 reads were expected'),
    failed('r2', '3 reads were expected', 64),
    failed('r3', '3 reads were expected', 64, 'v5.4'),
    failed('r4', '3 reads were expected', 256),
    failed('r5', '3 reads were expected', 1024),
    failed('r6', 'no read was expected'),
  ])
  expect(one).toContain('5 failed')
  expect(one).toMatch(/r1 ?, r2 ?, r3 and 2 more readiter, bytes=16, bytes=64, bytes=256, 1 other arm, v5\.10, v5\.4/)
  expect(others).toEqual([expect.stringContaining('r6 readiter, bytes=16, v5.10')])
})

test('a reason that names a value of its arm is of this arm only', () => {
  const list = shown([failed('r1', 'copies ${bytes} bytes'), failed('r2', 'copies ${bytes} bytes', 64)])
  expect(list).toEqual([expect.stringMatching(/r1 .*copies 16 bytes/), expect.stringMatching(/r2 .*copies 64 bytes/)])
})

test('what is not shown is counted', () => {
  const list = Array.from({ length: 10 }, (_, index) => failed(`r${index}`, `reason ${index}`))
  expect(shown(list, 20).at(-1)).toContain('12 more: see the table of runs.')
  expect(String(problems(list.slice(0, 2), 2))).not.toContain('more')
})
