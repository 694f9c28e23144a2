import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LONGEST, longestFirst } from './longest-first.ts'

const at = (name: string) => ({ moduleId: join(import.meta.dirname, name) })

test('files that take minutes begin before the other VM tests, which keep their order and stay behind the rest', () => {
  const files = ['a.test.ts', 'big.vm.test.ts', 'types.vm.test.ts', 'b.cli.test.ts', 'c.vm.test.ts', 'slurm.vm.test.ts']
  expect(longestFirst(files.map(at))).toEqual(
    ['a.test.ts', 'b.cli.test.ts', 'slurm.vm.test.ts', 'types.vm.test.ts', 'big.vm.test.ts', 'c.vm.test.ts'].map(at),
  )
})

test.each(LONGEST)('%s is a file with VMs', (name) => {
  expect(existsSync(at(`${name}.vm.test.ts`).moduleId)).toBe(true)
})
