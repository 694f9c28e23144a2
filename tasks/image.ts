/** Step: image. A recipe (Debian suite, packages, overlay files, our init) -> a read-only base disk in the store. */
import { existsSync } from 'node:fs'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { ResolvedImage } from './config/resolve.ts'
import { bytesOf } from './config/schema.ts'
import { step, type Context } from './engine/context.ts'
import { userError } from './engine/error.ts'
import { changedInputs, fingerprintOf, hashFile, type Fingerprint, type Inputs } from './engine/fingerprint.ts'
import { lock } from './engine/lock.ts'
import { bootstrap, rootImage } from './host/mmdebstrap.ts'

const Recipe = z.strictObject({
  suite: z.string().regex(/^[a-z][a-z-]*$/),
  variant: z.enum(['minbase', 'essential', 'required', 'important', 'apt', 'standard']).default('minbase'),
  packages: z.array(z.string().regex(/^[a-z0-9][a-z0-9.+-]+$/)),
  exclude: z.array(z.string().startsWith('/')).default([]),
  size: z.string().regex(/^[1-9][0-9]*[MG]$/),
  init: z.string().startsWith('/'),
  /** Login shell of root: ssh runs every command through it. */
  shell: z.string().startsWith('/').default('/bin/sh'),
})
type Recipe = z.infer<typeof Recipe>

export interface ImageArtefact {
  readonly name: string
  readonly fingerprint: Fingerprint
  readonly dir: string
  readonly disk: string
  readonly init: string
}

async function recipeOf(image: ResolvedImage): Promise<Recipe> {
  const file = join(image.recipe, 'image.yaml')
  const result = Recipe.safeParse(parse(await readFile(file, 'utf8')))
  if (result.success) return result.data
  throw userError({
    place: file,
    fact: 'the image recipe is wrong',
    lines: result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    wayOut: 'vm-images/minimal/image.yaml is a complete example',
  })
}

/** Content of every file of the overlay, by its path. */
async function overlayInputs(dir: string): Promise<Inputs> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.slice(dir.length), await hashFile(file)] as const)),
  )
}

async function inputsOf(recipe: Recipe, overlay: string): Promise<Inputs> {
  const { suite, variant, packages, exclude, size, shell } = recipe
  return {
    format: 1,
    suite,
    variant,
    packages: [...packages],
    exclude: [...exclude],
    size,
    shell,
    overlay: await overlayInputs(overlay),
  }
}

/** What an image is made of. */
export async function imageInputs(image: ResolvedImage): Promise<Inputs> {
  return await inputsOf(await recipeOf(image), join(image.recipe, 'overlay'))
}

/** Restores or builds an image. */
export function imageStep(image: ResolvedImage, context: Context): Promise<ImageArtefact> {
  return step(context, `image ${image.name}`, `image ${image.name}`, async (handle) => {
    const recipe = await recipeOf(image)
    const overlay = join(image.recipe, 'overlay')
    const inputs = await inputsOf(recipe, overlay)
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
    const already = await context.store.get('image', fingerprint)
    const log = join(context.cache, 'image', `${fingerprint.slice(0, 16)}.log`)
    await rm(log, { force: true })
    const entry =
      already ??
      (await context.store.put('image', fingerprint, inputs, async (dir) => {
        const tar = join(dir, 'root.tar')
        const common = { tar, log, place, signal: context.signal }
        await bootstrap({ ...recipe, ...common, onPhase: (phase) => handle.progress(phase) })
        handle.progress('make the disk')
        const packages = await rootImage({
          ...common,
          overlays: existsSync(overlay) ? [overlay] : [],
          sizeBytes: bytesOf(recipe.size),
          image: join(dir, 'root.img'),
        })
        await writeFile(join(dir, 'packages.txt'), packages)
        await rm(tar)
      }))
    const why = before ? `${changedInputs(before.inputs, inputs).join(', ')} changed` : 'not built here before'
    return { outcome: 'built', detail: `Debian ${recipe.suite}; ${why}`, value: value(entry.dir) }
  })
}
