/** Checks of what a lab pins: a kernel's package, or an image's, that the mirrors will not have for long. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RECIPE_FILE, readRecipe } from '../../config/recipe.ts'
import type { ResolvedImage, ResolvedKernel, ResolvedLab } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { printable } from '../../engine/printable.ts'
import { suiteVersions } from '../../host/debian/index.ts'
import { pinStates, type Pin, type PinState } from '../../host/debian/pins.ts'
import { endOfSuite } from '../../linux/debian-releases.ts'
import type { Finding } from './finding.ts'

/** The package that a kernel pins; undefined for a source that is none. */
export function pinOf({ source }: Pick<ResolvedKernel, 'source'>): Pin | undefined {
  if ('prebuilt' in source) return { package: source.prebuilt, version: source.version, suite: source.suite }
  return 'package' in source ? source : undefined
}

const KEEP = '`lab export --with-inputs` keeps its files with a result, `mirrors:` names further places'

/** What is to be said about a pin. @param now milliseconds since 1970 */
export function pinFinding(kernel: string, pin: Pin, state: PinState, now: number): Finding {
  const name = `pin of ${kernel}`
  const { suite, listed, newer, why } = state
  const add = newer && `\`lab kernels add ${newer.package}\` writes the lines of the newer one`
  if (listed === undefined)
    return { name, status: 'warning', fact: `the index of ${suite} could not be had: ${printable(why ?? '', 160)}` }
  const facts: string[] = []
  if (!listed)
    facts.push(
      `${suite} no longer has ${pin.version}: whoever has an empty cache can get it from snapshot.debian.org alone`,
    )
  else if (newer)
    facts.push(`${suite} has ${newer.version}: ${pin.version} leaves its index with one of the next point releases`)
  const end = endOfSuite(suite, now)
  if (end !== undefined) facts.push(end)
  if (facts.length === 0) return { name, status: 'ok', fact: `${suite} has it, and nothing newer` }
  const wayOut = [add, KEEP].filter((part) => part !== undefined).join('; ')
  return { name, status: 'warning', fact: facts.join('; '), wayOut }
}

/** Of a lab with lab.lock: packages of its image that the suite does not have in this version any more. */
async function imageFindings(image: ResolvedImage, { cache, signal }: Context): Promise<Finding[]> {
  const { locked, name: imageName, recipe: directory } = image
  if (locked === undefined) return []
  const name = `pins of ${imageName}`
  const file = join(directory, RECIPE_FILE)
  const { recipe } = readRecipe(file, await readFile(file))
  if (recipe === undefined) return []
  const now = await suiteVersions(
    recipe.suite,
    locked.map((pkg) => pkg.name),
    cache,
    signal,
  )
  const gone = locked.filter((pkg) => now.get(pkg.name) !== pkg.version)
  const of = `${gone.length} of ${locked.length} packages in lab.lock`
  if (gone.length === 0)
    return [{ name, status: 'ok', fact: `${recipe.suite} has the ${locked.length} packages of lab.lock` }]
  const fact = `${of} are no longer those of ${recipe.suite}: ${gone
    .map((pkg) => pkg.name)
    .slice(0, 5)
    .join(', ')}`
  return [{ name, status: 'warning', fact, wayOut: `\`lab lock\` takes the current versions; ${KEEP}` }]
}

export async function pins(context: Context, lab: ResolvedLab | undefined): Promise<Finding[]> {
  if (lab === undefined) return []
  const pinned = Object.values(lab.kernels).flatMap((kernel) => {
    const pin = pinOf(kernel)
    return pin ? [{ name: kernel.name, pin }] : []
  })
  const states = await pinStates(
    pinned.map(({ pin }) => pin),
    context.cache,
    context.signal,
  )
  const found = pinned.flatMap(({ name, pin }, index) => {
    const state = states[index]
    return state ? [pinFinding(name, pin, state, Date.now())] : []
  })
  for (const image of Object.values(lab.images)) found.push(...(await imageFindings(image, context)))
  return found
}
