/** The texts of an expectation, of whichever kind it is: patterns, and texts that take parameters. */
import type { Path } from '../text/diagnostic.ts'
import type { Expectation } from './schema-expect.ts'

/** A text, where it is in the expectation, and whether it is a key there. */
export type ExpectText = readonly [path: Path, text: string, at?: 'key' | undefined]

/** Patterns: plain text, or a regular expression between slashes. */
export function* patternsOf(one: Expectation): Iterable<ExpectText> {
  if ('order' in one) for (const [at, text] of one.order.entries()) yield [['order', at], text]
  if ('failure' in one && one.message !== undefined) yield [['message'], one.message]
  if ('messages' in one) for (const text of Object.keys(one.messages)) yield [['messages', text], text, 'key']
  if (!('same' in one)) return
  for (const [at, source] of one.same.entries())
    for (const kind of ['stdout', 'stderr', 'message'] as const)
      if (kind in source) yield [['same', at, kind], String(Reflect.get(source, kind))]
}

/** Everything that takes parameters: the patterns, and numbers and places beside them. */
export function* parameterised(one: Expectation): Iterable<ExpectText> {
  yield* patternsOf(one)
  if ('order' in one && typeof one.times === 'string') yield [['times'], one.times]
  for (const kind of ['hits', 'misses', 'messages'] as const)
    for (const [key, count] of Object.entries(kind in one ? (Reflect.get(one, kind) as object) : {}))
      if (typeof count === 'string') yield [[kind, key], count]
  if (!('same' in one)) return
  for (const [at, source] of one.same.entries()) {
    if ('map' in source) yield [['same', at, 'map'], source.map]
    if ('value' in source && typeof source.value === 'string') yield [['same', at, 'value'], source.value]
  }
}
