import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { beside, leftBeside, removeBeside } from './beside.ts'
import { thisProcess } from './process.ts'

const setUp = () => ({ cache: tempDir(), out: tempDir() })

test('the directory is next to the file, is noted meanwhile, and goes with its note', async () => {
  const { cache, out } = setUp()
  const value = await beside(cache, join(out, 'file'), async (partial) => {
    expect(readdirSync(out).map((name) => join(out, name))).toEqual([dirname(partial)])
    expect(readdirSync(join(cache, 'beside'))).toHaveLength(1)
    expect(await leftBeside(cache)).toEqual([])
    writeFileSync(partial, 'x')
    writeFileSync(`${partial}.more`, 'y')
    return 7
  })
  expect([value, readdirSync(out), readdirSync(join(cache, 'beside'))]).toEqual([7, ['file'], []])
  expect(readFileSync(join(out, 'file'), 'utf8')).toBe('x')
})

test('a failure leaves nothing, and passes through', async () => {
  const { cache, out } = setUp()
  const error = new Error('broken')
  await expect(beside(cache, join(out, 'file'), () => Promise.reject(error))).rejects.toBe(error)
  const never = () => expect.unreachable('there is no place')
  const failure = await failureOf(beside(cache, join(out, 'no/file'), never))
  expect(failure).toMatchObject({ kind: 'user', parts: { fact: 'its directory does not exist' } })
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' })
  expect((await failureOf(beside(cache, join(out, 'file'), () => Promise.reject(full)))).kind).toBe('lab')
  expect([readdirSync(out), readdirSync(join(cache, 'beside'))]).toEqual([[], []])
})

test('a cache that cannot be written is no reason to fail', async () => {
  const file = join(tempDir(), 'file')
  await beside('/proc/lab-test', file, (partial) => Promise.resolve(writeFileSync(partial, 'x')))
  expect(readFileSync(file, 'utf8')).toBe('x')
})

test('what a killed process left is found and removed', async () => {
  const { cache, out } = setUp()
  const code = `import { beside } from ${JSON.stringify(join(import.meta.dirname, 'beside.ts'))}
await beside(process.argv[1], process.argv[2], (partial) => { console.log(partial); return new Promise((r) => setTimeout(r, 60000)) })`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code, cache, join(out, 'file')])
  const [partial] = (await once(child.stdout, 'data')) as [Buffer]
  expect(await leftBeside(cache)).toEqual([])
  child.kill('SIGKILL')
  await once(child, 'exit')
  const [left, ...more] = await leftBeside(cache)
  expect([left?.dir, more]).toEqual([dirname(partial.toString().trim()), []])
  if (left) await removeBeside(left)
  expect([readdirSync(out), readdirSync(join(cache, 'beside'))]).toEqual([[], []])
})

test('a note that names something else is obeyed by nobody', async () => {
  const { cache, out } = setUp()
  mkdirSync(join(cache, 'beside'))
  const owner = { ...thisProcess(), startTime: '1' }
  writeFileSync(join(cache, 'beside/a.json'), JSON.stringify({ owner, path: out }))
  writeFileSync(join(cache, 'beside/b.json'), '{"own')
  expect(await leftBeside(cache)).toEqual([])
  expect(existsSync(out)).toBe(true)
})
