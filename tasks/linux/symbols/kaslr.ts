/** Kernels that choose their address when they start (KASLR). */

/**
 * Whether a kernel may be at another address than its vmlinux and System.map have.
 * @param config its .config @param argv the command line of QEMU, with that of the kernel in it
 */
export const isRandom = (config: string, argv: readonly string[]): boolean =>
  config.includes('CONFIG_RANDOMIZE_BASE=y') && !argv.some((word) => word.split(' ').includes('nokaslr'))

/** "ffffffff81000000 T name". What comes from a module has its name behind a tab, and is not matched. */
export const SYMBOL_LINE = /^([0-9a-f]{8,16}) \S (\S+)$/gm

/** The lowest address of each name: several static functions can share one. A kernel that hides addresses says 0. */
function lowestByName(text: string): ReadonlyMap<string, bigint> {
  const lowest = new Map<string, bigint>()
  for (const [, address = '', name = ''] of text.matchAll(SYMBOL_LINE)) {
    const at = BigInt(`0x${address}`)
    if (at !== 0n && at < (lowest.get(name) ?? at + 1n)) lowest.set(name, at)
  }
  return lowest
}

/**
 * How far a kernel was from where it was linked (KASLR), by a symbol that both texts have; undefined where they share
 * none. @param linked the text of a System.map @param seen lines of /proc/kallsyms: all lines of each name in it
 */
export function shiftOf(linked: string, seen: string): bigint | undefined {
  const there = lowestByName(linked)
  for (const [name, at] of lowestByName(seen)) {
    const from = there.get(name)
    if (from !== undefined) return at - from
  }
  return undefined
}
