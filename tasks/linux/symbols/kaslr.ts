/** Kernels that choose their address when they start (KASLR). */

/**
 * Whether a kernel may be at another address than its vmlinux and System.map have.
 * @param config its .config @param argv the command line of QEMU, with that of the kernel in it
 */
export const isRandom = (config: string, argv: readonly string[]): boolean =>
  config.includes('CONFIG_RANDOMIZE_BASE=y') && !argv.some((word) => word.split(' ').includes('nokaslr'))
