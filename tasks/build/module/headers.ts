/**
 * The header packages of a distribution's kernel, unpacked so that modules can be built against them: linux-headers-*,
 * its -common package and linux-kbuild-*, each pinned by its sha256. Their Makefiles name each other by the paths of an
 * installed system.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { PrebuiltSource } from '../../config/prebuilt.ts'
import type { ResolvedKernel } from '../../config/resolved.ts'
import type { Context, StepHandle } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { fingerprintOf } from '../../engine/fingerprint.ts'
import { controlOf, extractDeb, needPinned } from '../../host/debian/deb-file.ts'
import { fetchArchive } from '../fetched.ts'
import { ownCode } from '../own-code.ts'

/** In the packages. */
const SOURCES = 'usr/src'
/** A tree that modules are built in has its configuration; the package of what several have in common has none. */
const CONFIGURATION = '.config'

/** Before a path of an installed system: where the Makefile itself is, wherever the entry of the store is. */
const HERE = '$(dir $(lastword $(MAKEFILE_LIST)))..'

/** @throws a user's Failure where the packages are not declared, or are not those of the kernel */
export async function headersOf(
  source: PrebuiltSource,
  { name }: Pick<ResolvedKernel, 'name'>,
  release: string,
  place: string,
  context: Context,
  handle: StepHandle,
): Promise<{ readonly tree: string; readonly fingerprint: string }> {
  const headers = 'prebuilt' in source ? (source.headers ?? {}) : {}
  if (!('prebuilt' in source) || Object.keys(headers).length === 0)
    throw userError({
      place,
      fact: `it is built from source, and the headers of kernel ${name} are not declared`,
      wayOut: `\`lab kernels add linux-image-${release} --headers\` writes a kernel with its \`headers:\` into lab.yaml`,
    })
  const { version, mirrors } = source
  const inputs = { lab: ownCode('module', context.toolRoot), version, headers: { ...headers } }
  const fingerprint = fingerprintOf(inputs)
  const stored = await context.store.get('headers', fingerprint)
  const { dir } =
    stored ??
    (await context.store.put('headers', fingerprint, inputs, async (to) => {
      for (const [name, sha256] of Object.entries(headers)) {
        const deb = { package: name, version, sha256, ...(mirrors && { mirrors }) }
        const file = await fetchArchive(deb, context, place, handle)
        const control = await controlOf(file, place, 'name a linux-headers-* package', context.signal)
        needPinned(control, { name, version }, 'headers', place)
        await extractDeb(file, to, place, context.signal)
      }
      for (const tree of await treesIn(to)) {
        const makefile = join(tree, 'Makefile')
        await writeFile(
          makefile,
          (await readFile(makefile, 'utf8')).replaceAll(`include /${SOURCES}`, `include ${HERE}`),
        )
      }
    }))
  const tree = (await treesIn(dir)).find((entry) => basename(entry) === `linux-headers-${release}`)
  if (tree !== undefined) return { tree, fingerprint }
  throw userError({
    place,
    fact: `the packages under \`headers:\` of kernel ${name} are not those of ${release}`,
    lines: [`they are ${Object.keys(headers).join(', ')}`],
    wayOut: `name linux-headers-${release}, its -common package and linux-kbuild-*`,
  })
}

async function treesIn(dir: string): Promise<string[]> {
  const names = await readdir(join(dir, SOURCES)).catch((): string[] => [])
  const trees: string[] = []
  for (const name of names) {
    const tree = join(dir, SOURCES, name)
    const files = await readdir(tree).catch((): string[] => [])
    if (files.includes(CONFIGURATION)) trees.push(tree)
  }
  return trees
}
