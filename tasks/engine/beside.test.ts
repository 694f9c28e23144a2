import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { beside, leftBeside, removeBeside } from './beside.ts'
import { thisProcess } from './process.ts'

const setUp = () => ({ cache: tempDir(), out: tempDir() })

test('the directory stands beside the file, is noted meanwhile, and goes with its note', async () => {
  const { cache, out } = setUp()
  const value = await beside(cache, join(out, 'file'), async (dir) => {
    expect(readdirSync(out).map((name) => join(out, name))).toEqual([dir])
    expect(readdirSync(join(cache, 'beside'))).toHaveLength(1)
    expect(await leftBeside(cache)).toEqual([])
    return 7
  })
  expect([value, readdirSync(out), readdirSync(join(cache, 'beside'))]).toEqual([7, [], []])
})

test('a failure leaves nothing, and passes through', async () => {
  const { cache, out } = setUp()
  const error = new Error('broken')
  await expect(beside(cache, join(out, 'file'), () => Promise.reject(error))).rejects.toBe(error)
  await expect(beside(cache, join(out, 'no/file'), () => Promise.resolve())).rejects.toMatchObject({ code: 'ENOENT' })
  expect([readdirSync(out), readdirSync(join(cache, 'beside'))]).toEqual([[], []])
})

test('a cache that cannot be written is no reason to fail', async () => {
  expect(await beside('/proc/lab-test', join(tempDir(), 'file'), () => Promise.resolve(1))).toBe(1)
})

test('what a killed process left is found and removed', async () => {
  const { cache, out } = setUp()
  const code = `import { beside } from ${JSON.stringify(join(import.meta.dirname, 'beside.ts'))}
await beside(process.argv[1], process.argv[2], (dir) => { console.log(dir); return new Promise((r) => setTimeout(r, 60000)) })`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code, cache, join(out, 'file')])
  const [dir] = (await once(child.stdout, 'data')) as [Buffer]
  expect(await leftBeside(cache)).toEqual([])
  child.kill('SIGKILL')
  await once(child, 'exit')
  const [left, ...more] = await leftBeside(cache)
  expect([left?.dir, more]).toEqual([dir.toString().trim(), []])
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
