/** The kernel version that a BPF object says it is made for (SEC("version")), against that of the kernel. */

/**
 * KERNEL_VERSION(5, 0, 0): since then the kernel does not look at it any more (6c4fc209fcf9, "bpf: remove useless
 * version check").
 */
const UNCHECKED = 0x50000

/** "5.4.0" of LINUX_VERSION_CODE 328704. */
export const versionOfCode = (code: number): string =>
  `${Math.floor(code / 0x10000)}.${Math.floor(code / 0x100) % 0x100}.${code % 0x100}`

export interface VersionFinding {
  /** error: the kernel refuses the program with EINVAL. */
  readonly level: 'warning' | 'error'
  readonly fact: string
  readonly wayOut: string
}

/** What is wrong where the two differ; undefined where they are the same. Both are LINUX_VERSION_CODEs. */
export function objectVersion(says: number, kernel: number): VersionFinding | undefined {
  if (says === kernel) return undefined
  const built = `the object says that it was built for ${versionOfCode(says)}, and this kernel is ${versionOfCode(kernel)}`
  const wayOut = 'leave SEC("version") out, or write LINUX_VERSION_CODE of the kernel that it is compiled for into it'
  return kernel >= UNCHECKED
    ? { level: 'warning', fact: `${built}; kernels from 5.0 on do not look at it`, wayOut }
    : { level: 'error', fact: `${built}: it refuses kprobe programs of another version`, wayOut }
}
