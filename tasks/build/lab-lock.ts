/** Step: lock. What lab.yaml leaves open, written down as it is now, or compared with what was written down. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LOCK_FILE, LOCK_FORMAT, type LabLock } from '../config/lock-file.ts'
import type { ResolvedImage, ResolvedLab } from '../config/resolved.ts'
import type { Source } from '../config/schema/schema.ts'
import { beside } from '../engine/beside.ts'
import { step, type Context } from '../engine/context.ts'
import { hashFile } from '../engine/fingerprint.ts'
import { toolsUsed } from '../host/tools-used.ts'
import { imageStep } from './image/image.ts'
import { differingPackages, packageLine, parsePackages } from '../linux/package-list.ts'
import { kernelFingerprint } from './kernel/identity.ts'
import { contentsOf } from './share/head.ts'
import { packedFiles } from './share/pack.ts'

/** The source as it is declared: a hash, a version, a commit or a tree of the user's own. */
const sourceOf = (source: Source): LabLock['kernels'][string]['source'] =>
  Object.fromEntries(Object.entries(source).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))

/** Kernels that were built here say what came out; the others are locked by their source alone. */
async function kernelsNow(lab: ResolvedLab, context: Context): Promise<LabLock['kernels']> {
  const kernels: LabLock['kernels'] = {}
  for (const kernel of Object.values(lab.kernels)) {
    const { fingerprint } = await kernelFingerprint(kernel, context)
    const stored = await context.store.get('kernel', fingerprint)
    const image = stored && join(stored.dir, 'bzImage')
    kernels[kernel.name] = {
      source: sourceOf(kernel.source),
      ...(stored &&
        image &&
        existsSync(image) && {
          fingerprint,
          bzImage: await hashFile(image),
          contents: contentsOf(await packedFiles(stored.dir)),
        }),
    }
  }
  return kernels
}

async function imageNow(image: ResolvedImage, context: Context): Promise<LabLock['images'][string]> {
  const { dir, disk } = await imageStep(image, context)
  const packages = parsePackages(await readFile(join(dir, 'packages.txt'), 'utf8'))
  return {
    disk: await hashFile(disk),
    contents: contentsOf(await packedFiles(dir)),
    packages: packages.map(packageLine),
  }
}

async function now(lab: ResolvedLab, context: Context): Promise<LabLock> {
  const images: LabLock['images'] = {}
  for (const image of Object.values(lab.images)) images[image.name] = await imageNow(image, context)
  const day = new Date().toISOString().slice(0, 10)
  return {
    format: LOCK_FORMAT,
    day,
    tools: await toolsUsed(context.cache, context.signal),
    kernels: await kernelsNow(lab, context),
    images,
  }
}

/** The lab with nothing locked: images are built from what the mirror has now. */
function unlocked(lab: ResolvedLab): ResolvedLab {
  const images = Object.entries(lab.images).map(([name, image]) => [name, { ...image, locked: undefined }] as const)
  return { ...lab, images: Object.fromEntries(images) }
}

/**
 * Builds the images from what the mirror has now and writes lab.lock, whole or not at all. Returns it and where it is.
 */
export async function lockStep(lab: ResolvedLab, context: Context): Promise<{ file: string; lock: LabLock }> {
  return await step(context, 'lock', 'lock', async () => {
    const lock = await now(unlocked(lab), context)
    const file = join(lab.directory, LOCK_FILE)
    const text = `${JSON.stringify(lock, null, 1)}\n`
    await beside(context.cache, file, (partial) => writeFile(partial, text), context.signal)
    return { outcome: 'done', detail: file, value: { file, lock } }
  })
}

/** What is locked of an entry of the store: the hash of its main file, and the digest of all files. */
interface Files {
  readonly main: string
  readonly contents?: string | undefined
}

/** A difference between lab.lock and what there is. */
export interface LockDifference {
  /** "image minimal", "tool gcc". */
  readonly what: string
  readonly fact: string
}

/**
 * Everything that is not as lab.lock has it. Images are built from the lock's own packages: one that cannot be had is a
 * failure of that build.
 */
export async function checkLabLock(lab: ResolvedLab, lock: LabLock, context: Context): Promise<LockDifference[]> {
  const found: LockDifference[] = []
  const same = (what: string, locked: string | undefined, is: string | undefined) => {
    if (locked !== is) found.push({ what, fact: `locked ${locked ?? 'none'}, here ${is ?? 'none'}` })
  }
  /** Where the main file differs, so does the digest of all: it is reported once. A lock of 0.1 has no digest. */
  const sameFiles = (what: string, file: string, locked: Files, is: Files) => {
    same(`${what}, ${file}`, locked.main, is.main)
    if (locked.main === is.main && locked.contents !== undefined)
      same(`${what}, files beside ${file}`, locked.contents, is.contents)
  }
  const tools = await toolsUsed(context.cache, context.signal)
  for (const tool of new Set([...Object.keys(lock.tools), ...Object.keys(tools)]))
    same(`tool ${tool}`, lock.tools[tool], tools[tool])
  const kernels = await kernelsNow(lab, context)
  for (const name of new Set([...Object.keys(lock.kernels), ...Object.keys(kernels)])) {
    const [locked, is] = [lock.kernels[name], kernels[name]]
    same(`kernel ${name}, source`, JSON.stringify(locked?.source), JSON.stringify(is?.source))
    // What was not built on one side says nothing.
    if (locked?.bzImage !== undefined && is?.bzImage !== undefined && locked.fingerprint === is.fingerprint)
      sameFiles(`kernel ${name}`, 'bzImage', { ...locked, main: locked.bzImage }, { ...is, main: is.bzImage })
  }
  for (const image of Object.values(lab.images)) {
    const locked = lock.images[image.name]
    if (locked === undefined) {
      found.push({ what: `image ${image.name}`, fact: 'is not in lab.lock' })
      continue
    }
    const is = await imageNow(image, context)
    const [a, b] = [locked, is].map(({ packages }) => parsePackages(packages.join('\n')))
    for (const fact of differingPackages(a ?? [], b ?? [], 'here')) found.push({ what: `image ${image.name}`, fact })
    sameFiles(`image ${image.name}`, 'root.img', { ...locked, main: locked.disk }, { ...is, main: is.disk })
  }
  return found
}
