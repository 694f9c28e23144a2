/**
 * Kinds of splats: reports in which the kernel says that it, or a driver, did something wrong. The names are what
 * `allow:` of an experiment and the manifest of a run use.
 */

/**
 * Flags of /proc/sys/kernel/tainted that a splat leaves behind: letter and bit
 * (Documentation/admin-guide/tainted-kernels.rst).
 */
export const TAINTS = { M: 4, B: 5, D: 7, W: 9, L: 14 } as const
export type TaintLetter = keyof typeof TAINTS

interface Kind {
  /** What happened, after "the kernel reports". */
  readonly title: string
  /** The flag that the kernel sets with it; some reports set none. */
  readonly taints?: TaintLetter
}

export const SPLAT_KINDS = {
  oops: { title: 'an oops', taints: 'D' },
  bug: { title: 'a BUG', taints: 'D' },
  'general-protection': { title: 'a general protection fault', taints: 'D' },
  'double-fault': { title: 'a double fault or a stack overflow', taints: 'D' },
  panic: { title: 'a panic' },
  warning: { title: 'a WARNING', taints: 'W' },
  kasan: { title: 'a memory error (KASAN)', taints: 'B' },
  kfence: { title: 'a memory error (KFENCE)', taints: 'B' },
  kmsan: { title: 'the use of an uninitialised value (KMSAN)', taints: 'B' },
  kcsan: { title: 'a data race (KCSAN)' },
  ubsan: { title: 'undefined behaviour (UBSAN)' },
  lockdep: { title: 'a locking problem (lockdep)' },
  'suspicious-rcu': { title: 'suspicious RCU usage' },
  'rcu-stall': { title: 'an RCU stall' },
  'soft-lockup': { title: 'a soft lockup', taints: 'L' },
  'hard-lockup': { title: 'a hard lockup' },
  'workqueue-lockup': { title: 'a workqueue lockup' },
  'hung-task': { title: 'a hung task' },
  'list-corruption': { title: 'a corrupted list', taints: 'W' },
  refcount: { title: 'a reference count error', taints: 'W' },
  'scheduling-while-atomic': { title: 'scheduling while atomic', taints: 'W' },
  'sleeping-in-atomic': { title: 'a sleeping function in an atomic context', taints: 'W' },
  preemptible: { title: 'a per-CPU access in preemptible code' },
  spinlock: { title: 'a broken spinlock' },
  'bad-page': { title: 'a bad page', taints: 'B' },
  slab: { title: 'a corrupted slab object', taints: 'B' },
  kmemleak: { title: 'leaked memory (kmemleak)' },
  'other-bug': { title: 'a bug of another kind' },
  tainted: { title: 'a taint flag without the report that set it' },
} as const satisfies Readonly<Record<string, Kind>>

export type SplatKind = keyof typeof SPLAT_KINDS

export const KIND_NAMES = Object.keys(SPLAT_KINDS) as [SplatKind, ...SplatKind[]]

/** The taint flag of a kind, where it has one. */
export const taintOf = (kind: SplatKind): TaintLetter | undefined => (SPLAT_KINDS[kind] as Kind).taints

/**
 * Whether a report of this kind explains a taint flag. A list that is corrupted kills or warns, as the kernel was
 * built.
 */
export const explainsTaint = (kind: SplatKind, letter: TaintLetter): boolean =>
  taintOf(kind) === letter || (kind === 'list-corruption' && letter === 'D')

/**
 * Letters of the splats that a value of /proc/sys/kernel/tainted tells of; other flags (modules, firmware) are no
 * splats.
 */
export const splatTaints = (tainted: number): TaintLetter[] =>
  (Object.keys(TAINTS) as TaintLetter[]).filter((letter) => Math.floor(tainted / 2 ** TAINTS[letter]) % 2 === 1)
