/**
 * Splats in a text: what each kind means, and how to find its cause. The kinds and their patterns are linux/splats'.
 */
import { BOOT_FAILURES } from './boot-failure.ts'
import { panicOf } from './panics.ts'
import { SPLAT_KINDS, taintOf, type SplatKind } from '../splats/kinds.ts'
import { SplatReader, type Splat } from '../splats/reader.ts'
import type { Confidence, Findings, Reader } from './finding.ts'

interface Meaning {
  readonly cause: string
  readonly fixes: readonly string[]
  readonly confidence?: Confidence
  readonly otherwise?: string
  readonly sources: readonly string[]
}

const WITHOUT_PROBES = 'run the experiment with `probes: []`: if the splat stays, the probes are not its cause'
const DEBUG = 'add lab:debug to `config:` of the kernel: it often reports the mistake itself, not only its consequence'
const LINE =
  'the function and offset of the RIP or the first frame of the call trace name the line: `gdb vmlinux -ex "list *FUNCTION+OFFSET"`'

const LOCKS = 'Documentation/locking/lockdep-design.rst'

const MEANINGS: Readonly<Record<SplatKind, Meaning>> = {
  oops: {
    cause:
      'the kernel used an address that is not mapped (often NULL or a field of a NULL structure), or an instruction failed. The task was killed where it stood, with the locks that it held: everything after it may hang or be wrong',
    fixes: [LINE, DEBUG, WITHOUT_PROBES],
    sources: ['arch/x86/mm/fault.c', 'arch/x86/kernel/dumpstack.c'],
  },
  bug: {
    cause: 'the code checked something that must never happen, and it had happened: BUG() or BUG_ON() ends the task',
    fixes: ['read the condition in the file and line that the message names', DEBUG],
    sources: ['lib/bug.c'],
  },
  'general-protection': {
    cause:
      'the kernel used an address that no memory can have (not canonical): a pointer was overwritten, or was freed and poisoned (0xdead... is LIST_POISON, 0x6b6b... is freed slab memory)',
    fixes: [LINE, DEBUG],
    sources: ['arch/x86/kernel/traps.c', 'include/linux/poison.h'],
  },
  'double-fault': {
    cause: 'a fault came while another one was handled; nearly always the kernel stack was full',
    fixes: [
      'look for recursion, or for a large array among the local variables, in the functions of the call trace',
      'a probe on a function that the probe itself calls can recurse too: detach it and try again',
    ],
    confidence: 'likely',
    sources: ['arch/x86/kernel/traps.c'],
  },
  panic: {
    cause: 'the kernel found that it cannot go on, and stopped; the text behind "not syncing:" is the reason',
    fixes: ['read the first report above it: a panic usually is the consequence of that', DEBUG],
    sources: ['kernel/panic.c'],
  },
  warning: {
    cause:
      'the code checked something that should not happen, and it had happened: WARN() or WARN_ON(). The kernel went on, in a state that its author did not expect. WARN_ON_ONCE stays silent the next time',
    fixes: ['read the condition in the file and line that the message names', WITHOUT_PROBES],
    sources: ['kernel/panic.c'],
  },
  kasan: {
    cause:
      'code read or wrote memory that does not belong to it: beyond the end of an object, or after the object was freed. The report has the stacks of allocation and free',
    fixes: [
      'compare "Allocated by" and "Freed by" with the access: who still holds the pointer, or which size is wrong?',
      'out of bounds: the last lines of the report show how far beyond the object the access was',
    ],
    sources: ['Documentation/dev-tools/kasan.rst'],
  },
  kfence: {
    cause:
      'code used memory beyond its end or after it was freed; KFENCE watches only a few objects at a time, so that the same mistake is seen once in many runs',
    fixes: ['build the kernel with lab:debug: KASAN sees each of these accesses'],
    sources: ['Documentation/dev-tools/kfence.rst'],
  },
  kmsan: {
    cause: 'a decision or a copy to user space depends on memory that nobody has written',
    fixes: ['the report says where the memory was allocated: initialise it there'],
    sources: ['Documentation/dev-tools/kmsan.rst'],
  },
  kcsan: {
    cause:
      'two CPUs used the same memory at the same time, at least one of them to write it, without a lock or atomic access',
    fixes: ['protect it with a lock, or mark intended races with READ_ONCE() and WRITE_ONCE()'],
    sources: ['Documentation/dev-tools/kcsan.rst'],
  },
  ubsan: {
    cause: 'code did something that C does not define: an index beyond an array, a shift that is too wide, an overflow',
    fixes: ['the second line of the report has the value; the first one has file, line and column'],
    sources: ['Documentation/dev-tools/ubsan.rst'],
  },
  lockdep: {
    cause:
      'locks are used in a way that can deadlock, although it has not done so here. lockdep checks nothing more after its first report',
    fixes: [
      'the report shows both call chains: take the locks in the same order in each, or give locks of nested objects a subclass',
      'a lock that interrupts take needs the _irqsave variant everywhere',
    ],
    sources: [LOCKS],
  },
  'suspicious-rcu': {
    cause: 'data under RCU was read outside of rcu_read_lock(), without the lock that would protect it instead',
    fixes: [
      'put the access between rcu_read_lock() and rcu_read_unlock(), or name the lock in rcu_dereference_protected()',
    ],
    sources: ['Documentation/RCU/lockdep.rst'],
  },
  'rcu-stall': {
    cause:
      'a CPU did not pass a quiescent state for the stall timeout (21 s by default): it looped in the kernel, or with interrupts off',
    fixes: ['the backtrace of that CPU shows the loop: add cond_resched(), or end it', WITHOUT_PROBES],
    confidence: 'likely',
    otherwise:
      'a guest on a host that is overloaded, or that was suspended, gets no CPU time either: compare with the load of the host',
    sources: ['Documentation/RCU/stallwarn.rst'],
  },
  'soft-lockup': {
    cause: 'a CPU stayed in the kernel for more than 20 s without scheduling',
    fixes: ['the RIP is inside the loop: add cond_resched(), or end it', WITHOUT_PROBES],
    confidence: 'likely',
    otherwise:
      'a guest on a host that is overloaded, or that was suspended, gets no CPU time either: compare with the load of the host',
    sources: ['kernel/watchdog.c', 'Documentation/admin-guide/lockup-watchdogs.rst'],
  },
  'hard-lockup': {
    cause:
      'a CPU took no interrupt for 10 s: it looped with interrupts off, or waits for a lock whose owner does not come back',
    fixes: ['look at the RIP and at what the other CPUs hold', DEBUG],
    confidence: 'likely',
    sources: ['kernel/watchdog_hld.c', 'Documentation/admin-guide/lockup-watchdogs.rst'],
  },
  'workqueue-lockup': {
    cause: 'no work item of a pool made progress for 30 s: one of them blocks or loops',
    fixes: ['the report lists what is in flight: that function, or a CPU that never schedules, is the cause'],
    sources: ['kernel/workqueue.c'],
  },
  'hung-task': {
    cause:
      'a task waited in the state D, uninterruptibly, for longer than hung_task_timeout_secs: for I/O or for a lock whose owner does not release it',
    fixes: [
      'the first function below schedule() says what it waits for; `echo w > /proc/sysrq-trigger` shows all tasks that wait',
      'lab:debug lists who holds the lock',
    ],
    otherwise: 'a frozen file system (fsfreeze) or a disk that is very slow makes tasks wait too, without a bug',
    confidence: 'likely',
    sources: ['kernel/hung_task.c'],
  },
  'list-corruption': {
    cause:
      'the neighbours of a list entry do not point back to it: it was added or deleted twice, freed while it was on the list, or the list was changed without its lock',
    fixes: ['LIST_POISON1 or 2 in the message: it was deleted before; other values: look for the missing lock', DEBUG],
    sources: ['lib/list_debug.c', 'include/linux/poison.h'],
  },
  refcount: {
    cause:
      'a reference count reached a value that it cannot have. Underflow: one put too many, the object may be in use after its free. Addition on 0: a dead object was taken again',
    fixes: ['compare each get with its put on the error paths of the function', DEBUG],
    sources: ['lib/refcount.c'],
  },
  'scheduling-while-atomic': {
    cause:
      'code went to sleep while preemption was off: in an interrupt, under a spinlock, or between rcu_read_lock() and rcu_read_unlock()',
    fixes: ['do not sleep there: allocate with GFP_ATOMIC, or do the work after the lock is released'],
    sources: ['kernel/sched/core.c'],
  },
  'sleeping-in-atomic': {
    cause:
      'a function that may sleep was called where nothing may: in an interrupt, under a spinlock or between rcu_read_lock() and rcu_read_unlock(). in_atomic() and irqs_disabled() of the second line say which',
    fixes: ['allocate with GFP_ATOMIC, take a spinlock instead of a mutex, or do the work after the lock is released'],
    sources: ['kernel/sched/core.c'],
  },
  preemptible: {
    cause: 'code asked for its CPU or for per-CPU data while it could be moved to another CPU at any moment',
    fixes: ['use get_cpu() and put_cpu(), this_cpu_...(), or turn preemption off around it'],
    sources: ['lib/smp_processor_id.c'],
  },
  spinlock: {
    cause: 'a spinlock was used before it was initialised, after its memory was freed, or twice by the same CPU',
    fixes: [
      'bad magic: spin_lock_init() is missing, or the memory was freed; recursion: the CPU holds it already',
      DEBUG,
    ],
    sources: ['kernel/locking/spinlock_debug.c'],
  },
  'bad-page': {
    cause: 'a page was freed while something still used it, or its counters were overwritten',
    fixes: ['look for a put_page() too many', DEBUG],
    confidence: 'likely',
    sources: ['mm/page_alloc.c', 'mm/memory.c'],
  },
  slab: {
    cause: 'an object of this cache was written beyond its end (Redzone), or after it was freed (Poison)',
    fixes: ['the report names who allocated and who freed it; lab:debug stops at the write itself'],
    sources: ['mm/slub.c', 'Documentation/mm/slub.rst'],
  },
  kmemleak: {
    cause: 'memory was allocated, and no pointer to it is left anywhere',
    fixes: [
      '`cat /sys/kernel/debug/kmemleak` has the stack of each allocation',
      'look for an error path without kfree()',
    ],
    confidence: 'likely',
    otherwise:
      'a pointer that is stored in another form (in a register of a device, XORed) looks the same: kmemleak_not_leak() marks it',
    sources: ['Documentation/dev-tools/kmemleak.rst'],
  },
  'other-bug': {
    cause: 'the kernel reports a bug of its own; lab has no rule for this one',
    fixes: ['search for the text of the first line in the sources of the kernel', DEBUG],
    confidence: 'possible',
    sources: [],
  },
  tainted: {
    cause:
      'the kernel says that it has warned or died, and the report itself is not in the log: it was overwritten or cleared',
    fixes: ['a larger log: `options: { LOG_BUF_SHIFT: 20 }`; the console log has the severe ones'],
    sources: ['Documentation/admin-guide/tainted-kernels.rst'],
  },
}

