/** Paths in small, and what becomes of them. */
import { applyParallelPath, type PathDeclaration } from './parallel-path.ts'
import { treeOf } from './source-tree.fixture.ts'

/** The read path in small: a static function, one behind #ifdef, an inline of a header, a caller elsewhere. */
export const TREE = {
  'include/linux/uio.h': `#ifndef U
#define U
size_t page_out(struct page *page, size_t n);
static inline size_t folio_out(struct folio *folio, size_t n)
{
	return page_out(&folio->page, n);
}
#endif
`,
  'lib/iov.c': `#include <linux/uio.h>

static int out(void __user *to, size_t n)
{
	return copy(to, n);
}

size_t page_out(struct page *page, size_t n)
{
	/* out of the page */
	return out(page, n);
}
EXPORT_SYMBOL(page_out);
`,
  'mm/filemap.c': `#include <linux/uio.h>

/**
 * read_it - reads
 */
ssize_t read_it(struct folio *folio)
{
	return folio_out(folio, 1);
}

ssize_t splice_it(struct page *page)
{
	return page_out(page, 1);
}
`,
}
export const PATH: PathDeclaration = { suffix: 'giulia', entry: 'read_it', functions: ['folio_out', 'page_out', 'out'] }
/** What keeps a clone whole. */
export const KEPT = 'noinline __noclone __attribute__((__noipa__))'

/** The declared path, changed in part, applied to some files. */
export const apply = (files: Record<string, string>, path: Partial<PathDeclaration> = {}) =>
  applyParallelPath(treeOf(files), { ...PATH, ...path })
/** One file of the result. */
export const changed = async (file: string, text: string, path: Partial<PathDeclaration>) =>
  (await apply({ [file]: text }, path)).changed.get(file)
