import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
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
process.on('SIGINT', () => console.log('heard'))
process.stdin.on('end', () => process.exit(7)).resume()
process.stdout.write('ready\\n', () => {
  try { withDeadline(600_000, () => ${String(EVIL)}.test(${JSON.stringify(TEXT)})) } catch (error) { console.log(error.kind) }
})`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code])
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  const until = async (word: string) => {
    while (!said.includes(word)) await once(child.stdout, 'data')
  }
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await until('ready')
  // A signal that comes before the work has begun is only heard: one more is sent until it is ended.
  const again = setInterval(() => child.kill('SIGINT'), 100)
  await until('interrupted')
  clearInterval(again)
  await until('heard')
  child.stdin.end()
  expect((await once(child, 'close'))[0]).toBe(7)
})
