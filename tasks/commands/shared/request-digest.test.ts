/** What counts as the same question: `--resume` of several experiments takes finished ones for it. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openLab } from '../../config/open.ts'
import { Rig } from '../../test/rig.ts'
import { requestDigest } from './request-digest.ts'
import { TOOL_ROOT } from './session.ts'

const rig = new Rig()
afterAll(() => rig.remove())

const digest = async (options: { readonly kernel?: string } = {}) => {
  const host = { memoryBytes: 2 ** 40, cpus: 64 }
  const { lab } = openLab({ cwd: rig.dir, toolRoot: TOOL_ROOT, host })
  return await requestDigest(lab, lab.experiments['readiter'] ?? expect.unreachable(), options)
}

test.each<[Record<string, unknown>, boolean]>([
  [{ resume: true, all: true, parallel: '2', json: true }, true],
  [{ repeat: '3' }, false],
  [{ kernel: 'v6.1' }, false],
])('with %j it is the same: %s', async (options, same) => {
  expect((await digest(options)) === (await digest())).toBe(same)
})

test('another kernel is another question where --kernel names it, and only there', async () => {
  const before = [await digest(), await digest({ kernel: 'v6.12' })]
  rig.edit('lab.yaml', '\n  v6.12:\n', '\n  v6.12:\n    debug: btf\n')
  const after = [await digest(), await digest({ kernel: 'v6.12' })]
  expect([before[0] === after[0], before[1] === after[1]]).toEqual([true, false])
})

test('another text of the probe is another question', async () => {
  const before = await digest()
  appendFileSync(join(rig.dir, 'bpf/readiter.bpf.c'), '\n/* more */\n')
  expect(await digest()).not.toBe(before)
})
