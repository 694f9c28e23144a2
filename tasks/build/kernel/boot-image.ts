/** Which file of a kernel QEMU boots. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * What QEMU boots. A vmlinux with a PVH entry point (config PVH, since 5.0) is copied to its place and entered; a
 * bzImage first runs the firmware, its own setup code and gunzip, which under TCG takes 0.3 s of 1.1 s. That code is
 * also what moves a kernel to a random address (arch/x86/boot/compressed/kaslr.c), so one that asks for that gets it.
 * So does a kernel with KASAN: its PVH entry is instrumented, but runs before there is any shadow memory
 * (arch/x86/platform/pvh/enlighten.c); 5.10 resets the machine there without a word.
 */
export async function bootImage(dir: string): Promise<string> {
  const config = await readFile(join(dir, 'config'), 'utf8')
  const is = (symbol: string) => config.includes(`\nCONFIG_${symbol}=y\n`)
  const direct = is('PVH') && !is('RANDOMIZE_BASE') && !is('KASAN')
  return join(dir, direct ? 'vmlinux' : 'bzImage')
}
