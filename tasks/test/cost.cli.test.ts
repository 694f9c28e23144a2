/**
 * What a command loads and reads: only what it needs. A module that every command imports costs each of them its CPU
 * time, and nobody notices one import; so the packages of each command are listed here, and its files and bytes have a
 * limit a little above what they are.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Loaded } from './loaded.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
afterAll(() => lab.remove())

/** Of the second time: the first fills the cache. */
async function loadedBy(args: readonly string[]): Promise<Loaded> {
  const target = join(lab.dir, 'loaded.json')
  await lab.lab(args)
  const { status, stderr } = await lab.lab(args, {
    LAB_LOADED: target,
    // The sources, each by itself: what `lab` joins of them is loaded in other pieces.
    LAB_ENTRY: join(import.meta.dirname, '../cli.ts'),
    NODE_OPTIONS: `--import ${join(import.meta.dirname, 'loaded.ts')}`,
    // What is compiled already is read from the cache, too: less than the code, and a matter of what ran before.
    NODE_DISABLE_COMPILE_CACHE: '1',
  })
  expect(status, stderr).toBe(0)
  return JSON.parse(readFileSync(target, 'utf8')) as Loaded
}

const MB = 1e6
/** Command line, packages, most files of our own, most bytes. */
const COSTS: readonly (readonly [line: string, packages: readonly string[], files: number, bytes: number])[] = [
  ['--help', ['commander'], 18, 0.25 * MB],
  ['check', ['commander', 'zod'], 120, 1.8 * MB],
  ['results', ['commander', 'zod'], 60, 1.3 * MB],
]

test.each(COSTS)('lab %s', async (line, packages, mostFiles, mostBytes) => {
  const loaded = await loadedBy(line.split(' '))
  expect(loaded.packages).toEqual(packages)
  expect(loaded.files.length, loaded.files.join(' ')).toBeLessThan(mostFiles)
  expect(loaded.bytesRead).toBeLessThan(mostBytes)
})
