/** Listings of symbols and searches in them: what may be said of a name, and what may not. */
import { describe, expect, test } from 'vitest'
import { explainText } from './index.ts'
import { searchIn } from './symbol-search.ts'

const rules = (text: string) => explainText(text).map(({ rule }) => rule)
const OTHER = 'ffffffff81000010 t qxl_draw_copyarea\t[qxl]'

describe('a search that found nothing', () => {
  test.each([
    ['a pipe, and another symbol', `$ cat /proc/kallsyms | grep raw_copy\n${OTHER}`],
    ['a file, and the next prompt', '$ grep do_foo /proc/kallsyms\n$ '],
    ['with options and quotes', `# grep -w -i "do_foo" /proc/kallsyms\n# uname -r`],
    ['with a prompt of user and host', 'me@host:~$ sudo grep do_foo /proc/kallsyms\nme@host:~$ '],
    ['of System.map', '$ grep " T do_foo$" /boot/System.map-6.1.0\n$ '],
  ])('%s', (_, text) => {
    expect(rules(text)).toEqual(['symbol not there'])
  })

  test.each([
    ['its output is not in the text', '$ cat /proc/kallsyms | grep hello  # shows who references it\nIt is there.'],
    ['the end of the text', '$ grep do_foo /proc/kallsyms'],
    ['it counts', '$ grep -c do_foo /proc/kallsyms\n0'],
    ['another program follows', '$ grep do_foo /proc/kallsyms | sort\n$ '],
    ['its output goes to a file', '$ grep do_foo /proc/kallsyms > symbols\n$ '],
    ['a regular expression', `$ grep -E 'do_.*foo|bar' /proc/kallsyms\n${OTHER}`],
    ['the name of a module', '$ grep ext4 /proc/kallsyms\nffffffffc113b010 t cleanup_module\t[ext4]'],
    ['a name inside others', '$ grep read_iter /proc/kallsyms\nffffffff81000010 t ext4_file_read_iter'],
  ])('not said where %s', (_, text) => {
    expect(rules(text)).toEqual([])
  })
})

test('names that several functions have, once each', () => {
  const lines = ['t name_show', 't name_show', 'T other'].map((rest, n) => `ffffffff8100${n}010 ${rest}`)
  const found = explainText([...lines, ...lines].join('\n'))
  expect(found.map(({ rule, what }) => [rule, what])).toEqual([
    ['several functions have this name', 'name_show is the name of 2 functions'],
  ])
  expect(rules('ffffffff81000010 d jiffies\nffffffff81000020 d jiffies')).toEqual([])
})

test.each([
  ['__pfx_foo', /padding in front of foo/],
  ['foo.cold', /unlikely branches of foo/],
  ['foo.isra.0.cold', /unlikely branches of foo\.isra\.0/],
  ['foo.isra.20', /foo is there only under this name/],
  ['foo.constprop.0', /copy of foo for calls with a constant argument/],
  ['foo.part.0', /beginning was inlined/],
  ['foo.part.0\nffffffff81000020 t foo', /part split off foo, which is there too/],
  ['foo.isra.0\nffffffff81000020 t foo', /foo is another function/],
  ['foo.llvm.123', /ThinLTO/],
])('%s', (name, says) => {
  const found = explainText(`ffffffff81000010 t ${name}`)
  expect(found.map(({ rule }) => rule)).toEqual(['functions that the compiler renamed'])
  expect(found[0]?.cause).toMatch(says)
})

test('a listing that was pasted twice with hidden addresses has no ambiguous names', () => {
  const hidden = '0000000000000000 t foo\n0000000000000000 t bar'
  expect(rules(hidden)).toEqual(['symbol addresses are hidden'])
})

test('a search is a command and no sentence', () => {
  expect(searchIn('I had a look with grep in kallsyms and found nothing')).toBeUndefined()
  expect(searchIn('$ grep foo /proc/kallsyms')?.name).toBe('foo')
})