/** What the first lines of an oops say about the access; the first that matches. */
const OOPSES: readonly (readonly [lines: RegExp, cause: string])[] = [
  [
    /reserved bit violation|Bad pagetable/,
    'the page table entry itself is wrong: it has bits set that must be zero. Whoever wrote it (code that fills page tables by hand, or that wrote beyond its memory) is the cause, and the function that used the address is not',
  ],
  [
    /instruction fetch|RIP: [0-9a-f]{4}:0x0\b|tried to execute|execute from non-executable|IABT|(?:PC|pc) is at 0x0\b/,
    'the kernel jumped to an address that holds no code: a function pointer was NULL, or what it pointed to is gone (a module or trampoline that was removed)',
  ],
  [
    /(?:address|request)(?: at)?:? *f{10}600[0-9a-f]{3}\b/,
    'the vsyscall page was read from within the kernel: before 6.8 (commit 32019c659ecf) copy_from_kernel_nofault() did not refuse this address, so that bpf_probe_read_kernel() of a BPF program that is handed it from user space oopses; bpf_probe_read_user() is what such an address needs',
  ],
  [
    /read-only memory|permissions violation|error_code\(0x0003\)/,
    'the kernel wrote to memory that is mapped read-only: its own code, constants or the tables of a page',
  ],
  [
    /user memory|user page|SMAP|SMEP/,
    'kernel code used an address of user space directly: it has to go through copy_from_user(), or bpf_probe_read_user() in a probe',
  ],
  [
    /undefined instruction|illegal instruction|invalid opcode/,
    'the CPU met bytes that are no instruction for it: BUG() on some architectures, code that was overwritten, or an instruction that this CPU (or the emulator) lacks',
  ],
]

