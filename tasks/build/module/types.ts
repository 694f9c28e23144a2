/**
 * The types that a module brings along (BTF, since 5.11). They build on those of the vmlinux that stood in the tree,
 * which is that of whatever kernel was built there last; a kernel with other types refuses the module for them ("failed
 * to validate module BTF").
 */
import { readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../host/sh.ts'
import { sectionsOf } from '../../linux/objects/elf.ts'

const BTF = '.BTF'

const typesOf = async (file: string): Promise<Buffer | undefined> =>
  existsSync(file) ? sectionsOf(await readFile(file)).find(({ name }) => name === BTF)?.bytes : undefined

/** Takes the types out of a module that was built beside another kernel's vmlinux. @param kernelDir in the store */
export async function dropForeignTypes(
  module: string,
  tree: string,
  kernelDir: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await typesOf(module)) === undefined) return
  const [built, loading] = [await typesOf(join(tree, 'vmlinux')), await typesOf(join(kernelDir, 'vmlinux'))]
  if (built !== undefined && loading !== undefined && built.equals(loading)) return
  await run(['objcopy', `--remove-section=${BTF}`, module], { signal })
}
