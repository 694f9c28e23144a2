/** Names of rules that are more than names: findings of them are weighed against others (consequences.ts). */

/** Says that a program could not be attached, and not why. */
export const AUTO_ATTACH_RULE = 'program cannot be attached by libbpf'

/** A file without type information. */
export const NO_BTF_RULE = 'no BTF in the file'

/** libxdp does without its dispatcher: what failed before it was an attempt. */
export const XDP_WITHOUT_DISPATCHER = 'libxdp goes on without a dispatcher'
