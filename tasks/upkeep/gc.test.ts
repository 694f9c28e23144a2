import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test, vi, onTestFinished } from 'vitest'
import { lockNow } from '../engine/lock.ts'
import { processTag } from '../engine/process.ts'
import { partialBeside } from '../engine/replace-file.ts'
import { makeScratch } from '../engine/scratch.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import { placesOf } from '../vm/places.ts'
import { gcStep } from './gc.ts'

/** What a SIGKILL leaves of each kind of thing that is written under another name first. */
async function leftovers(lab: string, cache: string): Promise<string[]> {
  return [
    partialBeside(join(lab, 'results', '.index')),
    partialBeside(join(lab, 'results', 'readiter', 'run')),
    partialBeside(join(lab, 'results', '.inputs', 'lab')),
    partialBeside(join(lab, '.lab', 'keys')),
    partialBeside(join(lab, '.lab', 'vms', 'default')),
    partialBeside(join(cache, 'store', 'kernel', 'x')),
    partialBeside(join(cache, 'build', 'tree')),
    partialBeside(join(cache, 'build', 'tree', 'src.names')),
    partialBeside(join(cache, 'tools', 'gcc.json')),
    partialBeside(join(cache, 'accel', 'boot.json')),
    partialBeside(join(cache, 'texts', 'lab.json')),
    partialBeside(join(lab, 'results', '.compact', 'readiter.json')),
    await makeScratch('import'),
    await makeScratch('doctor'),
  ]
}

async function afterGc(nameOf: (path: string) => string): Promise<string[]> {
  const [lab, cache, temp] = [tempDir(), tempDir(), tempDir()]
  vi.stubEnv('TMPDIR', temp)
  onTestFinished(() => void vi.unstubAllEnvs())
  const paths = (await leftovers(lab, cache)).map(nameOf)
  for (const path of paths) {
    mkdirSync(dirname(path), { recursive: true })
    if (path.includes('json') || path.includes('.index')) writeFileSync(path, 'half')
    else mkdirSync(path, { recursive: true })
  }
  await gcStep(placesOf(lab), testContext(cache), false)
  return paths.filter((path) => !existsSync(path))
}

const { pid } = spawnSync('true')
const gone = processTag().replace(/^\d+/, String(pid))

test('what a killed process was writing is removed, wherever it was', async () => {
  const names: string[] = []
  const removed = await afterGc((path) => {
    const name = path.replace(processTag(), gone)
    names.push(name)
    return name
  })
  expect(removed).toEqual(names)
})

test('what a living process is writing stays', async () => {
  expect(await afterGc((path) => path)).toEqual([])
})

test('the checkout of a bisection that was killed is removed, and that of one that goes on stays', async () => {
  const [lab, cache] = [tempDir(), tempDir()]
  const [left, used] = ['left', 'used'].map((name) => join(cache, 'bisect', name))
  for (const dir of [left ?? '', used ?? '']) mkdirSync(join(dir, '.git'), { recursive: true })
  await using _held = await lockNow(`${used}.lock`)
  const { removed } = await gcStep(placesOf(lab), testContext(cache), false)
  expect(removed).toContain(left)
  expect([left, used].map((dir) => existsSync(dir ?? ''))).toEqual([false, true])
})
