/** Functions that were inlined where a stack has an address: by DWARF, where a kernel or a program has it. */
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../../engine/context.ts'
import { Failure } from '../../engine/error.ts'
import { SYMBOLIZER } from '../../host/packages.ts'
import { inlinedAt } from '../../host/symbolizer.ts'
import { which } from '../../host/which.ts'
import { sectionTable } from '../../linux/objects/elf.ts'
import { linesOf } from '../../linux/symbols/kallsyms-lines.ts'
import { shiftOf } from '../../linux/symbols/kaslr.ts'
import type { CodeSources } from './code-symbols.ts'

type Inlined = ReadonlyMap<bigint, readonly string[]>
const NONE: Inlined = new Map()

/** Whether a file says which lines its code is of. Only its table of sections is read. */
async function hasDwarf(file: string): Promise<boolean> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const start = Buffer.alloc(64)
  await handle.read(start, 0, 64, 0)
  // The table of sections and their names are at the end of what a linker writes.
  const from = Math.max(0, size - (1 << 20))
  const end = Buffer.alloc(size - from)
  await handle.read(end, 0, end.length, from)
  const read = (offset: number, length: number) =>
    offset >= from ? end.subarray(offset - from, offset - from + length) : start.subarray(offset, offset + length)
  try {
    return sectionTable(read).some(({ name }) => name === '.debug_info')
  } catch {
    // Not an ELF file, or one that is laid out otherwise.
    return false
  }
}

/** What cannot be looked up costs names and nothing else: said once, as a warning. */
async function inFile(file: string, addresses: readonly bigint[], place: string, context: Context): Promise<Inlined> {
  if (addresses.length === 0 || !(await hasDwarf(file))) return NONE
  const warn = (text: string, wayOut: string) => context.emit({ type: 'notice', level: 'warning', place, text, wayOut })
  if (which(SYMBOLIZER.needs) === undefined) {
    warn(
      `inlined functions are not in its stacks: ${SYMBOLIZER.needs} is not installed`,
      `sudo apt-get install ${SYMBOLIZER.package}`,
    )
    return NONE
  }
  try {
    return await inlinedAt(file, addresses, place, context.signal)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    warn(`inlined functions are not in its stacks: ${error.parts.fact}`, 'the functions that they are in are named')
    return NONE
  }
}

/**
 * Ways to look inlined functions up.
 * @param kernelDir of the kernel in the store, with its vmlinux and System.map
 * @param kallsyms of the boot, whose kernel may be elsewhere than it was linked (KASLR)
 */
export const inlinedBy = (
  kernel: { readonly name: string; readonly dir: string },
  kallsyms: Buffer,
  context: Context,
): Pick<CodeSources, 'inlinedInKernel' | 'inlinedInProgram'> => ({
  inlinedInProgram: (file, addresses) => inFile(file, addresses, 'workload', context),
  inlinedInKernel: async (addresses) => {
    const file = join(kernel.dir, 'vmlinux')
    if (!(await hasDwarf(file).catch(() => false))) return NONE
    const first = (symbols: Buffer) => linesOf(symbols, new Set(['_stext'])).join('\n')
    const shift = shiftOf(first(await readFile(join(kernel.dir, 'System.map'))), first(kallsyms))
    if (shift === undefined) return NONE
    const moved = addresses.map((address) => address - shift)
    const found = await inFile(file, moved, `kernel ${kernel.name}`, context)
    return new Map(
      addresses.flatMap((address) => {
        const names = found.get(address - shift)
        return names === undefined ? [] : [[address, names] as const]
      }),
    )
  },
})
