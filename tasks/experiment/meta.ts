/** What is the same for every run of one boot of a guest: event formats and symbols. Fetched once, kept beside the VM. */
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fingerprintOf } from '../engine/fingerprint.ts'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { parseConfig } from '../linux/kconfig.ts'
import type { TraceMeta } from '../linux/trace-dat.ts'
import type { OpenVm } from '../vm.ts'
import { GUEST_DIR } from './deploy.ts'
import { runAndFetch } from './fetch.ts'

export interface BootMeta extends TraceMeta {
  readonly version: string
}

const NAMES =
  /^(header_page|header_event|printk_formats|trace_clock|kallsyms|cmdline|version|format\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+)$/

function assemble(files: ReadonlyMap<string, Buffer>): BootMeta {
  const formats = new Map<string, Map<string, Buffer>>()
  for (const [name, content] of files) {
    const [kind, system = '', event = ''] = name.split('.')
    if (kind !== 'format') continue
    const events = formats.get(system) ?? new Map<string, Buffer>()
    formats.set(system, events.set(event, content))
  }
  const file = (name: string) => files.get(name) ?? Buffer.alloc(0)
  return {
    formats,
    headerPage: file('header_page'),
    headerEvent: file('header_event'),
    kallsyms: file('kallsyms'),
    printkFormats: file('printk_formats'),
    version: file('version').toString('utf8').trim(),
  }
}

async function kept(dir: string): Promise<Map<string, Buffer> | undefined> {
  const names = await readdir(dir).catch(() => undefined)
  return (
    names && new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name))] as const)))
  )
}

/**
 * The symbols from the kernel's System.map, where that is what /proc/kallsyms says: a kernel that stands where it was linked (no KASLR) and
 * has no modules. Fetching 2.4 MB of kallsyms from a guest under TCG costs 0.6 s of every first run.
 */
async function staticSymbols(vm: OpenVm): Promise<Buffer | undefined> {
  const { dir } = vm.state.kernel
  const config = parseConfig(await readFile(join(dir, 'config'), 'utf8'))
  if (config.get('RANDOMIZE_BASE') === 'y' || [...config.values()].includes('m')) return undefined
  return await readFile(join(dir, 'System.map'))
}

/** Formats of these events (and of the internal ones), symbols and version of the guest as it runs now. */
export async function bootMeta(
  vm: OpenVm,
  holder: string,
  events: readonly string[],
  signal: AbortSignal,
): Promise<BootMeta> {
  const local = join(vm.dir, `meta-${fingerprintOf({ boot: vm.state.guest.bootId, events: [...events] }).slice(0, 12)}`)
  const known = await kept(local)
  if (known) return assemble(known)
  const dir = `${GUEST_DIR}/meta`
  const symbols = await staticSymbols(vm)
  const argv = [
    holder,
    '--meta',
    dir,
    ...(symbols ? ['--no-symbols'] : []),
    ...events.flatMap((event) => ['--event', event]),
  ]
  // No lines come before the archive: what the holder has to say goes to stderr.
  const { files, stderr } = await runAndFetch(vm.guest, argv, dir, NAMES, { signal, timeout: 120_000 })
  if (/no event/.test(stderr))
    throw userError({
      place: 'trace.events',
      fact: 'the kernel does not have every event that was asked for',
      lines: [printable(stderr, 300)],
      wayOut: '`lab exec -- ls /sys/kernel/tracing/events` lists them',
    })
  if (symbols) files.set('kallsyms', symbols)
  const partial = `${local}.${process.pid}`
  await mkdir(partial, { recursive: true })
  for (const [name, content] of files) await writeFile(join(partial, name), content)
  await rename(partial, local).catch(() => rm(partial, { recursive: true, force: true }))
  return assemble(files)
}
