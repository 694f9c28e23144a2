import { expect, test } from 'vitest'
import { Failure, labError } from '../../engine/error.ts'
import { treeOf } from '../../linux/c/source-tree.fixture.ts'
import { blamed } from './blame.ts'
import { patchLayers } from './patches.ts'

const TEXT = Array.from({ length: 30 }, (_, index) => `int f${index}(void);`).join('\n')
const tree = treeOf({ 'lib/a.c': `${TEXT}\n` })
const patch = (at: number, line: string) =>
  ['--- a/lib/a.c', '+++ b/lib/a.c', `@@ -${at},1 +${at},2 @@`, ` int f${at - 1}(void);`, `+${line}`, ''].join('\n')

const layers = [
  ...patchLayers(tree, [
    { name: 'good.patch', text: patch(3, 'int good(void);') },
    { name: 'bad.patch', text: patch(20, 'itn bad(void);').replace('@@ -20,1 +20,2 @@', '@@ -21,1 +21,2 @@') },
  ]),
  { name: '`expose:`', files: new Map([['lib/b.c', 'int b(void)\n{\n}\n']]) },
]
const failed = labError({ place: 'kernel v5.4', fact: 'the kernel does not build', lines: ['?'], log: '/log' })
const told = (...output: string[]) => blamed(failed, output, layers, (path) => tree.read(path)) as Failure

test('R-0802-2 an error in a line of a patch names the patch and shows its hunk; it is the input of whoever wrote it', () => {
  const { kind, parts } = told('lib/a.c:22:1: error: unknown type name ‘itn’')
  expect([kind, parts.fact]).toEqual(['user', 'the kernel does not build: because of patch bad.patch'])
  expect(parts.lines?.slice(0, 2)).toEqual([
    'lib/a.c:22:1: error: unknown type name ‘itn’',
    '  written by patch bad.patch, the only hunk in lib/a.c',
  ])
  expect(parts.lines?.join('\n')).toContain('    +itn bad(void);')
  expect([parts.wayOut, parts.log]).toEqual(['correct patch bad.patch, or take it out of `patches:`', '/log'])
})

test("R-0802-2 an error in the lab's own change names the key that asked for it, and stays the lab's", () => {
  const { kind, parts } = told('lib/b.c:2:1: error: expected')
  expect([kind, parts.fact]).toEqual(['lab', 'the kernel does not build: because of `expose:`'])
})

test('an error in a line that nobody changed is said as what it is', () => {
  const { kind, parts } = told('lib/a.c:1:1: error: strange')
  expect(kind).toBe('lab')
  expect(parts.fact).toBe('the kernel does not build: perhaps because of patch good.patch')
  expect(parts.lines?.join('\n')).toContain('nearest change of this file:')
  expect(told('fs/other.c:1:1: error: strange', 'make: *** Error 1')).toBe(failed)
})
