import { expect, test } from 'vitest'
import { treeOf } from '../../linux/c/source-tree.fixture.ts'
import { hookOf } from '../../linux/symbols/hook.ts'
import { verdict, type Fix } from '../../linux/symbols/verdict.ts'
import { possible } from './possible.ts'

const tree = treeOf({
  'lib/a.c': [
    'static int inner(int a)',
    '{',
    '\treturn a;',
    '}',
    '',
    'static int __init early(int a)',
    '{',
    '\treturn inner(a);',
    '}',
    '',
    'int outer(int a)',
    '{',
    '\treturn inner(a) + 1;',
    '}',
    '',
  ].join('\n'),
  'include/linux/h.h': 'static inline int in_header(int a)\n{\n\treturn a;\n}\n',
})
const tried = async (...fixes: Fix[]) =>
  await possible(verdict(hookOf('kprobe/inner'), 'inlined', 'it was inlined', { fixes }), tree)

test('changes that the transforms can make are proposed, of clones the first that works', async () => {
  const expose: Fix = { change: 'expose', function: 'inner', file: 'lib/a.c' }
  const hook: Fix = { change: 'hook', text: 'SEC("kprobe/outer")' }
  const clones = ['nowhere', 'outer', 'early'].map((entry): Fix => ({ change: 'clone', function: 'inner', entry }))
  expect(await tried(expose, ...clones, hook)).toMatchObject({ fixes: [expose, clones[1], hook], details: [] })
})

test('one that is refused is not proposed, and its reason is reported', async () => {
  const { fixes, details } = await tried({ change: 'expose', function: 'in_header' })
  expect(fixes).toEqual([])
  expect(details).toEqual([expect.stringMatching(/^expose cannot help: in_header is an inline function of a header/)])
})
