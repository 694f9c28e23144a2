/** Brings programs and objects to the guest's tmpfs, once per VM and set of files: nothing of ours is read from the probed disk. */
import { readFile } from 'node:fs/promises'
import { pack } from 'tar-stream'
import { labError } from '../engine/error.ts'
import { fingerprintOf } from '../engine/fingerprint.ts'
import type { Guest } from '../host/ssh.ts'
import type { Deployable } from '../probe.ts'

/** Directory of the lab in the guest: a tmpfs (see /etc/fstab of the image). */
export const GUEST_DIR = '/run/lab'

/** Unpacks stdin into $1 unless it is there; renamed when whole, as an earlier connection may have broken off. */
const UNPACK =
  'set -e; [ -d "$1" ] && { cat >/dev/null; exit 0; }; rm -rf "$1.new"; mkdir -p "$1.new"; tar -xf - -C "$1.new"; mv "$1.new" "$1"'

async function archive(files: readonly Deployable[]): Promise<Buffer> {
  const tar = pack()
  for (const { name, file } of files) tar.entry({ name, mode: 0o755 }, await readFile(file))
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Deploys the files and returns their directory in the guest. */
export async function deploy(guest: Guest, files: readonly Deployable[], signal: AbortSignal): Promise<string> {
  const id = fingerprintOf({ files: files.map(({ name, fingerprint }) => ({ name, fingerprint })) }).slice(0, 16)
  const dir = `${GUEST_DIR}/bundle-${id}`
  const { status, stderr } = await guest.exec(['sh', '-c', UNPACK, 'sh', dir], {
    signal,
    input: await archive(files),
    timeout: 60_000,
  })
  if (status !== 0)
    throw labError({
      place: 'guest',
      fact: `cannot unpack the programs (status ${status})`,
      lines: stderr.split('\n').slice(-5),
      wayOut: 'is the guest out of memory? raise `memory:` of the VM',
    })
  return dir
}
