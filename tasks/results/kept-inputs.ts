/**
 * What results were made of, kept beside them: `results/.inputs/<kind>-<digest>/`, a directory whose name is the digest
 * of what is in it, so that thousands of runs share one copy and anybody can tell whether it is still the same. `lab`:
 * the lab file and the files that it names; `kernel`: patch, configuration and hashes of the binaries; `image`:
 * packages with their versions and the hash of the disk.
 */
import { copyFile, cp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { randomBytes } from 'node:crypto'
import { LOCK_FILE } from '../config/lock-file.ts'
import type { ResolvedLab } from '../config/resolved.ts'
import { probeSources } from '../config/probe-source.ts'
import { hostFilesOf } from '../config/disk-file.ts'
import { moduleFiles } from '../config/modules.ts'
import { filesOf } from '../config/workload.ts'
import { makeDirectory } from '../engine/directory.ts'
import { hashFile, hashText } from '../engine/fingerprint.ts'
import { removeAtForcedEnd } from '../engine/interruption.ts'
import { processTag } from '../engine/process.ts'
import { diskFailure } from '../engine/disk.ts'
import { CONTENTS } from '../engine/store.ts'
import type { ImageArtefact } from '../build/image/image.ts'
import type { KernelArtefact } from '../build/kernel/kernel.ts'
import { ownFilesAsNamed } from '../build/probe/own-files.ts'
import type { KeptInputs } from './manifest.ts'

export const INPUTS_DIR = '.inputs'
/** As sha256sum prints them: of the kernel's and the image's binaries. */
export const HASHES = 'sha256sums'

/** Name in the kept directory -> file that it is copied from, or its contents. */
type Sources = ReadonlyMap<string, string | Buffer>

/**
 * Files below a directory, by their relative names. Links and empty directories are not kept: of an overlay that has
 * some, another image is built again.
 */
async function below(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(dir, join(entry.parentPath, entry.name)))
}

/** A line per file in the order of their names: "755 path sha256"; the digest is the hash of these lines. */
async function digestOf(files: Sources): Promise<string> {
  const lines: string[] = []
  for (const name of [...files.keys()].toSorted()) {
    const file = files.get(name) ?? ''
    const [mode, hash] =
      typeof file === 'string' ? [(await stat(file)).mode, await hashFile(file)] : [0, hashText(file)]
    lines.push(`${mode & 0o111 ? '755' : '644'} ${name} ${hash}\n`)
  }
  return hashText(lines.join('')).slice(0, 32)
}

/** The digest of a kept directory as it is now. */
export const digestOfDir = async (dir: string): Promise<string> =>
  await digestOf(new Map((await below(dir)).map((name) => [name, join(dir, name)])))

async function keep(results: string, kind: string, files: Sources): Promise<string> {
  const name = `${kind}-${await digestOf(files)}`
  const place = join(results, INPUTS_DIR, name)
  if (existsSync(place)) return name
  const partial = join(results, INPUTS_DIR, `.partial-${processTag()}-${randomBytes(4).toString('hex')}`)
  const removed = removeAtForcedEnd(partial)
  try {
    for (const [to, from] of files) {
      makeDirectory(dirname(join(partial, to)), 0o700)
      await (typeof from === 'string' ? copyFile(from, join(partial, to)) : writeFile(join(partial, to), from))
    }
    await rename(partial, place).catch((error: unknown) => {
      // Another run was faster: theirs has the same contents.
      if (!existsSync(place)) throw error
    })
    return name
  } catch (error) {
    throw diskFailure(error, `results ${results}`, results)
  } finally {
    await rm(partial, { recursive: true, force: true })
    removed()
  }
}

/** A source, what it includes of its own, and the headers that are next to it. */
async function withHeaders(source: string): Promise<string[]> {
  const names = (await readdir(dirname(source))).filter((name) => name.endsWith('.h'))
  return [...new Set([source, ...ownFilesAsNamed(source), ...names.map((name) => join(dirname(source), name))])]
}

/**
 * Where a file is kept that a lab names and that is not below its directory: `outside/2/shared/a.c` is
 * `../../shared/a.c`.
 */
export const OUTSIDE = 'outside'

