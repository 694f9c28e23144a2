/** Texts of the lab file by where they stand, whatever the shape of the rest. */
import type { Path } from './text/diagnostic.ts'

/** The entries of a mapping or list, with their keys or indices. */
function entriesOf(value: unknown): readonly (readonly [key: string | number, value: unknown])[] {
  if (Array.isArray(value)) return [...value.entries()]
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

/**
 * Texts at a place such as `vms.*.kernel.fallback.*`, where `*` is any entry of a mapping or list. A place that the
 * data has not, or where something else than text stands, gives nothing: that is for the shape to tell.
 */
export function* textsAt(data: unknown, place: string): Iterable<[path: Path, text: string]> {
  let found: [path: Path, value: unknown][] = [[[], data]]
  for (const part of place.split('.'))
    found = found.flatMap(([path, value]) =>
      entriesOf(value)
        .filter(([key]) => part === '*' || key === part)
        .map(([key, inner]): [Path, unknown] => [[...path, key], inner]),
    )
  for (const [path, value] of found) if (typeof value === 'string') yield [path, value]
}