/** Checks of the kernel that are known, by the place that the report names. */
const PLACES: readonly (readonly [kind: SplatKind, place: RegExp, cause: string, fix: string])[] = [
  [
    'bug',
    /\bmm\/sl[aou]b\.c\b|\b(?:__slab_free|kfree|kmem_cache_free)\+/,
    'the allocator found that an object is freed which it cannot free: it was freed before, its free list was overwritten, or the pointer is none of an object of the allocator',
    'slub_debug=FZPU on the command line (or lab:debug, with KASAN) names who allocated and who freed the object',
  ],
  [
    'warning',
    /\bex_handler_uaccess\+/,
    'code that may fail (copy_from_user, bpf_probe_read of a BPF program) was given an address that no memory can have (not canonical). The access is refused and handled, and nothing crashed: the pointer that the program follows is wrong, or is one of user space',
    'bpf_probe_read_user() for addresses of user space, bpf_probe_read_kernel() for those of the kernel (5.5); a null check before it',
  ],
  [
    'warning',
    /\bftrace_bug\+/,
    'ftrace found other bytes at the entry of a function than those that it put there, or could not write them: something else patches the code (a rootkit, another tracer, a hypervisor), or the module is gone or still being loaded. All of ftrace is off from then on, until a reboot',
    'the lines around it ("ftrace failed to modify", "actual:", "expected:") name the function and the bytes',
  ],
]