/** A name relative to the lab's directory as it is kept. */
export function keptName(name: string): string {
  const parts = name.split(sep)
  const ups = parts.findLastIndex((part) => part === '..') + 1
  return ups === 0 ? name : [OUTSIDE, ups, ...parts.slice(ups)].join(sep)
}

/**
 * Copies what was kept of a lab to where it can be used: its files, and those from outside of its directory to where
 * the lab looks for them.
 * @param dir a directory of its own
 * @returns the lab's directory
 */
export async function restoreLab(kept: string, dir: string): Promise<string> {
  const outside = join(kept, OUTSIDE)
  const levels = existsSync(outside) ? (await readdir(outside)).filter((name) => /^[1-9]\d?$/.test(name)) : []
  const deepest = Math.max(0, ...levels.map(Number))
  const lab = join(dir, ...Array.from({ length: deepest }, () => 'up'), 'lab')
  await cp(kept, lab, { recursive: true })
  for (const ups of levels) await cp(join(outside, ups), join(lab, '../'.repeat(Number(ups))), { recursive: true })
  return lab
}

/**
 * Every file that a lab names, with the lab file itself as `lab.yaml`; of a kernel's tree nothing.
 * @param toolRoot what the tool ships (lab:NAME) comes with the tool
 */
async function labFiles(lab: ResolvedLab, toolRoot: string): Promise<Sources> {
  const named = Object.values(lab.kernels).flatMap(({ config, patches }) => [...config, ...patches])
  const sources = [
    ...Object.values(lab.probes).flatMap(probeSources),
    ...Object.values(lab.experiments).flatMap(({ workload }) => workload.sources),
    ...Object.values(lab.experiments).flatMap(moduleFiles),
  ]
  for (const source of new Set(sources)) named.push(...(await withHeaders(source)))
  named.push(...Object.values(lab.vms).flatMap(({ disks }) => hostFilesOf(disks)))
  named.push(...Object.values(lab.experiments).flatMap(({ workload }) => filesOf(workload)))
  named.push(...Object.values(lab.experiments).flatMap(({ published }) => published.flatMap(({ csv }) => csv ?? [])))
  for (const { recipe } of Object.values(lab.images))
    named.push(...(await below(recipe)).map((name) => join(recipe, name)))
  const files = new Map<string, string | Buffer>([['lab.yaml', Buffer.from(lab.text)]])
  const lock = join(lab.directory, LOCK_FILE)
  if (existsSync(lock)) files.set(LOCK_FILE, lock)
  for (const file of new Set(named)) {
    const name = keptName(relative(lab.directory, file))
    if (!name.startsWith(OUTSIDE + sep) || !file.startsWith(toolRoot + sep)) files.set(name, file)
  }
  return files
}

/**
 * These files of a store entry, and the hashes of all its files (the binaries are too large to keep with every result).
 */
async function ofEntry(dir: string, names: readonly string[]): Promise<Sources> {
  const files = new Map<string, string | Buffer>()
  for (const name of names) if (existsSync(join(dir, name))) files.set(name, join(dir, name))
  const list = join(dir, CONTENTS)
  if (!existsSync(list)) return files
  const contents = JSON.parse(await readFile(list, 'utf8')) as Record<string, { sha256: string }>
  const hashes = Object.entries(contents).map(([name, { sha256 }]) => `${sha256}  ${name}\n`)
  return files.set(HASHES, Buffer.from(hashes.toSorted().join('')))
}

/** Keeps what a run is made of; cheap where it was kept before. */
export async function keepInputs(
  results: string,
  lab: ResolvedLab,
  kernel: KernelArtefact,
  image: ImageArtefact,
  toolRoot: string,
): Promise<KeptInputs> {
  const [kept, ofKernel, ofImage] = await Promise.all([
    labFiles(lab, toolRoot).then((files) => keep(results, 'lab', files)),
    ofEntry(kernel.dir, ['config', 'patch.diff', 'compat.json', 'release', 'inputs.json']).then((files) =>
      keep(results, 'kernel', files),
    ),
    ofEntry(image.dir, ['packages.txt', 'inputs.json']).then((files) => keep(results, 'image', files)),
  ])
  return { lab: kept, kernel: ofKernel, image: ofImage }
}
