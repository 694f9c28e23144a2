/**
 * How each kind of splat begins, as kernels from 4.15 to 6.x print it. The first rule that matches a line wins, so the
 * specific ones stand first. Every pattern is anchored: a splat begins its line, and prose that mentions one does not.
 */
import type { SplatKind } from './kinds.ts'

/**
 * Where a report names the function that it is about: on its first line, the instruction pointer, a held lock, the call
 * trace.
 */
export type Place = 'line' | 'caller' | 'rip' | 'lock' | 'trace'

export interface SplatRule {
  readonly kind: SplatKind
  /** Stands in every line that the pattern matches: looking for it is cheap. */
  readonly needle: string
  /** On the text of a line. Groups: `function` and `module` where the line has them. */
  readonly pattern: RegExp
  readonly where: readonly Place[]
  /** The line belongs to a report of these kinds that began just above it, and is no new one. */
  readonly continues?: readonly SplatKind[]
  /** So short that it also begins lines of prose: only where the prefix shows that the kernel wrote it. */
  readonly onlyKernel?: boolean
}

/** `name+0x12/0x34 [module]`, the format of %pS. */
const SYMBOL = String.raw`(?<function>[A-Za-z_][\w.]*)(?:\+0x[0-9a-f]+\/0x[0-9a-f]+)?(?: \[(?<module>[\w-]+)[^\]]*\])?`

const FAULTS: readonly SplatKind[] = ['oops', 'bug', 'general-protection', 'double-fault', 'list-corruption', 'kasan']

