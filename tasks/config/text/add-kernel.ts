/** Lines of a new kernel in a lab file: written as text, so that every comment and blank of the file stays as it is. */
import { isMap, parseDocument } from 'yaml'
import { userError } from '../../engine/error.ts'

/** A value of a line; a list is written in brackets. */
export type Value = string | readonly string[] | { readonly [key: string]: Value }

function lines(value: { readonly [key: string]: Value }, indent: string): string[] {
  return Object.entries(value).flatMap(([key, entry]) => {
    if (typeof entry === 'string') return [`${indent}${key}: ${entry}`]
    if (Array.isArray(entry)) return [`${indent}${key}: [${entry.join(', ')}]`]
    return [`${indent}${key}:`, ...lines(entry as { readonly [key: string]: Value }, `${indent}  `)]
  })
}

/** A name that the section does not have: `name`, else `name-2`, ... */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count++) {
    const next = count === 1 ? name : `${name}-${count}`
    if (!taken.has(next)) return next
  }
}

/**
 * The lab file with one kernel more, behind the others.
 * @throws a user's Failure where the file has no section of kernels that lines can be added to
 */
export function withKernel(
  text: string,
  name: string,
  kernel: { readonly [key: string]: Value },
  place: string,
): { readonly text: string; readonly name: string; readonly added: readonly string[] } {
  const document = parseDocument(text)
  const kernels = document.get('kernels', true)
  if (document.errors.length > 0 || !isMap(kernels) || kernels.flow === true || kernels.items.length === 0)
    throw userError({
      place,
      fact: 'it has no section `kernels:` that lines can be added to',
      wayOut: '`lab check` shows what is wrong with the file; a section in { } is changed by hand',
    })
  const own = freeName(name, new Set(kernels.items.map(({ key }) => String(key))))
  const [first] = kernels.items
  const start = (first?.key as { range?: readonly number[] } | null)?.range?.[0] ?? 0
  const indent = /[^\n]*$/.exec(text.slice(0, start))?.[0] ?? '  '
  // The value ends behind its last line, before comments that belong to what follows.
  const end = kernels.range?.[1] ?? text.length
  const last = text.slice(0, end).replace(/\s+$/, '')
  const rest = text.slice(last.length)
  const added = [`${indent}${own}:`, ...lines(kernel, `${indent}  `)]
  const result = `${last}\n${added.join('\n')}${rest.startsWith('\n') ? '' : '\n'}${rest}`
  const before = document.toJS() as { kernels: object }
  const after = parseDocument(result).toJS() as { kernels: Record<string, unknown> }
  const { [own]: made, ...others } = after.kernels
  if (made === undefined || JSON.stringify({ ...after, kernels: others }) !== JSON.stringify(before))
    throw userError({
      place,
      fact: 'the new lines would change other parts of it',
      lines: added,
      wayOut: 'add these lines by hand',
    })
  return { text: result, name: own, added }
}
