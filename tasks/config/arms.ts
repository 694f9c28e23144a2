/** An experiment's arms: every combination of its parameters, and of the kernels and probes that it compares. */
import { OBSERVERS, type Observer } from './observers.ts'
import { userError } from '../engine/error.ts'
import { type Params, interpolate } from './interpolate.ts'
import type { ResolvedExperiment } from './resolved.ts'
import type { ParamValue } from './schema/schema.ts'
import type { OrderExpectation } from './schema/schema-expect.ts'
import { nameWayOut } from './text/suggest.ts'

export interface Arm {
  /** `bytes=16,count=3,kernel=v5.4`; empty where there is nothing to choose. Names of one experiment's arms differ. */
  readonly name: string
  readonly params: Params
  /** The kernel that `matrix:` puts this arm on; the VM's own where it is left out. */
  readonly kernel?: string
  /** The probes that `matrix:` gives this arm, in place of the experiment's; none is a list too. */
  readonly probes?: readonly string[]
  /** How its runs come by a VM, where the experiment compares that (`control: cold`). */
  readonly start?: 'warm' | 'cold'
  /** What `observer: yes` makes of the arm. */
  readonly observer?: Observer
}

/** Behind a probe's name: the hooks of that probe with nothing in them. No name of the lab file has a "~". */
export const EMPTY = '~empty'

/** The probe that an empty one is made of, and any other itself. */
export const fullName = (probe: string): string => (probe.endsWith(EMPTY) ? probe.slice(0, -EMPTY.length) : probe)

/**
 * Whether an expectation is about an arm on this kernel. An arm without probes, or with empty ones, has nothing to
 * show; without `probes` it has the experiment's.
 */
export function concerns(
  {
    kernels,
    probes: wanted,
  }: { readonly kernels?: readonly string[] | undefined; readonly probes?: readonly string[] | undefined },
  kernel: string,
  { probes }: Pick<Arm, 'probes'>,
): boolean {
  if (kernels !== undefined && !kernels.includes(kernel)) return false
  if (probes === undefined) return true
  const speaking = probes.filter((name) => name === fullName(name))
  return speaking.length > 0 && (wanted === undefined || wanted.some((name) => speaking.includes(name)))
}

/** The value of the axis `probe` that stands for no probe at all. */
export const NO_PROBE = 'none'

export type Matrix = Readonly<Pick<ResolvedExperiment, 'name' | 'params'>> &
  Partial<Pick<ResolvedExperiment, 'matrix' | 'include' | 'exclude' | 'control' | 'observer' | 'probes'>>

/** A choice of values by axis, as `include:` and `exclude:` list them. */
export type Point = Readonly<Record<string, ParamValue>>

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

function refuseUnknown({ name, params }: Matrix, overrides: Overrides): void {
  const declared = Object.keys(params)
  for (const param of Object.keys(overrides)) {
    if (declared.includes(param)) continue
    const wayOut = nameWayOut(param, declared, 'params', `experiment ${name} has no parameters`)
    throw userError({ place: `--param ${param}`, fact: `experiment ${name} has no parameter "${param}"`, wayOut })
  }
}

/** Every value of a point is the one that the arm has. */
const agrees = (point: Point, part: Point): boolean =>
  Object.entries(part).every(([axis, value]) => point[axis] === value)

/** What is attached in an arm of `observer: yes`. */
function observed(observer: Observer, probes: readonly string[]): readonly string[] {
  if (observer === 'none') return []
  return observer === 'empty' ? probes.map((name) => `${name}${EMPTY}`) : probes
}

function armOf(point: Point, { matrix = {}, observer: observes, probes = [] }: Matrix): Arm {
  const { kernel, probe } = matrix
  const params: Record<string, ParamValue> = { ...point }
  if (kernel) delete params['kernel']
  if (probe) delete params['probe']
  const observer = observes ? OBSERVERS.find((one) => one === point['observer']) : undefined
  if (observer) delete params['observer']
  return {
    name: Object.entries(point)
      .map(([axis, value]) => `${axis}=${shown(value)}`)
      .join(','),
    params,
    ...(kernel && { kernel: String(point['kernel']) }),
    ...(probe && { probes: point['probe'] === NO_PROBE ? [] : [String(point['probe'])] }),
    ...(observer && { observer, probes: observed(observer, probes) }),
  }
}

/** An arm and its cold twin; what they are called tells them apart as any other axis does. */
const withControl = (arm: Arm): Arm[] =>
  (['warm', 'cold'] as const).map((start) => ({
    ...arm,
    name: [arm.name, `start=${start}`].filter(Boolean).join(','),
    start,
  }))

/**
 * Every combination of the parameters, kernels and probes in the order of the file, the last one fastest; then what
 * `include:` adds. Without any there is one arm.
 * @param overrides replace the lists of parameters that the experiment has; what the file includes is then left out
 * @throws a user's Failure for a parameter that it does not have, and where nothing is left
 */
export function arms(experiment: Matrix, overrides: Overrides = {}): Arm[] {
  refuseUnknown(experiment, overrides)
  const { name, params, matrix = {}, include = [], exclude = [] } = experiment
  const axes: [string, readonly ParamValue[]][] = [
    ...Object.entries(params),
    ...Object.entries(matrix),
    ...(experiment.observer === true ? [['observer', OBSERVERS] satisfies [string, readonly ParamValue[]]] : []),
  ]
  let points: Point[] = [{}]
  for (const [axis, values] of axes) {
    const list = (Object.hasOwn(overrides, axis) ? overrides[axis] : undefined) ?? values
    points = points.flatMap((before) => list.map((value) => ({ ...before, [axis]: value })))
  }
  points = points.filter((point) => !exclude.some((part) => agrees(point, part)))
  if (Object.keys(overrides).length === 0)
    points.push(...include.filter((added) => !points.some((point) => agrees(point, added))))
  if (points.length === 0)
    throw userError({
      place: `experiment ${name}`,
      fact: 'no arm is left',
      wayOut: '`exclude:` takes all of them away: remove a line of it',
    })
  const all = points.map((point) => armOf(point, experiment))
  return experiment.control === undefined ? all : all.flatMap(withControl)
}

/**
 * The arms whose values agree with `--only axis=value,...`; without it, all. @throws a user's Failure where none does.
 */
export function onlyArms(list: readonly Arm[], only: string | undefined): readonly Arm[] {
  if (only === undefined) return list
  const wanted = only.split(',')
  const kept = list.filter(({ name }) => wanted.every((part) => name === only || name.split(',').includes(part)))
  if (kept.length > 0) return kept
  throw userError({
    place: `--only ${only}`,
    fact: 'no arm has these values',
    lines: list.slice(0, 8).map(({ name }) => name),
    wayOut: 'take values of these arms, for example --only kernel=v5.10',
  })
}

/**
 * How many sequences an expectation wants in an arm, or undefined for "at least one".
 * @throws a user's Failure where a parameter given on the command line is no number of times
 */
export function timesOf(
  { times }: { readonly times?: OrderExpectation['times'] },
  { params }: Arm,
): number | undefined {
  if (times === undefined || typeof times === 'number') return times
  const text = interpolate(times, params)
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw userError({ fact: `times is ${times}, and "${text}" is not a number of times`, wayOut: 'give whole numbers' })
}
