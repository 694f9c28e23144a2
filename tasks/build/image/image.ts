/** Step: image. A recipe (Debian suite, packages, overlay files, our init) -> a read-only base disk in the store. */
import { existsSync, type Dirent, type Stats } from 'node:fs'
import { link, lstat, readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { render } from '../../config/text/diagnostic.ts'
import { RECIPE_FILE, readRecipe, type Recipe } from '../../config/recipe.ts'
import { changesSince } from '../changes-since.ts'
import { ownCode } from '../own-code.ts'
import type { ResolvedImage } from '../../config/resolved.ts'
import { bytesOf } from '../../config/schema/schema.ts'
import { step, type Context } from '../../engine/context.ts'
import { labError, messageOf, userError } from '../../engine/error.ts'
import { fingerprintOf, hashFile, hashText, type Fingerprint, type Inputs } from '../../engine/fingerprint.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { lock } from '../../engine/lock.ts'
import type { StoredEntry } from '../../engine/store.ts'
import { bootstrap, rootImage } from '../../host/mmdebstrap.ts'
import {
  differingPackages,
  lockedFiles,
  packageLine,
  parsePackages,
  preferences,
  type LockedPackage,
} from '../../linux/package-list.ts'
import { lockedArchive } from './locked-files.ts'

/** Packages that a failure names. */
const MOST_LINES = 12

export interface ImageArtefact {
  readonly name: string
  readonly fingerprint: Fingerprint
  readonly dir: string
  readonly disk: string
  readonly init: string
}

async function recipeOf(image: ResolvedImage): Promise<Recipe> {
  const file = join(image.recipe, RECIPE_FILE)
  const bytes = await readFile(file).catch((error: unknown) => {
    throw userError({ place: file, fact: `the recipe cannot be read: ${messageOf(error)}` }, error)
  })
  const { recipe, diagnostics } = readRecipe(file, bytes)
  if (recipe !== undefined)
    return {
      ...recipe,
      packages: [...new Set([...recipe.packages, ...(image.packages ?? [])])],
      size: image.size ?? recipe.size,
    }
  throw userError({ fact: `the recipe of image ${image.name} is wrong`, lines: diagnostics.flatMap(render) })
}

/**
 * All that is laid over the tree of one entry: type, and target or content. Of its mode what git knows, whether it is a
 * program: the rest is the umask of whoever made the checkout, and another image on each machine.
 */
async function entryInput(path: string, type: Dirent | Stats): Promise<string> {
  if (type.isSymbolicLink()) return `link to ${await readlink(path)}`
  if (type.isDirectory()) return 'directory'
  if (!type.isFile()) throw new Error(`${path} is neither a file nor a directory nor a link`)
  return `${((await lstat(path)).mode & 0o111) === 0 ? 'file' : 'program'} ${await hashFile(path)}`
}

/**
 * Every entry of the overlay, and the overlay itself, by its path. @throws a user's Failure for one that cannot be read
 */
async function overlayInputs(dir: string): Promise<Inputs> {
  if (!existsSync(dir)) return {}
  try {
    const entries = (await readdir(dir, { recursive: true, withFileTypes: true })).map(
      (entry) => [join(entry.parentPath, entry.name), entry] as const,
    )
    const all = [[`${dir}/`, await stat(dir)] as const, ...entries]
    return Object.fromEntries(
      await Promise.all(
        all.map(async ([path, type]) => [path.slice(dir.length), await entryInput(path, type)] as const),
      ),
    )
  } catch (error) {
    const wayOut = 'give yourself read permission, or remove it'
    throw userError({ place: dir, fact: `the overlay cannot be read: ${messageOf(error)}`, wayOut }, error)
  }
}

async function inputsOf(
  recipe: Recipe,
  overlay: string,
  locked: ResolvedImage['locked'],
  toolRoot: string,
): Promise<Inputs> {
  const { suite, variant, packages, exclude, size, shell } = recipe
  return {
    lab: ownCode('image', toolRoot),
    suite,
    variant,
    packages: [...packages],
    exclude: [...exclude],
    size,
    shell,
    overlay: await overlayInputs(overlay),
    ...(locked && { locked: hashText(locked.map(packageLine).join('\n')) }),
  }
}

/** What an image is made of. */
export async function imageInputs(image: ResolvedImage, toolRoot: string): Promise<Inputs> {
  return await inputsOf(await recipeOf(image), join(image.recipe, 'overlay'), image.locked, toolRoot)
}

/** An image that lab.lock does not describe is not one that was asked for. */
function refuseOthers(locked: readonly LockedPackage[], now: readonly LockedPackage[], place: string): void {
  const differing = differingPackages(locked, now, 'the mirror gives')
  if (differing.length === 0) return
  const more = differing.length - MOST_LINES
  throw labError({
    place,
    fact: `${differing.length} of ${locked.length} packages are not available in the versions of lab.lock`,
    lines: [...differing.slice(0, MOST_LINES), ...(more > 0 ? [`... and ${more} more`] : [])],
    wayOut:
      'name a mirror that still has them (LAB_DEBIAN_MIRROR: a snapshot of the archive from the day in lab.lock), or take the current versions: `lab lock`',
  })
}

/**
 * An image that was built without the lock and has exactly the locked packages is the locked image: the same bytes
 * under another name.
 */
async function adopted(
  recipe: Recipe,
  overlay: string,
  { locked }: ResolvedImage,
  context: Context,
): Promise<StoredEntry | undefined> {
  if (locked === undefined) return undefined
  const same = await context.store.get(
    'image',
    fingerprintOf(await inputsOf(recipe, overlay, undefined, context.toolRoot)),
  )
  const packages = same && (await readFile(join(same.dir, 'packages.txt'), 'utf8'))
  if (packages?.trim() !== locked.map(packageLine).join('\n')) return undefined
  const inputs = await inputsOf(recipe, overlay, locked, context.toolRoot)
  return await context.store.put('image', fingerprintOf(inputs), inputs, async (dir) => {
    // A copy would fill the holes of a disk that is mostly one.
    for (const name of ['root.img', 'packages.txt']) await link(join(same?.dir ?? '', name), join(dir, name))
  })
}

/** A guest has no way out, so its apt has nowhere to fetch from; a host's own mirror is nobody else's business. */
const SOURCES = '# This guest has no network: further packages go under `packages:` of its image.\n'

/**
 * What apt knows in an image: the same wherever its packages came from. mmdebstrap leaves the options there with which
 * it was built.
 */
async function writeSources(overlay: string): Promise<void> {
  makeDirectory(join(overlay, 'etc/apt/apt.conf.d'))
  await writeFile(join(overlay, 'etc/apt/apt.conf.d/99mmdebstrap'), 'Acquire::Languages "none";\n')
  await writeFile(join(overlay, 'etc/apt/sources.list'), SOURCES)
}

/** Restores or builds an image. */
export function imageStep(image: ResolvedImage, context: Context): Promise<ImageArtefact> {
  return step(context, `image ${image.name}`, `image ${image.name}`, async (handle) => {
    const recipe = await recipeOf(image)
    const overlay = join(image.recipe, 'overlay')
    const inputs = await inputsOf(recipe, overlay, image.locked, context.toolRoot)
    const fingerprint = fingerprintOf(inputs)
    const value = (dir: string) => ({
      name: image.name,
      fingerprint,
      dir,
      disk: join(dir, 'root.img'),
      init: recipe.init,
    })
    const place = `image ${image.name}`
    const stored = await context.store.get('image', fingerprint)
    if (stored) return { outcome: 'restored', detail: `Debian ${recipe.suite}`, value: value(stored.dir) }

    const before = await context.store.newest('image', (other) => other['suite'] === recipe.suite)
    await using _lock = await lock(join(context.cache, 'image', fingerprint.slice(0, 16)), context.signal, () =>
      handle.progress('wait for another build of the same image'),
    )
    const already = (await context.store.get('image', fingerprint)) ?? (await adopted(recipe, overlay, image, context))
    const log = join(context.cache, 'image', `${fingerprint.slice(0, 16)}.log`)
    await rm(log, { force: true })
    const entry =
      already ??
      (await context.store.put('image', fingerprint, inputs, async (dir) => {
        const tar = join(dir, 'root.tar')
        const common = { tar, log, place, signal: context.signal }
        const files = image.locked && lockedFiles(image.locked)
        const archive = files && ((to: string) => lockedArchive(files, recipe.suite, to, place, context, handle))
        // A lock of earlier versions has no places of files: apt looks for the versions.
        const pins = image.locked && !files ? join(dir, 'lab-lock') : undefined
        if (pins) await writeFile(pins, preferences(image.locked ?? []))
        const onPhase = (phase: string) => handle.progress(phase)
        await bootstrap({ ...recipe, ...common, preferences: pins, archive, onPhase })
        handle.progress('make the disk')
        const apt = join(dir, 'apt')
        await writeSources(apt)
        const packages = await rootImage({
          ...common,
          overlays: [apt, ...(existsSync(overlay) ? [overlay] : [])],
          sizeBytes: bytesOf(recipe.size),
          image: join(dir, 'root.img'),
        })
        if (image.locked) refuseOthers(image.locked, parsePackages(packages), place)
        await writeFile(join(dir, 'packages.txt'), packages)
        await rm(tar)
        await rm(apt, { recursive: true })
        if (pins) await rm(pins)
      }))
    const why = before ? changesSince(before.inputs, inputs) : 'not built here before'
    return { outcome: 'built', detail: `Debian ${recipe.suite}; ${why}`, value: value(entry.dir) }
  })
}
