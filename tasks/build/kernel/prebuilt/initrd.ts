/**
 * The initramfs of a guest with a distribution's kernel: our own first program (kernel/initrd/init.c) and the modules
 * of the disks.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownCode } from '../../own-code.ts'
import type { Context } from '../../../engine/context.ts'
import { fingerprintOf, hashFile, type Fingerprint } from '../../../engine/fingerprint.ts'
import { compileProgram } from '../../../host/compile.ts'
import { toolVersion } from '../../../host/tool-version.ts'
import { cpio, S_IFDIR, S_IFREG, type CpioEntry } from '../../../linux/objects/cpio.ts'
import { MODULES, ORDER } from './modules.ts'

export interface Initrd {
  readonly file: string
  readonly fingerprint: Fingerprint
}

async function entriesOf(program: string, kernelDir: string): Promise<CpioEntry[]> {
  const modules = join(kernelDir, MODULES)
  const order = await readFile(join(modules, ORDER), 'utf8')
  const names = order.split('\n').filter((name) => name !== '')
  const file = async (name: string, from: string, mode: number): Promise<CpioEntry> => ({
    name,
    mode: S_IFREG | mode,
    data: await readFile(from),
  })
  return [
    await file('init', program, 0o755),
    { name: MODULES, mode: S_IFDIR | 0o755 },
    await file(`${MODULES}/${ORDER}`, join(modules, ORDER), 0o644),
    ...(await Promise.all(names.map((name) => file(`${MODULES}/${name}`, join(modules, name), 0o644)))),
  ]
}

/** Restores or makes it. @param kernel fingerprint and directory of the kernel in the store */
export async function initrdFor(
  kernel: { readonly fingerprint: Fingerprint; readonly dir: string },
  place: string,
  context: Context,
): Promise<Initrd> {
  const source = join(context.toolRoot, 'kernel/initrd/init.c')
  const inputs = {
    lab: ownCode('initrd', context.toolRoot),
    kernel: kernel.fingerprint,
    init: await hashFile(source),
    gcc: await toolVersion('gcc', context.cache, context.signal),
  }
  const fingerprint = fingerprintOf(inputs)
  const { dir } =
    (await context.store.get('initrd', fingerprint)) ??
    (await context.store.put('initrd', fingerprint, inputs, async (to) => {
      const program = join(to, 'init')
      await compileProgram({
        sources: [source],
        program,
        flags: ['-static'],
        libraries: [],
        place,
        signal: context.signal,
      })
      await chmod(program, 0o755)
      await writeFile(join(to, 'initrd'), Buffer.concat(cpio(await entriesOf(program, kernel.dir))))
    }))
  return { file: join(dir, 'initrd'), fingerprint }
}
