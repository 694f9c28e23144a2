/** The texts of an expectation, of whichever kind it is: patterns, and texts that take parameters. */
import type { Path } from '../text/diagnostic.ts'
import type { Expectation } from './schema-expect.ts'

/** A text, where it is in the expectation, and whether it is a key there. */
export type ExpectText = readonly [path: Path, text: string, at?: 'key' | undefined]

/** Patterns: plain text, or a regular expression between slashes. */
export function* patternsOf(expectation: Expectation): Iterable<ExpectText> {
  if ('order' in expectation) for (const [at, text] of expectation.order.entries()) yield [['order', at], text]
  if ('failure' in expectation && expectation.message !== undefined) yield [['message'], expectation.message]
  if ('messages' in expectation)
    for (const text of Object.keys(expectation.messages)) yield [['messages', text], text, 'key']
  if (!('same' in expectation)) return
  for (const [at, source] of expectation.same.entries())
    for (const kind of ['stdout', 'stderr', 'message'] as const)
      if (kind in source) yield [['same', at, kind], String(Reflect.get(source, kind))]
}

/** Everything that takes parameters: the patterns, and numbers and places beside them. */
export function* parameterised(expectation: Expectation): Iterable<ExpectText> {
  yield* patternsOf(expectation)
  if ('order' in expectation && typeof expectation.times === 'string') yield [['times'], expectation.times]
  for (const kind of ['hits', 'misses', 'messages'] as const)
    for (const [key, count] of Object.entries(kind in expectation ? (Reflect.get(expectation, kind) as object) : {}))
      if (typeof count === 'string') yield [[kind, key], count]
  if (!('same' in expectation)) return
  for (const [at, source] of expectation.same.entries()) {
    if ('map' in source) yield [['same', at, 'map'], source.map]
    if ('value' in source && typeof source.value === 'string') yield [['same', at, 'value'], source.value]
  }
}
