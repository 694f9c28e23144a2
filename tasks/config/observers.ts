/** The ways in which an experiment with `observer: yes` looks at its workload. */

/**
 * `none`: no probe. `empty`: its hooks and nothing in them. `full`: the probe. `counted`: the probe while the kernel
 * counts the time of its programs (kernel.bpf_stats_enabled), which costs something itself and so has an arm of its
 * own.
 */
export const OBSERVERS = ['none', 'empty', 'full', 'counted'] as const

export type Observer = (typeof OBSERVERS)[number]
