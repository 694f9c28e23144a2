/** The module files of a kernel, wherever they are: what they are called, and what is in them. */
import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { userError } from '../../engine/error.ts'
import { decompress } from '../../host/decompress.ts'
import type { Compression } from '../../linux/objects/bzimage.ts'
import { moduleInfo, moduleName, type ModuleInfo } from '../../linux/objects/module-info.ts'

const ENDINGS: Readonly<Record<string, Compression>> = {
  '.ko': 'none',
  '.ko.xz': 'xz',
  '.ko.zst': 'zstd',
  '.ko.gz': 'gzip',
}

const endingOf = (file: string): string | undefined => Object.keys(ENDINGS).find((ending) => file.endsWith(ending))

/** Name of a module -> its file, of all below a directory. */
export async function moduleFilesBelow(dir: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const ending = entry.isFile() ? endingOf(entry.name) : undefined
    if (ending === undefined) continue
    found.set(moduleName(entry.name.slice(0, -ending.length)), join(entry.parentPath, entry.name))
  }
  return found
}

/**
 * The files that may hold a module of this name: the one that is called so, or those that may have it as an alias, the
 * likeliest first. Algorithms are asked for by alias: ext4 wants "crypto-crc32c" before it (until 6.13), which
 * crypto/crc32c_generic.ko has, and cannot mount without. Those of arch/ are left out: the CPU may not have them.
 */
export function filesFor(name: string, files: ReadonlyMap<string, string>): readonly string[] {
  const own = files.get(name)
  if (own !== undefined) return [own]
  const [, algorithm] = /^crypto_(.+)$/.exec(name) ?? []
  if (algorithm === undefined) return []
  const all = [...files].filter(([, path]) => /\/crypto\/[^/]+$/.test(path) && !path.includes('/arch/'))
  const likely = all.filter(([other]) => other.includes(moduleName(algorithm)))
  return [...new Set([...likely, ...all])].map(([, path]) => path)
}

/**
 * A module, decompressed, and what it says about itself.
 * @param release of the kernel that will load it @param scratch for decompression
 * @throws a user's Failure where it is for another kernel
 */
export async function readModule(
  path: string,
  release: string,
  scratch: string,
  place: string,
  signal: AbortSignal,
): Promise<{ readonly bytes: Buffer; readonly info: ModuleInfo }> {
  const ending = endingOf(path) ?? ''
  const compressed = { bytes: await readFile(path), format: ENDINGS[ending] ?? 'none' }
  const bytes = await decompress(compressed, scratch, place, signal)
  const info = moduleInfo(bytes, basename(path, ending))
  const [of = ''] = info.vermagic.split(' ')
  if (of === release) return { bytes, info }
  throw userError({
    place,
    fact: `module ${moduleName(basename(path, ending))} was built for ${of || 'an unknown kernel'}, and the kernel is ${release}`,
    wayOut: 'take kernel and modules of one package and version',
  })
}

/**
 * Reads modules by name or alias.
 * @param files of the kernel, by name
 * @param found is given each module that was asked for, by its name
 */
export const moduleReader =
  (
    files: ReadonlyMap<string, string>,
    found: Map<string, Buffer>,
    { release, scratch, place }: { readonly release: string; readonly scratch: string; readonly place: string },
    signal: AbortSignal,
  ) =>
  async (name: string): Promise<ModuleInfo | undefined> => {
    for (const path of filesFor(name, files)) {
      const { bytes, info } = await readModule(path, release, scratch, place, signal)
      if (!files.has(name) && !info.aliases.includes(name)) continue
      found.set(info.name, bytes)
      return info
    }
    return undefined
  }
