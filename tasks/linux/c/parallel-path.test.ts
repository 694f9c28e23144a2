import { describe, expect, test } from 'vitest'
import { apply, KEPT, PATH, TREE } from './parallel-path.fixture.ts'
import { applyParallelPath, applyParallelPaths, type PathDeclaration } from './parallel-path.ts'
import { after, treeOf } from './source-tree.fixture.ts'

test('R-0501-2: the path in small: the text of every file', async () => {
  const result = await apply(TREE)
  expect(Object.fromEntries(result.changed)).toEqual({
    'lib/iov.c': `#include <linux/export.h>
#include <linux/uio.h>

static int out(void __user *to, size_t n)
{
	return copy(to, n);
}

int out_giulia(void __user *to, size_t n);

${KEPT} int out_giulia(void __user *to, size_t n)
{
	return copy(to, n);
}
EXPORT_SYMBOL(out_giulia);

size_t page_out(struct page *page, size_t n)
{
	/* out of the page */
	return out(page, n);
}
EXPORT_SYMBOL(page_out);

size_t folio_out_giulia(struct folio *folio, size_t n);
size_t page_out_giulia(struct page *page, size_t n);

${KEPT} size_t folio_out_giulia(struct folio *folio, size_t n)
{
	return page_out_giulia(&folio->page, n);
}
EXPORT_SYMBOL(folio_out_giulia);

${KEPT} size_t page_out_giulia(struct page *page, size_t n)
{
	/* out of the page */
	return out_giulia(page, n);
}
EXPORT_SYMBOL(page_out_giulia);
`,
    'mm/filemap.c': `#include <linux/uio.h>

size_t folio_out_giulia(struct folio *folio, size_t n);

/**
 * read_it - reads
 */
ssize_t read_it(struct folio *folio)
{
	return folio_out_giulia(folio, 1);
}

ssize_t splice_it(struct page *page)
{
	return page_out(page, 1);
}
`,
  })
  expect(result.calls).toEqual([
    { caller: 'folio_out_giulia', callee: 'page_out_giulia', direct: true },
    { caller: 'page_out_giulia', callee: 'out_giulia', direct: true },
    { caller: 'read_it', callee: 'folio_out_giulia', direct: true },
  ])
  expect(result.warnings).toEqual([])
})

test('R-0501-2: applied to its own result it changes nothing and still knows what to prove', async () => {
  const first = await apply(TREE)
  const second = await applyParallelPath(after(TREE, first.changed), PATH)
  expect(second.changed).toEqual(new Map())
  expect(second.clones).toEqual(first.clones)
  expect(second.calls.filter(({ caller }) => caller === 'read_it')).toEqual([
    { caller: 'read_it', callee: 'folio_out_giulia', direct: true },
  ])
})

test('no header is touched, so that only the files with callers are compiled again', async () => {
  const { changed: files } = await apply(TREE)
  expect([...files.keys()].filter((file) => file.endsWith('.h'))).toEqual([])
})

describe('several paths', () => {
  const second: PathDeclaration = { suffix: 'bpf', entry: 'splice_it', functions: ['page_out', 'out'] }

  test('two suffixes: each entry has its own clones, and clones never call those of the other', async () => {
    const { changed: files, paths } = await applyParallelPaths(treeOf(TREE), [PATH, second])
    expect(files.get('mm/filemap.c')).toContain('return folio_out_giulia(folio, 1);')
    expect(files.get('mm/filemap.c')).toContain('return page_out_bpf(page, 1);')
    expect(paths.flatMap(({ clones }) => clones.map(({ name }) => name))).toEqual([
      'folio_out_giulia',
      'page_out_giulia',
      'out_giulia',
      'page_out_bpf',
      'out_bpf',
    ])
    const text = files.get('lib/iov.c') ?? ''
    expect(text.match(/EXPORT_SYMBOL\((\w+)\)/g)).toHaveLength(6)
    expect(/page_out_bpf\([^)]*\)\n\{[^}]*\}/.exec(text)?.[0]).toContain('out_bpf(page, n)')
    const again = await applyParallelPaths(after(TREE, files), [PATH, second])
    expect(again.changed).toEqual(new Map())
  })

  test('one suffix and two entries: they share the clones', async () => {
    const functions = ['page_out', 'out']
    const files = { ...TREE, 'fs/a.c': 'int other(struct page *p)\n{\n\treturn page_out(p, 2);\n}\n' }
    const { changed: texts } = await applyParallelPaths(treeOf(files), [
      { suffix: 'x', entry: 'splice_it', functions },
      { suffix: 'x', entry: 'other', functions },
    ])
    expect(texts.get('lib/iov.c')?.match(/EXPORT_SYMBOL\(page_out_x\)/g)).toHaveLength(1)
    expect(texts.get('fs/a.c')).toContain('return page_out_x(p, 2);')
  })

  test('an entry can be a clone of an earlier path', async () => {
    const { changed: texts } = await applyParallelPaths(treeOf(TREE), [
      { suffix: 'giulia', entry: 'splice_it', functions: ['page_out'] },
      { suffix: 'inner', entry: 'page_out_giulia', functions: ['out'] },
    ])
    const clone = /page_out_giulia\([^)]*\)\n\{[^}]*\}/.exec(texts.get('lib/iov.c') ?? '')?.[0]
    expect(clone).toContain('return out_inner(page, n);')
    expect(texts.get('lib/iov.c')).toContain('return out(page, n);')
  })
})
