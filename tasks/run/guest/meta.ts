/**
 * What is the same for every run of one kernel (or of one boot, with KASLR): event formats and symbols. Fetched once,
 * kept in the store.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../../engine/context.ts'
import { fingerprintOf } from '../../engine/fingerprint.ts'
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { parseConfig } from '../../linux/kbuild/kconfig.ts'
import type { TraceMeta } from '../../linux/ftrace/trace-dat.ts'
import type { OpenVm } from '../../vm/vm.ts'
import { served, type Exec } from '../../vm/served.ts'
import { GUEST_DIR } from './deploy.ts'
import { runAndFetch } from './fetch.ts'
import { of, type HolderLine } from './holder.ts'

export interface BootMeta extends TraceMeta {
  readonly version: string
}

/** Names that the files about a boot may have. */
export const META_FILES =
  /^(header_page|header_event|printk_formats|trace_clock|kallsyms|cmdline|version|format\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+)$/

/** The files of a boot by what they are. */
export function assembleMeta(files: ReadonlyMap<string, Buffer>): BootMeta {
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

/** Of a run that no kernel saw. */
export const noMeta = (): BootMeta => assembleMeta(new Map())

async function filesOf(dir: string): Promise<Map<string, Buffer>> {
  const names = await readdir(dir)
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name))] as const)))
}

/**
 * The symbols from the kernel's System.map, where that is what /proc/kallsyms says: a kernel that stands where it was
 * linked (no KASLR) and has no modules; undefined for any other. Fetching 2.4 MB of kallsyms from a guest under TCG
 * costs 0.6 s of every first run.
 */
export async function staticSymbols(dir: string): Promise<Buffer | undefined> {
  const config = parseConfig(await readFile(join(dir, 'config'), 'utf8'))
  if (config.get('RANDOMIZE_BASE') === 'y' || [...config.values()].includes('m')) return undefined
  return await readFile(join(dir, 'System.map'))
}

/** Whether the format of an event came; of `system:*`, that of at least one. */
function hasFormat(files: ReadonlyMap<string, Buffer>, wanted: string): boolean {
  const [system = '', event = ''] = wanted.split(':')
  if (event !== '*') return files.has(`format.${system}.${event}`)
  return [...files.keys()].some((name) => name.startsWith(`format.${system}.`))
}

async function fetchMeta(
  events: readonly string[],
  symbols: Buffer | undefined,
  exec: Exec,
  signal: AbortSignal,
): Promise<Map<string, Buffer>> {
  const dir = `${GUEST_DIR}/meta`
  const flags = symbols ? ['--no-symbols'] : []
  const argv = ['--meta', dir, ...flags, ...events.flatMap((event) => ['--event', event])]
  // No lines come before the archive: what the holder has to say goes to stderr.
  const { files } = await runAndFetch(exec, argv, META_FILES, {
    signal,
    timeout: 120_000,
  })
  const missing = events.filter((event) => !hasFormat(files, event))
  if (missing.length > 0)
    throw userError({
      place: 'trace.events',
      fact: 'the kernel does not have every event that was asked for',
      lines: missing.map((event) => `no event ${printable(event, 300)}`),
      wayOut: '`lab exec -- ls /sys/kernel/tracing/events` lists them',
    })
  return symbols ? files.set('kallsyms', symbols) : files
}

/**
 * Formats of these events (and of the internal ones), symbols and version of a guest's kernel. A kernel without KASLR
 * and modules gives its events the same numbers at every boot, so its formats are kept in the store; `fits` checks that
 * against each run. `fresh` does not look there.
 */
export async function bootMeta(
  vm: OpenVm,
  holder: string,
  events: readonly string[],
  context: Context,
  fresh = false,
): Promise<BootMeta> {
  const symbols = await staticSymbols(vm.state.kernel.dir)
  const inputs = {
    format: 1,
    kernel: vm.state.kernel.fingerprint,
    boot: symbols ? null : vm.state.guest.bootId,
    events: [...events],
  }
  const fingerprint = fingerprintOf(inputs)
  const stored = fresh ? undefined : await context.store.get('meta', fingerprint)
  if (stored) return assembleMeta(await filesOf(stored.dir))
  const { guest } = vm
  // Fresh formats are read during a run, when the server is at work for it.
  const exec: Exec = fresh
    ? (argv, options) => guest.exec([holder, ...argv], options)
    : served(guest, holder, context.signal)
  const files = await fetchMeta(events, symbols, exec, context.signal)
  if (!fresh)
    await context.store.put('meta', fingerprint, inputs, async (dir) => {
      for (const [name, content] of files) await writeFile(join(dir, name), content)
    })
  return assembleMeta(files)
}

/** The formats and those of the kprobe events that the run declared: their numbers are new each time. */
export function withDeclared(
  meta: BootMeta,
  { files }: { readonly files: ReadonlyMap<string, Buffer> },
): BootMeta['formats'] {
  const declared = [...files].flatMap(([name, format]) =>
    name.startsWith('format.') ? [[name.slice('format.'.length), format] as const] : [],
  )
  return declared.length === 0 ? meta.formats : new Map([...meta.formats, ['kprobes', new Map(declared)]])
}

/** Whether the formats are those of the guest that recorded: the numbers of the events must agree. */
export const fits = (meta: BootMeta, lines: readonly HolderLine[]): boolean =>
  of(lines, 'event-id').every(({ name, id }) => {
    const [system = '', event = ''] = name.split(':')
    const format = meta.formats.get(system)?.get(event)?.toString('latin1')
    return format !== undefined && /^ID: (\d+)$/m.exec(format)?.[1] === String(id)
  })
