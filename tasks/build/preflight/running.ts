/** The facts of a kernel that runs: read from its guest. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { labError } from '../../engine/error.ts'
import type { Guest } from '../../host/ssh.ts'
import { parseConfig } from '../../linux/kbuild/kconfig.ts'
import type { KernelFacts } from '../../linux/symbols/facts.ts'
import { factsOfRunning } from '../../linux/symbols/running.ts'

const TRACING = '/sys/kernel/tracing'
/** Of one file. kallsyms of a distribution's kernel has 15 MB; bytes. */
const LARGEST = 64 * 2 ** 20
const CONFIG_LARGEST = 4 * 2 ** 20

async function readGuestFile(guest: Guest, file: string, signal: AbortSignal): Promise<Buffer | undefined> {
  const { status, stdout } = await guest.exec(['cat', file], { signal, timeout: 120_000, limit: LARGEST })
  return status === 0 ? stdout : undefined
}

/** Text of /proc/config.gz; undefined if there is none, or where it is not what it should be. */
function unpacked(bytes: Buffer | undefined): string | undefined {
  try {
    return bytes && gunzipSync(bytes, { maxOutputLength: CONFIG_LARGEST }).toString('utf8')
  } catch {
    return undefined
  }
}

/**
 * Reads the lists of a guest's kernel.
 * @param built the kernel's entry in the store: its .config serves where the guest has none
 */
export async function factsInGuest(
  guest: Guest,
  release: string,
  built: string,
  signal: AbortSignal,
): Promise<KernelFacts> {
  const text = async (file: string) => (await readGuestFile(guest, file, signal))?.toString('latin1')
  const config = await readGuestFile(guest, '/proc/config.gz', signal)
  const kallsyms = await text('/proc/kallsyms')
  const traceable =
    (await text(`${TRACING}/available_filter_functions_addrs`)) ?? (await text(`${TRACING}/available_filter_functions`))
  if (kallsyms === undefined || !/^[0-9a-f]*[1-9a-f][0-9a-f]* /m.test(kallsyms))
    throw labError({
      place: 'guest',
      fact: '/proc/kallsyms shows no addresses',
      wayOut: 'the kernel needs KALLSYMS: y, and kernel.kptr_restrict=0',
    })
  return factsOfRunning({
    release,
    kallsyms,
    traceable: traceable ?? '',
    blacklist: (await text('/sys/kernel/debug/kprobes/blacklist')) ?? '',
    events: (await text(`${TRACING}/available_events`)) ?? '',
    config: parseConfig(unpacked(config) ?? (await readFile(join(built, 'config'), 'utf8'))),
  })
}
