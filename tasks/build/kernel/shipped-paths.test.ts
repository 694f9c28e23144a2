/**
 * The declarations of the shipped lab on trees in the shape of several kernels: the path's functions, and what calls
 * what, in small.
 */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLab } from '../../config/open.ts'
import { failureOf } from '../../test/caught.ts'
import { applyParallelPaths } from '../../linux/c/parallel-path.ts'
import { treeOf } from '../../linux/c/source-tree.fixture.ts'

const toolRoot = join(import.meta.dirname, '../../..')
const { lab } = openLab({ cwd: toolRoot, toolRoot, host: { memoryBytes: 2 ** 33, cpus: 2 } })
const pathsOf = (kernel: string) => lab.kernels[kernel]?.parallelPaths ?? expect.unreachable(`no kernel ${kernel}`)

/** lib/iov_iter.c until 5.15. The kind of access went out of access_ok() with 5.0. */
const iovIter = (accessOk: string) => `static int copyout(void __user *to, const void *from, size_t n)
{
	if (${accessOk})
		n = raw_copy_to_user(to, from, n);
	return n;
}

static size_t copy_page_to_iter_iovec(struct page *page, size_t offset, size_t bytes, struct iov_iter *i)
{
	return copyout(i->base, page_address(page) + offset, bytes);
}

size_t _copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i)
{
	return copyout(i->base, addr, bytes);
}
EXPORT_SYMBOL(_copy_to_iter);

size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i)
{
	if (i->kernel)
		return copy_to_iter(page_address(page) + offset, bytes, i);
	return copy_page_to_iter_iovec(page, offset, bytes, i);
}
EXPORT_SYMBOL(copy_page_to_iter);
`

const UIO = `size_t _copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i);
size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i);

static __always_inline size_t copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i)
{
	return _copy_to_iter(addr, bytes, i);
}
`

const FILEMAP = `#include <linux/uio.h>

static ssize_t generic_file_buffered_read(struct kiocb *iocb, struct iov_iter *iter, ssize_t written)
{
	return written + copy_page_to_iter(iocb->page, 0, 1, iter);
}
`

const older = (accessOk: string) =>
  treeOf({ 'lib/iov_iter.c': iovIter(accessOk), 'include/linux/uio.h': UIO, 'mm/filemap.c': FILEMAP })

/** 6.1: folios, and no function of its own for an iovec. */
const NEWER = treeOf({
  'lib/iov_iter.c': `static int copyout(void __user *to, const void *from, size_t n)
{
	return raw_copy_to_user(to, from, n);
}

size_t _copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i)
{
	return copyout(i->base, addr, bytes);
}
EXPORT_SYMBOL(_copy_to_iter);

size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i)
{
	return _copy_to_iter(page_address(page) + offset, bytes, i);
}
EXPORT_SYMBOL(copy_page_to_iter);
`,
  'include/linux/uio.h': `size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i);

static inline size_t copy_folio_to_iter(struct folio *folio, size_t offset, size_t bytes, struct iov_iter *i)
{
	return copy_page_to_iter(&folio->page, offset, bytes, i);
}
`,
  'mm/filemap.c': `#include <linux/uio.h>

ssize_t filemap_read(struct kiocb *iocb, struct iov_iter *iter, ssize_t already_read)
{
	return already_read + copy_folio_to_iter(iocb->folio, 0, 1, iter);
}
`,
})

test.each([
  ['v4.15', 'access_ok(VERIFY_WRITE, to, n)'],
  ['v5.4', 'access_ok(to, n)'],
  ['v5.7', 'access_ok(to, n)'],
])('R-2601-3: one declaration fits %s: each clone keeps what its kernel has', async (kernel, accessOk) => {
  expect(pathsOf(kernel)).toEqual(pathsOf('v5.4'))
  const { changed } = await applyParallelPaths(older(accessOk), pathsOf(kernel))
  const lib = changed.get('lib/iov_iter.c') ?? ''
  expect(lib.split(accessOk)).toHaveLength(3)
  expect(lib).toMatch(/\bcopyout_giulia\(void __user \*to, const void \*from, size_t n\)\n\{/)
  expect(changed.get('mm/filemap.c')).toContain('copy_page_to_iter_giulia(iocb->page, 0, 1, iter)')
})

test('R-2601-3: on a kernel that it does not fit, what is missing is named', async () => {
  const { kind, parts } = await failureOf(applyParallelPaths(NEWER, pathsOf('v5.4')))
  expect(kind).toBe('user')
  expect([parts.fact, ...(parts.lines ?? [])].join('\n')).toMatch(/generic_file_buffered_read|copy_page_to_iter_iovec/)
  expect(parts.wayOut).toMatch(/\w/)
  const { changed } = await applyParallelPaths(NEWER, pathsOf('v6.1'))
  expect(changed.get('mm/filemap.c')).toContain('copy_folio_to_iter_giulia(iocb->folio, 0, 1, iter)')
})
