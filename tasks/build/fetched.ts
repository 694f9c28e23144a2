/**
 * Files that a lab pins by their sha256: kernel sources and Debian packages, each fetched once and kept in the cache.
 */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Source } from '../config/schema/schema.ts'
import type { Context, StepHandle } from '../engine/context.ts'
import { lock } from '../engine/lock.ts'
import { archives } from '../host/debian/archives.ts'
import { fetchDeb } from '../host/debian/fetch-deb.ts'
import { download } from '../host/download.ts'

/** What is fetched: a file by its address, or a Debian package. */
export type Fetched =
  | Extract<Source, { url: string }>
  | {
      readonly package: string
      readonly version: string
      readonly sha256: string
      readonly mirrors?: readonly string[] | undefined
      /** Where in the pool it is ("pool/main/s/strace/..."), where that is known. */
      readonly path?: string | undefined
    }

/** Directory of the cache for them. */
export const SOURCES = 'sources'

/** The name of a file in the cache, behind the beginning of its sha256. */
export const nameOf = (source: Fetched): string =>
  'url' in source ? source.url.replace(/^.*\//, '').replaceAll(/[^\w.-]/g, '_') : `${source.package}.deb`

/** Where a file is kept in the cache. */
export const fetchedFile = (source: Fetched, cache: string): string =>
  join(cache, SOURCES, `${source.sha256.slice(0, 16)}-${nameOf(source)}`)

/**
 * The file, from the cache or its source. One process at a time fetches it: two would write into the same part of a
 * file.
 */
export async function fetchArchive(
  source: Fetched,
  context: Context,
  place: string,
  handle: StepHandle,
): Promise<string> {
  const { signal, cache } = context
  const file = fetchedFile(source, cache)
  if (existsSync(file)) return file
  await using _lock = await lock(join(cache, 'locks', basename(file)), signal, () =>
    handle.progress(`wait for another lab to fetch ${basename(file)}`),
  )
  if (existsSync(file)) return file
  const onBytes = (done: number, total: number | undefined) => handle.progress('fetch the source', done, total, 'bytes')
  const wanted = { sha256: source.sha256, file, place, signal, onBytes }
  if ('url' in source) await download({ ...wanted, urls: [source.url, ...(source.mirrors ?? [])], cache })
  else {
    const { package: name, version, mirrors, path } = source
    await fetchDeb({ ...wanted, package: name, version, mirrors, path, cache }, await archives(signal))
  }
  return file
}
