/**
 * Mutations of something that was right: what a disk, a hand or an attacker makes of a file. fast-check finds the
 * smallest that matters.
 */
import fc from 'fast-check'

/** Bytes that lengths, offsets and texts stumble over. */
const ODD = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0x22, 0x3a, 0x5b, 0x7b, 0x2d]

type Change = (bytes: Buffer) => Buffer

const splice = (bytes: Buffer, at: number, remove: number, insert: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])

/** A place as a share of the length, so that a change means the same in a file that another change made shorter. */
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const at = (bytes: Buffer, share: number) => Math.floor(bytes.length * share)

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 7 })).map(([share, bit]): Change => (bytes) => {
    const copy = Buffer.from(bytes)
    const index = at(bytes, share)
    if (index < copy.length) copy[index] = (copy[index] ?? 0) ^ (1 << bit)
    return copy
  }),
  fc.tuple(place, fc.constantFrom(1, 2, 4, 8), fc.constantFrom(...ODD)).map(
    ([share, count, byte]): Change =>
      (bytes) =>
        splice(bytes, at(bytes, share), count, Buffer.alloc(count, byte)),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 64 })).map(
    ([share, count]): Change =>
      (bytes) =>
        splice(bytes, at(bytes, share), count, Buffer.alloc(0)),
  ),
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 16 })).map(
    ([share, extra]): Change =>
      (bytes) =>
        splice(bytes, at(bytes, share), 0, Buffer.from(extra)),
  ),
  // A part of it once more, somewhere else.
  fc.tuple(place, place, fc.integer({ min: 1, max: 200 })).map(([from, to, count]): Change => (bytes) => {
    const start = at(bytes, from)
    return splice(bytes, at(bytes, to), 0, bytes.subarray(start, start + count))
  }),
  place.map(
    (share): Change =>
      (bytes) =>
        bytes.subarray(0, at(bytes, share)),
  ),
)

/** One to eight changes of one of these. */
export const mutated = (...bases: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(...bases), fc.array(change, { minLength: 1, maxLength: 8 }))
    .map(([base, changes]) => changes.reduce((bytes, one) => one(bytes), base))

/** Values that a JSON file can hold where another was expected. */
const oddValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e308,
    true,
    [],
    {},
    [[]],
    '\u001b[2J',
    '../../etc/passwd',
    'x'.repeat(5000),
    undefined,
  ),
  fc.jsonValue({ maxDepth: 1 }),
)

type Json = null | string | number | boolean | Json[] | { [key: string]: Json }

/** Every place in a value, as the path to it. */
function pathsOf(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [path, ...entries.flatMap(([key, inner]) => pathsOf(inner, [...path, key]))]
}

function withValue(value: Json, [key, ...rest]: readonly (string | number)[], odd: unknown): unknown {
  if (key === undefined) return odd
  if (Array.isArray(value)) return value.map((inner, index) => (index === key ? withValue(inner, rest, odd) : inner))
  const { [key]: inner = null, ...others } = value as { [key: string]: Json }
  return { ...others, [key]: withValue(inner, rest, odd) }
}

/** The value with one to three of its parts replaced, or left out (undefined is no JSON). */
export const mutatedJson = (value: unknown): fc.Arbitrary<unknown> => {
  const plain = JSON.parse(JSON.stringify(value)) as Json
  const paths = pathsOf(plain)
  return fc.array(fc.tuple(fc.constantFrom(...paths), oddValue), { minLength: 1, maxLength: 3 }).map((changes) =>
    changes.reduce<unknown>((one, [path, odd]) => {
      try {
        return withValue(one as Json, path, odd)
      } catch {
        // An earlier change took the place away.
        return one
      }
    }, plain),
  )
}
