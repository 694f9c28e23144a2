/**
 * Brings programs and objects to the guest's tmpfs, once per VM and set of files: nothing of ours is read from the
 * probed disk.
 */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { later } from '../../engine/later.ts'
import { labError } from '../../engine/error.ts'
import { fingerprintOf } from '../../engine/fingerprint.ts'
import type { Deployable } from '../../build/probe/probe.ts'
import type { OpenVm } from '../../vm/vm.ts'
import { bundleDir, GUEST_LAB, type SeedBundle } from '../../vm/seed.ts'

const tarStream = later<typeof import('tar-stream')>('tar-stream')

/** Directory of the lab in the guest: on a tmpfs (/run). */
export const GUEST_DIR = GUEST_LAB

/** Unpacks stdin into $1 unless it is there; renamed when whole, as an earlier connection may have broken off. */
const UNPACK =
  'set -e; [ -d "$1" ] && { cat >/dev/null; exit 0; }; rm -rf "$1.new"; mkdir -p "$1.new"; tar -xf - -C "$1.new"; mv "$1.new" "$1"'

/** What goes to the guest together, by its contents. */
export const bundleOf = (holder: Deployable, others: readonly Deployable[]): SeedBundle => {
  const files = [holder, ...others]
  return {
    id: fingerprintOf({ files: files.map(({ name, fingerprint }) => ({ name, fingerprint })) }).slice(0, 16),
    holder: holder.name,
    files,
  }
}

async function archive({ files }: SeedBundle): Promise<Buffer> {
  const tar = tarStream().pack()
  for (const { name, file } of files) tar.entry({ name, mode: 0o755 }, await readFile(file))
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/**
 * Deploys a bundle and returns its directory in the guest. What a boot brought along, or an earlier run, is not sent
 * again.
 */
export async function deploy(vm: OpenVm, bundle: SeedBundle, signal: AbortSignal): Promise<string> {
  const dir = bundleDir(bundle.id)
  const marker = join(vm.dir, `deployed-${bundle.id}-${vm.state.guest.bootId}`)
  if (vm.bundle === bundle.id || existsSync(marker)) return dir
  const { status, stderr } = await vm.guest.exec(['sh', '-c', UNPACK, 'sh', dir], {
    signal,
    input: await archive(bundle),
    timeout: 60_000,
  })
  if (status !== 0)
    throw labError({
      place: 'guest',
      fact: `cannot unpack the programs (status ${status})`,
      lines: stderr.split('\n').slice(-5),
      wayOut: 'is the guest out of memory? raise `memory:` of the VM',
    })
  await writeFile(marker, '')
  return dir
}
