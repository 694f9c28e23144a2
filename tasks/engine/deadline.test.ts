import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Late, withDeadline } from './deadline.ts'
import { interrupted } from './error.ts'

const EVIL = /^(a+)+$/
const TEXT = `${'a'.repeat(60)}b`

test('work gives its value and its errors', () => {
  expect(withDeadline(60_000, () => [1, { a: 2 }])).toEqual([1, { a: 2 }])
  const error = interrupted()
  expect(() =>
    withDeadline(60_000, () => {
      throw error
    }),
  ).toThrow(error)
})

test('a regular expression that backtracks for ever is given up', () => {
  expect(() => withDeadline(50, () => EVIL.test(TEXT))).toThrow(Late)
})

test('Ctrl-C ends it, and everybody else hears of it', async () => {
  const code = `import { withDeadline } from ${JSON.stringify(join(import.meta.dirname, 'deadline.ts'))}
process.on('SIGINT', () => { console.log('heard'); process.exitCode = 130 })
const alive = setInterval(() => undefined, 100000)
process.stdout.write('ready\\n', () => setTimeout(() => {
  try { withDeadline(600_000, () => ${String(EVIL)}.test(${JSON.stringify(TEXT)})) } catch (error) { console.log(error.kind) }
  setImmediate(() => clearInterval(alive))
}, 0))`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code])
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await once(child.stdout, 'data')
  // Whether it is at work already or not yet: the signal ends it in both cases, or is heard before.
  const again = setInterval(() => child.kill('SIGINT'), 100)
  const [status] = (await once(child, 'close')) as [number]
  clearInterval(again)
  expect([status, said]).toEqual([130, expect.stringMatching(/interrupted\n(?:heard\n)*$/)])
})
