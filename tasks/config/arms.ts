/** An experiment's arms: every combination of its parameters. */
import { userError } from '../engine/error.ts'
import { type Params, interpolate } from './interpolate.ts'
import type { ResolvedExperiment } from './resolve.ts'
import type { Expectation, ParamValue } from './schema.ts'
import { nameWayOut } from './suggest.ts'

export interface Arm {
  /** `bytes=16,count=3`; empty for an experiment without parameters. Names of one experiment's arms differ. */
  readonly name: string
  readonly params: Params
}

/** Lists that take the place of an experiment's own, by parameter. */
export type Overrides = Readonly<Record<string, readonly ParamValue[]>>

/** A value in an arm's name; quoted where it could be read as more than one value. */
const shown = (value: ParamValue) =>
  /^[A-Za-z0-9._/:@%+-]+$/.test(String(value)) ? String(value) : JSON.stringify(value)

/**
 * A value as a command line gives it: a whole number where it is written as one, so that results can sort and plot it.
 */
function valueOf(text: string): ParamValue {
  const number = Number(text)
  return Number.isSafeInteger(number) && String(number) === text ? number : text
}

/**
 * `--param` options as lists: `k=1` given twice is the list [1, 2].
 * @throws a user's Failure for an option without "="
 */
export function overridesOf(options: readonly string[]): Overrides {
  const lists: Record<string, ParamValue[]> = Object.create(null)
  for (const option of options) {
    const at = option.indexOf('=')
    if (at < 1) {
      throw userError({
        place: `--param ${option}`,
        fact: 'expected name=value',
        wayOut: 'for example --param bytes=64',
      })
    }
    const list = (lists[option.slice(0, at)] ??= [])
    const value = valueOf(option.slice(at + 1))
    if (!list.includes(value)) list.push(value)
  }
  return lists
}

/**
 * Every combination of parameters in the order of the file, the last parameter fastest. Without parameters there is one
 * arm.
 * @param overrides replace the lists of parameters that the experiment has
 * @throws a user's Failure for a parameter that it does not have
 */
export function arms({ name, params }: Pick<ResolvedExperiment, 'name' | 'params'>, overrides: Overrides = {}): Arm[] {
  const declared = Object.keys(params)
  for (const param of Object.keys(overrides)) {
    if (declared.includes(param)) continue
    const wayOut = nameWayOut(param, declared, 'params', `experiment ${name} has no parameters`)
    throw userError({ place: `--param ${param}`, fact: `experiment ${name} has no parameter "${param}"`, wayOut })
  }
  let combinations: [string, ParamValue][][] = [[]]
  for (const [param, values] of Object.entries(params)) {
    const list = (Object.hasOwn(overrides, param) ? overrides[param] : undefined) ?? values
    combinations = combinations.flatMap((before) =>
      list.map((value) => [...before, [param, value] as [string, ParamValue]]),
    )
  }
  return combinations.map((pairs) => ({
    name: pairs.map(([param, value]) => `${param}=${shown(value)}`).join(','),
    params: Object.fromEntries(pairs),
  }))
}

/**
 * How many sequences an expectation wants in an arm, or undefined for "at least one".
 * @throws a user's Failure where a parameter given on the command line is no number of times
 */
export function timesOf({ times }: Pick<Expectation, 'times'>, { params }: Arm): number | undefined {
  if (times === undefined || typeof times === 'number') return times
  const text = interpolate(times, params)
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw userError({ fact: `times is ${times}, and "${text}" is not a number of times`, wayOut: 'give whole numbers' })
}
