/** Options that mean nothing together: without a word one of them would be ignored. */
import { userError } from '../../engine/error.ts'

/** `dryRun` as it is written on the command line. */
const flag = (name: string): string => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** Those of these options that are given. */
export const given = <Options extends object, Name extends keyof Options & string>(
  options: Options,
  names: readonly Name[],
): Name[] => names.filter((name) => options[name] !== undefined && options[name] !== false)

/** @throws a user's Failure that names the first two of these options that are given */
export function oneOf<Options extends object>(
  options: Options,
  names: readonly (keyof Options & string)[],
  wayOut = 'use one of the two',
): void {
  const [first, second] = given(options, names)
  if (first !== undefined && second !== undefined)
    throw userError({ place: flag(first), fact: `it cannot be given with ${flag(second)}`, wayOut })
}

/** @throws a user's Failure where `one` is given, and with it one of the others, which would change nothing */
export function without<Options extends object>(
  options: Options,
  one: keyof Options & string,
  others: readonly (keyof Options & string)[],
  why: string,
): void {
  const [other] = given(options, [one]).length > 0 ? given(options, others) : []
  if (other !== undefined)
    throw userError({
      place: `${flag(one)} ${flag(other)}`,
      fact: why,
      wayOut: `leave ${flag(other)} out, or ${flag(one)}`,
    })
}

/** @throws a user's Failure where one of `others` is given without `one`, which it is about */
export function onlyWith<Options extends object>(
  options: Options,
  one: keyof Options & string,
  others: readonly (keyof Options & string)[],
): void {
  const [other] = given(options, [one]).length > 0 ? [] : given(options, others)
  if (other !== undefined)
    throw userError({
      place: flag(other),
      fact: `it requires ${flag(one)}`,
      wayOut: `add ${flag(one)}, or leave ${flag(other)} out`,
    })
}
