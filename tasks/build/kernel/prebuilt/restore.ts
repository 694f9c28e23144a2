/** A prebuilt kernel in the store: restored, or unpacked from its packages. */
import { readFile, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PrebuiltSource } from '../../../config/prebuilt.ts'
import type { ResolvedKernel } from '../../../config/resolved.ts'
import type { Context, StepHandle, StepResult } from '../../../engine/context.ts'
import { userError } from '../../../engine/error.ts'
import { hashFile, type Fingerprint, type Inputs } from '../../../engine/fingerprint.ts'
import { lock } from '../../../engine/lock.ts'
import { makeScratch } from '../../../engine/scratch.ts'
import type { StoredEntry } from '../../../engine/store.ts'
import { bootImage } from '../boot-image.ts'
import { kernelFingerprint } from '../identity.ts'
import type { KernelArtefact } from '../kernel.ts'
import { fetchArchive } from '../../fetched.ts'
import { writeArtefact } from './artefact.ts'
import { prebuiltSource, prebuiltTitle } from './identity.ts'
import { initrdFor } from './initrd.ts'
import { openFile, unpackKernel, type KernelDeb, type KernelFiles } from './package.ts'

/** The packages of a prebuilt kernel, fetched and unpacked into `dir`, or its file. @throws a user's Failure */
export async function openPrebuilt(
  source: PrebuiltSource,
  dir: string,
  place: string,
  context: Context,
  handle: StepHandle,
): Promise<KernelFiles> {
  if ('file' in source) {
    if (!existsSync(source.file))
      throw userError({ place, fact: `${source.file} is not there`, wayOut: 'correct `file:`' })
    const sha256 = await hashFile(source.file)
    if (sha256 !== source.sha256)
      throw userError({
        place,
        fact: `${source.file} has another sha256 than lab.yaml`,
        lines: [`wanted ${source.sha256}`, `found  ${sha256}`],
        wayOut: 'correct `sha256:` if this is the kernel that you mean',
      })
    return await openFile(source, dir, place, context.signal)
  }
  const { prebuilt, version, parts = {}, mirrors } = source
  const debs: KernelDeb[] = []
  for (const [name, sha256] of [[prebuilt, source.sha256] as const, ...Object.entries(parts)]) {
    const deb = { package: name, version, sha256, ...(mirrors && { mirrors }) }
    debs.push({ file: await fetchArchive(deb, context, place, handle), pinned: { name, version } })
  }
  handle.progress('unpack the package')
  return await unpackKernel(debs, dir, place, context.signal)
}

/** The entry of a prebuilt kernel; `fresh` where it was there. */
export async function restorePrebuilt(
  source: PrebuiltSource,
  fingerprint: Fingerprint,
  inputs: Inputs,
  place: string,
  context: Context,
  handle: StepHandle,
): Promise<{ readonly entry: StoredEntry; readonly fresh: boolean }> {
  const stored = await context.store.get('kernel', fingerprint)
  if (stored) return { entry: stored, fresh: true }
  await using _lock = await lock(
    join(context.cache, 'locks', `kernel-${fingerprint.slice(0, 16)}`),
    context.signal,
    () => handle.progress('wait for another lab to unpack the same kernel'),
  )
  const already = await context.store.get('kernel', fingerprint)
  if (already) return { entry: already, fresh: true }
  const scratch = await makeScratch('kernel')
  try {
    const files = await openPrebuilt(source, join(scratch, 'package'), place, context, handle)
    handle.progress('read its symbols')
    const entry = await context.store.put('kernel', fingerprint, inputs, async (to) => {
      await writeArtefact(files, to, place, context.signal)
    })
    return { entry, fresh: false }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** A distribution's kernel, with the initramfs that it needs. */
export async function prebuiltKernel(
  kernel: ResolvedKernel,
  context: Context,
  handle: StepHandle,
  override: string | undefined,
): Promise<StepResult<KernelArtefact>> {
  const source = prebuiltSource(kernel)
  if (!source) throw new Error(`kernel ${kernel.name} is not prebuilt`)
  const place = `kernel ${kernel.name}`
  const { fingerprint, inputs } = await kernelFingerprint(kernel, context, override)
  const { entry, fresh } = await restorePrebuilt(source, fingerprint, inputs, place, context, handle)
  const { dir } = entry
  const initrd = await initrdFor({ fingerprint, dir }, place, context)
  const release = (await readFile(join(dir, 'release'), 'utf8')).trim()
  const title = prebuiltTitle(source)
  return {
    outcome: fresh ? 'restored' : 'built',
    detail: `${release}, prebuilt: ${title}`,
    value: {
      name: kernel.name,
      fingerprint,
      dir,
      image: await bootImage(dir),
      release,
      source: title,
      compat: [],
      initrd,
    },
  }
}
