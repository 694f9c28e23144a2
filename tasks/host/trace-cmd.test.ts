import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { isDamaged } from './sandbox.ts'
import { reportText } from './trace-cmd.ts'

const never = new AbortController().signal
afterEach(() => vi.unstubAllEnvs())

/** A program of this name, in place of trace-cmd. */
function stub(script: string): string {
  const bin = tempDir()
  writeFileSync(join(bin, 'trace-cmd'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`)
  const file = join(bin, 'trace.dat')
  writeFileSync(file, 'bytes')
  return file
}

test('each line has the whole comm of the plain report and the flags of the latency format', async () => {
  const file = stub(`
case " $* " in
  *" -l "*) echo "cpus=1"; echo "readpage-12      0d..1 1.000000000: print:  hello" ;;
  *) echo "cpus=1"; echo "readpages-12 [000] 1.000000000: print:  hello" ;;
esac`)
  expect(await reportText(file, never)).toBe('cpus=1\nreadpages-12 [000] d..1 1.000000000: print:  hello\n')
})

test('without a latency format of the same length the plain report stands alone', async () => {
  const file = stub('case " $* " in *" -l "*) ;; *) printf "one\\ntwo" ;; esac')
  expect(await reportText(file, never)).toBe('one\ntwo')
})

test.each([
  ['-t -l', 'the second report'],
  ['-t', 'the first'],
])('where trace-cmd dies with %s (%s), the input is damaged, and trace-cmd is named', async (flags) => {
  const file = stub(`case "$*" in *"report -N ${flags} -i"*) kill -SEGV $$ ;; *) echo "cpus=1" ;; esac`)
  const failure = await failureOf(reportText(file, never))
  expect(isDamaged(failure)).toBe(true)
  expect(failure.parts.fact).toContain('trace-cmd')
})
