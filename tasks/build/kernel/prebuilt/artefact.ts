/** Makes of a boot image, its configuration and its modules what every other kernel of the store has. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { userError } from '../../../engine/error.ts'
import { decompress } from '../../../host/decompress.ts'
import { ElfError } from '../../../linux/objects/elf.ts'
import { parseConfig } from '../../../linux/kbuild/kconfig.ts'
import { payloadOf } from '../../../linux/objects/bzimage.ts'
import { withSymbols } from '../../../linux/objects/with-symbols.ts'
import { kallsymsOf, type KernelSymbol } from '../../../linux/symbols/kallsyms-table.ts'
import { guestModules, MODULES, ORDER } from './modules.ts'
import type { KernelFiles } from './package.ts'

/** What CONFIG_IKCONFIG puts around the compressed .config (kernel/configs.c). */
const [IKCONFIG_START, IKCONFIG_END] = ['IKCFG_ST', 'IKCFG_ED']

/** The configuration that a kernel carries itself; undefined where it does not. */
function ownConfig(vmlinux: Buffer): string | undefined {
  const start = vmlinux.indexOf(IKCONFIG_START)
  const end = vmlinux.indexOf(IKCONFIG_END, start)
  return start < 0 || end < 0
    ? undefined
    : gunzipSync(vmlinux.subarray(start + IKCONFIG_START.length, end)).toString('utf8')
}

const hex = (address: bigint): string => address.toString(16).padStart(16, '0')

/** Lines as nm prints them: what System.map of a build has. */
const systemMap = (symbols: readonly KernelSymbol[]): string =>
  symbols.map(({ address, type, name }) => `${hex(address)} ${type} ${name}\n`).join('')

/**
 * Names that the kernel itself exports, as Module.symvers has them. Checksums are in the package of headers: none are
 * known here.
 */
const symvers = (symbols: readonly KernelSymbol[]): string =>
  symbols
    .flatMap(({ name }) => /^__ksymtab_(\w+)$/.exec(name)?.[1] ?? [])
    .map((name) => `0x00000000\t${name}\tvmlinux\tEXPORT_SYMBOL\t\n`)
    .join('')

/** What went wrong with a file of somebody else's, as the user's to settle. */
const unusable = (place: string, fact: string, cause: unknown) =>
  userError(
    { place, fact, wayOut: "take a distribution's linux-image-* for amd64, or a bzImage of an x86-64 build" },
    cause,
  )

/** The kernel's ELF file with its symbols. @throws a user's Failure where the file is no kernel that can be read */
async function vmlinuxOf(image: Buffer, scratch: string, place: string, signal: AbortSignal) {
  try {
    const payload = payloadOf(image)
    const bytes = await decompress({ ...payload, withSize: true }, scratch, place, signal)
    const symbols = kallsymsOf((offset, size) => bytes.subarray(offset, offset + size))
    return { bytes, symbols, release: payload.release }
  } catch (error) {
    if (!(error instanceof ElfError) && !(error instanceof RangeError)) throw error
    throw unusable(place, `its kernel cannot be read: ${error.message}`, error)
  }
}

/** Fills the entry of the store. */
export async function writeArtefact(
  files: KernelFiles,
  to: string,
  place: string,
  signal: AbortSignal,
): Promise<{ readonly release: string }> {
  const { bytes, symbols, release } = await vmlinuxOf(await readFile(files.image), join(to, 'vmlinux'), place, signal)
  const config = files.config === undefined ? ownConfig(bytes) : await readFile(files.config, 'utf8')
  if (config === undefined)
    throw userError({
      place,
      fact: 'the configuration of this kernel is unknown (it has no CONFIG_IKCONFIG)',
      wayOut: 'name its .config: `source: { file: ..., sha256: ..., config: ... }`',
    })
  const options = parseConfig(config)
  if (options.size === 0)
    throw userError({
      place,
      fact: `${basename(files.config ?? files.image)} is not the configuration of a kernel: it sets no option`,
      wayOut: 'name the .config that this kernel was built with (`config:`)',
    })
  const modules = await guestModules(options, release, files.modules, join(to, 'module'), place, signal)
  await mkdir(join(to, MODULES))
  await writeFile(join(to, MODULES, ORDER), modules.order.map((name) => `${name}\n`).join(''))
  for (const [name, module] of modules.files) await writeFile(join(to, MODULES, name), module)
  await cp(files.image, join(to, 'bzImage'))
  await writeFile(join(to, 'vmlinux'), withSymbols(bytes, symbols))
  await writeFile(join(to, 'System.map'), systemMap(symbols))
  await writeFile(join(to, 'Module.symvers'), symvers(symbols))
  await writeFile(join(to, 'config'), config)
  await writeFile(join(to, 'release'), `${release}\n`)
  await writeFile(join(to, 'patch.diff'), '')
  await writeFile(join(to, 'compat.json'), `${JSON.stringify({ applied: [], alreadyFixed: [] }, null, 1)}\n`)
  return { release }
}
