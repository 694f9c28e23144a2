/**
 * Files that outlive the version of lab that wrote them have a number, `format`. A reader brings older ones to its own
 * form step by step and refuses newer ones by name; docs/formats.md has the policy.
 */
import { userError } from './error.ts'
import { ownVersion } from './own-version.ts'
import { printable } from './printable.ts'

export type Json = Readonly<Record<string, unknown>>

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export interface StoredFormat {
  /** What people call the file. */
  readonly name: string
  /** The format that this version writes. */
  readonly current: number
  /** From a format to the next one. A format without a step here cannot be read any more. */
  readonly steps?: Readonly<Record<number, (value: Json) => Json>>
}

/** The number of a stored value; undefined where it has none, so that it is not one of our files. */
export const formatOf = (value: unknown): number | undefined =>
  isJson(value) && Number.isInteger(value['format']) ? (value['format'] as number) : undefined

/**
 * A stored value in the current format. Whether it has the right shape is not known yet: that is the schema's to say.
 * @param place what a failure is about: the file, or the run
 * @returns undefined for something without a format, or with one that nobody ever wrote
 * @throws Failure (newer-format) for what a later version of lab wrote
 */
export function inCurrentFormat(value: unknown, { name, current, steps = {} }: StoredFormat, place: string): unknown {
  let format = formatOf(value)
  if (format !== undefined && format > current)
    throw userError({
      place: printable(place, 300),
      reason: 'newer-format',
      fact: `${name} has format ${format}, and lab ${ownVersion()} reads formats up to ${current}`,
      wayOut: 'a later version of lab wrote it: update lab, or use the version that wrote it',
    })
  let upgraded = value
  while (format !== undefined && format < current) {
    const step = Object.hasOwn(steps, format) ? steps[format] : undefined
    if (step === undefined) return undefined
    upgraded = { ...step(upgraded as Json), format: ++format }
  }
  return format === undefined ? undefined : upgraded
}
