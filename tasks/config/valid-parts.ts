/** What of a lab file has the right shape, while other parts are repaired. */
import { isSection } from './describe.ts'
import type { Problem } from './text/diagnostic.ts'
import { Lab, ONCE } from './schema/schema.ts'
import { pathText } from './text/yaml-location.ts'

/**
 * The sections with those entries that have the right shape, so that relations can be checked while others are
 * repaired.
 */
export interface ValidParts {
  readonly kernels: Readonly<Record<string, Lab['kernels'][string]>>
  readonly images: Readonly<Record<string, Lab['images'][string]>>
  readonly vms: Readonly<Record<string, Lab['vms'][string]>>
  readonly probes: Readonly<Record<string, NonNullable<Lab['probes']>[string]>>
  readonly experiments: Readonly<Record<string, NonNullable<Lab['experiments']>[string]>>
}

/**
 * Every entry that is whole, from data that may have problems elsewhere.
 * @param lab the same data where the schema takes all of it
 */
export function validParts(data: unknown, lab: Lab | undefined, problems: readonly Problem[]): ValidParts {
  if (lab !== undefined && problems.length === 0) return partsOf(lab)
  const bad = new Set(
    problems.flatMap(({ path: [section, entry] }) => (isSection(section) ? [pathText([section, entry ?? ''])] : [])),
  )
  const parts = Object.fromEntries(
    Object.entries(typeof data === 'object' && data !== null ? data : {})
      .filter(([key, value]) => isSection(key) && typeof value === 'object' && value !== null && !Array.isArray(value))
      .map(([section, entries]) => [
        section,
        Object.fromEntries(Object.entries(entries as object).filter(([name]) => !bad.has(pathText([section, name])))),
      ]),
  )
  const whole = Lab.safeParse({ lab: 'x', kernels: {}, images: {}, vms: {}, ...parts }, ONCE)
  return partsOf(whole.data ?? { kernels: {}, images: {}, vms: {} })
}

const partsOf = ({ kernels, images, vms, probes = {}, experiments = {} }: Omit<Lab, 'lab'>): ValidParts => ({
  kernels,
  images,
  vms,
  probes,
  experiments,
})