/** Registers as arm and arm64 name them. */
const ARM = /^\s*(?:PC is at|LR is at|pc\s*: )/m

/** Panics whose reason has a row of its own say it there. */
const saidAlready = ({ kind, what }: Splat): boolean =>
  kind === 'panic' && BOOT_FAILURES.some(({ name, pattern }) => name !== 'kernel panic' && pattern.test(what))

/** "an oops in demo_init [demo]: BUG: kernel NULL pointer dereference, ...". */
export const splatTitle = ({ kind, function: name, module, what }: Splat): string =>
  `${SPLAT_KINDS[kind].title}${name === undefined ? '' : ` in ${name}${module === undefined ? '' : ` [${module}]`}`}: ${what}`

function add(findings: Findings, splat: Splat): void {
  const { kind, function: name, module, source, tainted, lines, line } = splat
  const panic = kind === 'panic' ? panicOf(splat.what) : undefined
  const { cause: usual, ...meaning } = { ...MEANINGS[kind], ...panic }
  const cause =
    (kind === 'oops' && OOPSES.find(([pattern]) => pattern.test([splat.what, ...lines].join('\n')))?.[1]) || usual
  const place = PLACES.find(([of, pattern]) => of === kind && pattern.test([splat.what, ...lines].join('\n')))
  const letter = taintOf(kind)
  const before = tainted === undefined ? [] : Array.from(tainted).filter((one) => 'BDLMW'.includes(one))
  const sources =
    kind === 'oops' && ARM.test(lines.join('\n')) ? ['arch/arm/mm/fault.c', 'arch/arm64/mm/fault.c'] : meaning.sources
  findings.add(
    {
      ...meaning,
      sources,
      ...(source !== undefined && {
        fixes: [`read ${source} in the source of exactly this kernel`, ...meaning.fixes.filter((fix) => fix !== LINE)],
      }),
      rule: `splat: ${kind}`,
      key: `${name ?? ''} ${module ?? ''} ${name === undefined ? splat.what : ''}`,
      what: splatTitle(splat),
      evidence: lines,
      ...(place !== undefined && { fixes: [place[3], ...meaning.fixes.filter((fix) => fix !== LINE)] }),
      cause: [
        place?.[2] ?? cause,
        ...(before.length > 0
          ? [`The kernel was tainted before (${before.join('')}): an earlier splat may be the cause of this one`]
          : []),
        ...(letter === undefined ? [] : [`It sets the taint flag ${letter}`]),
      ].join('. '),
    },
    [line],
  )
}

/** Finds splats wherever a text has them. */
export function splats(findings: Findings): Reader & { readonly end: () => void; readonly isOpen: () => boolean } {
  const reader = new SplatReader()
  return {
    feed: (line, number) => reader.feed(line, number),
    isOpen: () => reader.isOpen,
    end: () => {
      for (const splat of reader.end()) if (!saidAlready(splat)) add(findings, splat)
      findings.more += reader.more
    },
  }
}
