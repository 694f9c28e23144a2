/**
 * The files that runs were built from: archives of kernel sources, packages of kernels and of images. All of them are
 * pinned by their sha256, so a pack can bring them along (`inputs/<sha256>-<name>`), and whoever has the pack needs
 * neither a mirror nor a network to make the runs again.
 */
import { copyFile, link, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fetchArchive, fetchedFile, nameOf, SOURCES, type Fetched } from '../build/fetched.ts'
import { fetchedPackage, fetchLocked } from '../build/image/locked-files.ts'
import { fullName } from '../config/arms.ts'
import { named } from '../config/open.ts'
import type { Source } from '../config/schema/schema.ts'
import { step, type Context } from '../engine/context.ts'
import { userError } from '../engine/error.ts'
import { hashFile } from '../engine/fingerprint.ts'
import { printable } from '../engine/printable.ts'
import { lockedFiles, parsePackages, type LockedFile } from '../linux/package-list.ts'
import { INPUTS_DIR } from '../results/kept-inputs.ts'
import { readKeptLab } from '../results/kept-lab.ts'
import type { StoredRun } from '../results/manifest.ts'

/** Directory of a pack. */
export const PINNED_DIR = 'inputs'
/** Their names there. */
export const PINNED_NAME = /^([0-9a-f]{64})-([A-Za-z0-9][\w.+~-]{0,150})$/

/** What is fetched for a kernel. @throws a user's Failure for one that no pack can bring along */
function ofKernel(kernel: string, source: Source): readonly Fetched[] {
  if ('url' in source) return [source]
  if ('package' in source) return [source]
  if ('prebuilt' in source) {
    const { prebuilt, version, sha256, parts = {}, headers = {}, mirrors } = source
    const all = [[prebuilt, sha256] as const, ...Object.entries(parts), ...Object.entries(headers)]
    return all.map(([name, hash]) => ({ package: name, version, sha256: hash, mirrors }))
  }
  const what = 'git' in source ? 'a git repository' : 'tree' in source ? 'a tree on this host' : 'a file on this host'
  throw userError({
    place: `kernel ${kernel}`,
    fact: `it comes from ${what}, which a pack does not bring along`,
    wayOut:
      'export without --with-inputs, or take a source that is pinned by its sha256: `url:`, `package:` or `prebuilt:`',
  })
}

interface Needed {
  /** By their sha256. */
  readonly files: ReadonlyMap<string, Fetched>
  /** By their sha256, with the image and the suite that they are of. */
  readonly packages: readonly {
    readonly image: string
    readonly suite: string
    readonly files: readonly LockedFile[]
  }[]
}

/** The kernels that a run needs: its own, and those whose types its probes are compiled with. */
function kernelsOf({ manifest }: StoredRun, lab: ReturnType<typeof readKeptLab>): string[] {
  const probes = [...(lab.experiments[manifest.experiment]?.probes ?? []), ...(manifest.arm.probes ?? [])]
  const types = probes.flatMap((name) => {
    const probe = lab.probes[fullName(name)]
    return probe !== undefined && 'source' in probe && probe.types !== undefined ? [probe.types] : []
  })
  return [...new Set([manifest.kernel.name, ...types])]
}

async function packagesOf(run: StoredRun, inputs: string): Promise<Needed['packages'][number]> {
  const { image, inputs: kept } = run.manifest
  const dir = join(inputs, kept?.image ?? '')
  const files = lockedFiles(parsePackages(await readFile(join(dir, 'packages.txt'), 'utf8').catch(() => '')))
  const { suite } = JSON.parse(await readFile(join(dir, 'inputs.json'), 'utf8').catch(() => '{}')) as { suite?: string }
  if (files !== undefined) return { image: image.name, suite: String(suite), files }
  throw userError({
    place: `run ${run.run}`,
    fact: `it was not recorded where the packages of its image ${printable(image.name, 60)} came from`,
    wayOut: 'images built by this version record it: run the experiment again, and export that run',
  })
}

/** Everything that these runs need, each file once. */
async function neededBy(runs: readonly StoredRun[], results: string, toolRoot: string): Promise<Needed> {
  const inputs = join(results, INPUTS_DIR)
  const files = new Map<string, Fetched>()
  const packages = new Map<string, Needed['packages'][number]>()
  for (const run of runs) {
    if (run.manifest.imported !== undefined) continue
    const lab = readKeptLab(join(inputs, run.manifest.inputs?.lab ?? '', 'lab.yaml'), toolRoot)
    for (const name of kernelsOf(run, lab))
      for (const file of ofKernel(name, named(lab.kernels, 'kernel', name).source)) files.set(file.sha256, file)
    const key = run.manifest.inputs?.image ?? ''
    if (!packages.has(key)) packages.set(key, await packagesOf(run, inputs))
  }
  return { files, packages: [...packages.values()] }
}

/**
 * Fetches the files that runs were built from, where the cache does not have them any more.
 * @returns name in a pack -> file
 */
export async function pinnedInputs(
  runs: readonly StoredRun[],
  results: string,
  context: Context,
): Promise<ReadonlyMap<string, string>> {
  return await step(context, 'inputs', 'inputs', async (handle) => {
    const needed = await neededBy(runs, results, context.toolRoot)
    const found = new Map<string, string>()
    const add = (fetched: Fetched) =>
      found.set(`${PINNED_DIR}/${fetched.sha256}-${nameOf(fetched)}`, fetchedFile(fetched, context.cache))
    for (const file of needed.files.values()) {
      await fetchArchive(file, context, `input ${nameOf(file)}`, handle)
      add(file)
    }
    for (const { image, suite, files } of needed.packages) {
      await fetchLocked(files, suite, `image ${image}`, context, handle)
      for (const file of files) add(fetchedPackage(file))
    }
    return { outcome: 'done', detail: `${found.size} files`, value: found }
  })
}

/**
 * Puts the files of a pack where the steps that build look for them. Their names say their sha256, and each is read to
 * see that it is so.
 * @param from directory of an unpacked pack; where it has none there is nothing to do
 */
export async function seedCache(from: string, cache: string): Promise<void> {
  const names = await readdir(from).catch((): string[] => [])
  await mkdir(join(cache, SOURCES), { recursive: true })
  for (const file of names) {
    const [, sha256, name] = PINNED_NAME.exec(file) ?? []
    if (sha256 === undefined || name === undefined || (await hashFile(join(from, file))) !== sha256)
      throw userError({
        place: printable(file, 200),
        fact: 'this file of the pack is not what its name says',
        wayOut: 'get the pack again, and compare the sha256 that was published with it',
      })
    const to = join(cache, SOURCES, `${sha256.slice(0, 16)}-${name}`)
    await link(join(from, file), to).catch(() => copyFile(join(from, file), to))
  }
}
