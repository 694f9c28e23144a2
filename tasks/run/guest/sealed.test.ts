import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../../host/sh.ts'
import { failureOf } from '../../test/caught.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { hung } from './sealed.ts'

const errorOf = (argv: readonly string[], timeout?: number) =>
  failureOf(run(argv, timeout === undefined ? {} : { timeout }))

test('a guest that hangs is told in its own words, and not in those of the program that runs QEMU', async () => {
  const console = join(tempDir(), 'console.log')
  writeFileSync(console, 'Booting\n\nwatchdog: BUG: soft lockup\n')
  const error = await errorOf(['prlimit', '--core=0', '--', 'sleep', '60'], 10)
  expect(await failureOf(hung(error, 'experiment exact', console))).toMatchObject({
    kind: 'lab',
    parts: {
      place: 'experiment exact',
      fact: 'the sealed guest neither ended nor rebooted within 0.01 s',
      lines: ['Booting', 'watchdog: BUG: soft lockup'],
    },
  })
})

test('any other end of QEMU stays what it is', async () => {
  const error = await errorOf(['sh', '-c', 'exit 3'])
  await expect(hung(error, 'experiment exact', '/nowhere')).rejects.toBe(error)
})
