/** Addresses of code: which ones can be any, and how they stand in texts. */

/** x86-64, 48 bits: programs are in the lower half, the kernel in the upper (Documentation/x86/x86_64/mm.rst). */
export const LOWEST_OF_KERNEL = 0xffff_8000_0000_0000n
const HIGHEST_OF_PROGRAMS = 0x7fff_ffff_ffffn
/** vm.mmap_min_addr is at least a page: what is below is a number, not an address. */
const LOWEST = 4096n

/** Whether there can be code: a chain of frame pointers that were used for something else leads to any number. */
export const isAddress = (address: bigint): boolean =>
  address >= LOWEST && (address <= HIGHEST_OF_PROGRAMS || address >= LOWEST_OF_KERNEL)

/** The kernel's image and its modules, as %lx and %px print them. */
const IN_TEXT = /\b(?:0x)?(ffffffff[0-9a-f]{8})\b/g

/** Addresses of the kernel's image in a text. */
export const addressesInText = (text: string): bigint[] =>
  Array.from(text.matchAll(IN_TEXT), ([, digits = '']) => BigInt(`0x${digits}`))