export const SPLAT_RULES: readonly SplatRule[] = [
  // mm/kasan/report.c: "slab-out-of-bounds", "use-after-free", "double-free or invalid-free", "null-ptr-deref".
  { kind: 'kasan', needle: 'KASAN', pattern: new RegExp(`^BUG: KASAN: .+? in ${SYMBOL}`), where: ['line'] },
  { kind: 'kasan', needle: 'KASAN', pattern: /^BUG: KASAN: /, where: ['trace'] },
  // mm/kfence/report.c (5.12), mm/kmsan/report.c (6.1), kernel/kcsan/report.c (5.8)
  { kind: 'kfence', needle: 'KFENCE', pattern: new RegExp(`^BUG: KFENCE: .+? in ${SYMBOL}`), where: ['line'] },
  { kind: 'kmsan', needle: 'KMSAN', pattern: new RegExp(`^BUG: KMSAN: .+? in ${SYMBOL}`), where: ['line'] },
  { kind: 'kcsan', needle: 'KCSAN', pattern: new RegExp(`^BUG: KCSAN: .+? in ${SYMBOL}`), where: ['line'] },
  // lib/ubsan.c: "Undefined behaviour in" up to 5.8, the name of the check since.
  { kind: 'ubsan', needle: 'UBSAN', pattern: /^UBSAN: .+ in \S+:\d+/, where: ['trace', 'rip'] },

  // arch/x86/mm/fault.c; "unable to handle kernel ..." up to 5.0. Other architectures write "Unable" and "Internal
  // error"; mips and loongarch put the CPU before it, powerpc has "BUG: Kernel NULL pointer dereference on read at"
  // and "Kernel attempted to read user page".
  {
    kind: 'oops',
    needle: 'nable to handle',
    pattern: /^(?:CPU \d+ |BUG: )?[Uu]nable to handle (?:kernel |page fault )/,
    where: ['rip', 'trace'],
  },
  {
    kind: 'oops',
    needle: 'NULL pointer',
    pattern: /^BUG: [kK]ernel NULL pointer dereference/,
    where: ['rip', 'trace'],
  },
  {
    kind: 'oops',
    needle: 'ernel ',
    pattern:
      /^(?:Kernel attempted to (?:read|write|execute) user page|kernel tried to execute (?:exec-protected|NX-protected|user) page|Oops: Kernel access of bad area)/,
    where: ['rip', 'trace'],
    continues: FAULTS,
  },
  // arm and arm64: "Internal error: Oops - undefined instruction: 0 [#1]", "Internal error: synchronous external abort:
  // 96000210 [#1]".
  {
    kind: 'oops',
    needle: 'Internal error',
    pattern: /^Internal error: (?:Oops|[\w ,()-]+: [0-9a-f]+ \[#\d+\])/,
    where: ['rip', 'trace'],
    continues: FAULTS,
  },
  // mips: "Oops[#1]:"; riscv: "Oops [#1]", "Oops - illegal instruction [#1]", "Kernel BUG [#1]"; s390: "specification
  // exception: 0006 ilc:3 [#1]".
  {
    kind: 'oops',
    needle: '[#',
    pattern:
      /^(?:Oops(?: - [\w ]+)? ?\[#\d+\]|Kernel (?:BUG|bug detected) ?\[#\d+\]|[a-z][\w -]+: [0-9a-f]{4} ilc:\d \[#\d+\])/,
    where: ['rip', 'trace'],
    continues: FAULTS,
  },
  // arch/x86/kernel/traps.c and arch/x86/mm/fault.c; the guard page has the name of its stack since 5.16.
  {
    kind: 'double-fault',
    needle: 'double fault',
    pattern: /^(?:traps: )?PANIC: double fault/,
    where: ['rip', 'trace'],
    continues: ['double-fault'],
  },
  {
    kind: 'double-fault',
    needle: 'stack guard page',
    pattern: /^BUG: (?:\w+ )?stack guard page was hit/,
    where: ['rip', 'trace'],
  },
  // "Oops: general protection fault" since 6.10.
  {
    kind: 'general-protection',
    needle: '[#',
    pattern: /^(?:Oops: )?general protection fault\b.*\[#\d+\]/,
    where: ['rip', 'trace'],
    continues: ['kasan'],
  },
  // kernel/panic.c and lib/bug.c
  {
    kind: 'bug',
    needle: 'kernel BUG at',
    pattern: /^kernel BUG at /,
    where: ['rip', 'trace'],
    continues: ['list-corruption', 'slab', 'bad-page'],
  },
  // __die(): "Oops: 0002 [#1]", "invalid opcode: 0000 [#1]", "divide error: 0000 [#1]". It follows the line that says
  // why, if there is one.
  {
    kind: 'oops',
    needle: '[#',
    pattern: /^(?:Oops: )?[A-Za-z][\w ,/-]*: [0-9a-f]{4,16} \[#\d+\]/,
    where: ['rip', 'trace'],
    continues: FAULTS,
  },

  // lib/list_debug.c. The WARNING or BUG that comes with it is the same report.
  {
    kind: 'list-corruption',
    needle: 'list_',
    pattern: /^list_(?:add|del)(?: double add: | corruption[.,] )/,
    where: ['trace', 'rip'],
  },
  // lib/refcount.c
  {
    kind: 'refcount',
    needle: 'refcount_t: ',
    pattern: /^refcount_t: (?:saturated|addition on 0|increment on 0|underflow|decrement hit 0)/,
    where: ['trace'],
    continues: ['warning'],
  },

  // kernel/locking/lockdep.c; in brackets and with INFO up to 4.12.
  {
    kind: 'lockdep',
    needle: 'lock',
    pattern:
      /^(?:WARNING: |\[ INFO: )(?:possible (?:circular|recursive) locking|inconsistent \{?.*lock|possible irq lock inversion|\S+-safe -> \S+-unsafe lock order|bad unlock balance|held lock freed|.{1,40} still has locks held|lock held when returning|Nested lock was not taken|circular locking deadlock)/,
    where: ['lock', 'trace'],
  },
  {
    kind: 'lockdep',
    needle: 'BUG: ',
    pattern:
      /^(?:\[ BUG: (?:Invalid wait context|.* lock held when returning|.* still has locks held)|BUG: (?:MAX_LOCK\w+ too low|key \S+ (?:not in|has not been)|looking up invalid subclass))/,
    where: ['lock', 'trace'],
  },
  { kind: 'lockdep', needle: 'bad contention', pattern: /^WARNING: bad contention detected/, where: ['lock', 'trace'] },
  { kind: 'lockdep', needle: 'chain_key', pattern: /^WARNING: chain_key collision/, where: ['lock', 'trace'] },
  {
    kind: 'lockdep',
    needle: 'non-static key',
    pattern: /^INFO: trying to register non-static key/,
    where: ['trace'],
  },
  {
    kind: 'suspicious-rcu',
    needle: 'suspicious RCU usage',
    pattern: /^(?:WARNING: |\[ INFO: )suspicious RCU usage/,
    where: ['trace'],
  },

  // kernel/rcu/tree_stall.h, tree_exp.h and tasks.h
  {
    kind: 'rcu-stall',
    needle: 'stall',
    pattern: /^(?:rcu: )?INFO: \S+ (?:self-)?detected (?:expedited )?stalls? on /,
    where: ['rip', 'trace'],
    continues: ['rcu-stall'],
  },
  {
    kind: 'rcu-stall',
    needle: 'kthread starved',
    pattern: /^(?:rcu: )?\S+ kthread starved for /,
    where: ['rip', 'trace'],
    continues: ['rcu-stall'],
  },
  // kernel/watchdog.c, watchdog_hld.c and workqueue.c
  {
    kind: 'soft-lockup',
    needle: 'soft lockup',
    pattern: /^(?:NMI )?(?:watchdog: )?BUG: soft lockup - CPU#\d+/,
    where: ['rip', 'trace'],
  },
  {
    kind: 'hard-lockup',
    needle: 'hard LOCKUP',
    pattern: /^(?:NMI )?watchdog: (?:Watchdog|CPU \d+ self-)? ?detected hard LOCKUP on cpu/i,
    where: ['rip', 'trace'],
  },
  { kind: 'workqueue-lockup', needle: 'lockup', pattern: /^BUG: workqueue lockup/, where: ['trace'] },
  // kernel/hung_task.c; "in I/O wait" since 6.14.
  {
    kind: 'hung-task',
    needle: 'blocked ',
    pattern: /^INFO: task .+:\d+ blocked (?:in I\/O wait )?for more than \d+ seconds/,
    where: ['trace'],
  },

  // kernel/sched/core.c and lib/smp_processor_id.c
  {
    kind: 'scheduling-while-atomic',
    needle: 'scheduling while atomic',
    pattern: /^BUG: scheduling while atomic/,
    where: ['trace'],
  },
  {
    kind: 'sleeping-in-atomic',
    needle: 'sleeping function',
    pattern: /^BUG: sleeping function called from invalid context at /,
    where: ['trace'],
  },
  {
    kind: 'preemptible',
    needle: 'in preemptible',
    pattern: /^BUG: using .+ in preemptible \[/,
    where: ['caller', 'trace'],
  },
  // kernel/locking/spinlock_debug.c
  {
    kind: 'spinlock',
    needle: 'lock',
    pattern: /^BUG: (?:spinlock|rwlock|write-lock) /,
    where: ['trace'],
  },
  // mm/page_alloc.c, mm/memory.c, mm/filemap.c, kernel/fork.c
  {
    kind: 'bad-page',
    needle: 'BUG: ',
    pattern: /^BUG: (?:Bad page (?:state|map|cache)|Bad rss-counter|non-zero pgtables_bytes)/,
    where: ['trace'],
  },
  // mm/slub.c: the name of the cache is where others have a colon.
  {
    kind: 'slab',
    needle: 'ainted',
    pattern: /^BUG [\w:-]+ \((?:Not tainted|Tainted: [^)]*)\): /,
    where: ['trace'],
    continues: ['kasan'],
  },
  { kind: 'kmemleak', needle: 'kmemleak', pattern: /^kmemleak: \d+ new suspected memory leaks/, where: [] },
  { kind: 'panic', needle: 'Kernel panic', pattern: /^Kernel panic - not syncing: /, where: ['trace'] },
  // kernel/panic.c, __warn(); the place comes before the function since 6.18. Nothing else that begins with "WARNING:"
  // is one.
  {
    kind: 'warning',
    needle: 'WARNING: ',
    pattern: new RegExp(`^WARNING: (?:CPU: \\d+ PID: \\d+ at (?:\\S+:\\d+ )?|\\S+:\\d+ at |at )${SYMBOL}`),
    where: ['line'],
    continues: ['list-corruption', 'refcount'],
  },
  { kind: 'other-bug', needle: 'BUG: ', pattern: /^BUG: /, where: ['rip', 'trace'], onlyKernel: true },
]

/** Functions that report, or that lead from the fault to the report: the one below them is meant. */
export const MACHINERY =
  /^(?:(?:__)?dump_stack(?:_lvl)?|show_stack\w*|print_\w+|(?:__)?k[acm]san_\w+|__asan_\w+|check_memory_region|kfence_\w+|(?:__)?ubsan_\w+|v?panic|(?:__)?warn_\w+|__warn|report_bug|fixup_bug.*|handle_bug|do_error_trap|do_invalid_op|invalid_op|(?:asm_)?exc_\w+|_{0,3}might_(?:sleep|resched|fault)|__schedule(?:_bug)?|schedule(?:_timeout\w*|_preempt_disabled|_hrtimeout\w*)?|io_schedule\w*|(?:(?:__)?percpu_|down_|__down_|rwsem_|__mutex_|mutex_)\w+|lockdep_\w+|__lock_acquire|lock_(?:acquire|release)\w*|validate_chain|mark_\w*lock\w*|check_(?:noncircular|prevs?_add|usage\w*|deadlock|irq_usage|preemption_disabled)|register_lock_class|_raw_(?:spin|read|write)_\w+|do_raw_spin_\w+|spin_(?:bug|dump)|debug_smp_processor_id|refcount_warn_saturate|(?:__)?refcount_(?:inc|dec|add|sub)\w*|__list_\w+_valid\w*|bad_page\w*|slab_(?:bug|err)|object_err|check_bytes_and_report|rcu_\w+|ret_from_fork\w*|common_interrupt|asm_common_interrupt|\w*apic_timer_interrupt|update_process_times|tick_\w+|(?:__)?hrtimer_\w+)(?:\.|$)/

/** Every line that begins a splat, or the report of one, has one of these. */
export const SPLAT_NEEDLES: readonly string[] = [...new Set([...SPLAT_RULES.map(({ needle }) => needle), 'cut here'])]
