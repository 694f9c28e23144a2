/**
 * Reports as kernels print them, one for each kind and form: the format is that of the kernel's own printk calls (the
 * files are named in rules.ts), the functions and numbers are made up.
 */
import type { Splat } from './reader.ts'

export interface Golden {
  readonly name: string
  readonly text: string
  readonly is: Pick<Splat, 'kind' | 'line'> & Partial<Splat>
}

const TAIL = `Modules linked in:
CPU: 1 PID: 71 Comm: demo Not tainted 5.10.223 #1
Hardware name: QEMU Standard PC (Q35 + ICH9, 2009)`

export const GOLDEN: readonly Golden[] = [
  {
    name: 'WARN_ON of 5.10',
    text: `<4>[    9.250000] ------------[ cut here ]------------
<4>[    9.250001] WARNING: CPU: 1 PID: 71 at drivers/demo/core.c:80 demo_check+0x1f/0x40 [demo]
<4>[    9.250002] Modules linked in: demo(O)
<4>[    9.250003] CPU: 1 PID: 71 Comm: sh Tainted: G           O      5.10.223 #1
<4>[    9.250004] RIP: 0010:demo_check+0x1f/0x40 [demo]
<4>[    9.250005] Call Trace:
<4>[    9.250006]  demo_write+0x31/0x60 [demo]
<4>[    9.250007] ---[ end trace 0f0e0d0c0b0a0908 ]---`,
    is: { kind: 'warning', function: 'demo_check', module: 'demo', line: 2, at: '9.250001', tainted: 'G           O' },
  },
  {
    name: 'WARN with a message, before its line since 4.17',
    text: `[    1.5] ------------[ cut here ]------------
[    1.5] the budget of demo is used up
[    1.5] WARNING: CPU: 0 PID: 1 at kernel/demo.c:12 demo_budget+0x2a/0x50
[    1.5] ---[ end trace 0000000000000000 ]---`,
    is: {
      kind: 'warning',
      function: 'demo_budget',
      line: 3,
      lines: ['the budget of demo is used up', 'WARNING: CPU: 0 PID: 1 at kernel/demo.c:12 demo_budget+0x2a/0x50'],
    },
  },
  {
    name: 'WARN of a kernel without DEBUG_BUGVERBOSE',
    text: `[    1.5] WARNING: CPU: 0 PID: 1 at demo_budget+0x2a/0x50`,
    is: { kind: 'warning', function: 'demo_budget', line: 1 },
  },
  {
    name: 'WARN of 6.18',
    text: `[    1.500000][   T71] WARNING: kernel/demo.c:12 at demo_budget+0x2a/0x50, CPU#1: demo/71`,
    is: { kind: 'warning', function: 'demo_budget', line: 1, at: '1.500000' },
  },
  {
    name: 'oops of 5.4',
    text: `[   31.100000] BUG: kernel NULL pointer dereference, address: 0000000000000010
[   31.100001] #PF: supervisor read access in kernel mode
[   31.100002] #PF: error_code(0x0000) - not-present page
[   31.100003] PGD 0 P4D 0
[   31.100004] Oops: 0000 [#1] SMP NOPTI
[   31.100005] CPU: 1 PID: 71 Comm: insmod Tainted: G        W         5.4.0 #1
[   31.100006] RIP: 0010:demo_init+0x5/0x1000 [demo]
[   31.100007] Code: 00 48 8b
[   31.100008] Call Trace:
[   31.100009]  do_one_initcall+0x46/0x1f4
[   31.100010] ---[ end trace 0f0e0d0c0b0a0908 ]---`,
    is: { kind: 'oops', function: 'demo_init', module: 'demo', line: 1, tainted: 'G        W' },
  },
  {
    name: 'oops of 4.15',
    text: `[   31.100000] BUG: unable to handle kernel paging request at ffffc90000400000
[   31.100001] IP: demo_read+0x5/0x20
[   31.100002] Oops: 0002 [#1] SMP PTI
[   31.100003] RIP: 0010:demo_read+0x5/0x20`,
    is: { kind: 'oops', function: 'demo_read', line: 1 },
  },
  {
    name: 'oops of 6.12, a jump to nowhere',
    text: `[    3.1] BUG: unable to handle page fault for address: ffffffffc0000000
[    3.1] Oops: Oops: 0010 [#1] PREEMPT SMP NOPTI
[    3.1] CPU: 0 UID: 0 PID: 71 Comm: demo Not tainted 6.12.9 #1
[    3.1] RIP: 0010:0xffffffffc0000000
[    3.1] Call Trace:
[    3.1]  <TASK>
[    3.1]  ? __die_body+0x1b/0x58
[    3.1]  demo_call+0x12/0x30
[    3.1]  </TASK>`,
    is: { kind: 'oops', function: 'demo_call', line: 1 },
  },
  {
    name: 'a division by zero',
    text: `[    3.1] divide error: 0000 [#1] SMP
[    3.1] RIP: 0010:demo_ratio+0x9/0x20`,
    is: { kind: 'oops', function: 'demo_ratio', line: 1 },
  },
  {
    name: 'BUG()',
    text: `[    4.1] ------------[ cut here ]------------
[    4.1] kernel BUG at mm/demo.c:305!
[    4.1] invalid opcode: 0000 [#1] SMP
${TAIL}
[    4.1] RIP: 0010:demo_free+0x13a/0x180
[    4.1] RSP: 0018:ffff9a69c1b1fd38 EFLAGS: 00010246
[    4.1] ---[ end trace 4cf8f459b8f68a44 ]---`,
    is: { kind: 'bug', function: 'demo_free', line: 2 },
  },
  {
    name: 'general protection fault of 5.10',
    text: `[    4.1] general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP
[    4.1] RIP: 0010:demo_unlink+0x13/0x80`,
    is: { kind: 'general-protection', function: 'demo_unlink', line: 1 },
  },
  {
    name: 'general protection fault of 6.12',
    text: `[    4.1] Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP
[    4.1] RIP: 0010:demo_unlink+0x13/0x80`,
    is: { kind: 'general-protection', function: 'demo_unlink', line: 1 },
  },
  {
    name: 'double fault',
    text: `[    4.1] BUG: stack guard page was hit at 00000000f00f (stack is 00000000f000..00000000f00e)
[    4.1] kernel stack overflow (double-fault): 0000 [#1] SMP
[    4.1] RIP: 0010:demo_recurse+0x13/0x80`,
    is: { kind: 'double-fault', function: 'demo_recurse', line: 1 },
  },
  {
    name: 'panic',
    text: `[    5.1] Kernel panic - not syncing: sysrq triggered crash
[    5.1] CPU: 0 PID: 71 Comm: sh Not tainted 5.10.223 #1
[    5.1] Call Trace:
[    5.1]  dump_stack+0x57/0x6a
[    5.1]  panic+0xfb/0x2d7
[    5.1]  sysrq_handle_crash+0x11/0x20
[    5.1] Kernel Offset: disabled
[    5.1] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---`,
    is: { kind: 'panic', function: 'sysrq_handle_crash', line: 1 },
  },
  {
    name: 'KASAN',
    text: `[    6.1] ==================================================================
[    6.1] BUG: KASAN: slab-out-of-bounds in demo_copy+0x21/0x60 [demo]
[    6.1] Write of size 1 at addr ffff888003a5d080 by task sh/71
[    6.1] 
[    6.1] CPU: 0 PID: 71 Comm: sh Not tainted 5.10.223 #1
[    6.1] Call Trace:
[    6.1]  dump_stack+0x96/0xc4
[    6.1]  kasan_report.cold+0x20/0x37
[    6.1]  demo_copy+0x21/0x60 [demo]`,
    is: { kind: 'kasan', function: 'demo_copy', module: 'demo', line: 2 },
  },
  {
    name: 'KASAN: a double free',
    text: `[    6.1] BUG: KASAN: double-free or invalid-free in demo_drop+0x21/0x60`,
    is: { kind: 'kasan', function: 'demo_drop', line: 1 },
  },
  {
    name: 'KFENCE',
    text: `[    6.1] BUG: KFENCE: out-of-bounds read in demo_copy+0xa4/0x130
[    6.1] 
[    6.1] Out-of-bounds read at 0xffff88807f0fe038 (8B right of kfence-#47):`,
    is: { kind: 'kfence', function: 'demo_copy', line: 1 },
  },
  {
    name: 'KMSAN',
    text: `[    6.1] BUG: KMSAN: uninit-value in demo_parse+0x51/0x80`,
    is: { kind: 'kmsan', function: 'demo_parse', line: 1 },
  },
  {
    name: 'KCSAN',
    text: `[    6.1] BUG: KCSAN: data-race in demo_get / demo_put`,
    is: { kind: 'kcsan', function: 'demo_get', line: 1 },
  },
  {
    name: 'UBSAN of 5.4',
    text: `[    6.1] ================================================================================
[    6.1] UBSAN: Undefined behaviour in lib/demo.c:93:20
[    6.1] shift exponent 64 is too large for 64-bit type 'long unsigned int'
[    6.1] Call Trace:
[    6.1]  dump_stack+0x57/0x6a
[    6.1]  ubsan_epilogue+0x5/0x40
[    6.1]  __ubsan_handle_shift_out_of_bounds.cold+0x61/0x10e
[    6.1]  demo_shift.isra.0+0x17/0x20`,
    is: { kind: 'ubsan', function: 'demo_shift', line: 2 },
  },
  {
    name: 'UBSAN of 6.12',
    text: `[    6.1] ------------[ cut here ]------------
[    6.1] UBSAN: array-index-out-of-bounds in lib/demo.c:93:20
[    6.1] index 12 is out of range for type 'int [8]'
[    6.1] Call Trace:
[    6.1]  <TASK>
[    6.1]  dump_stack_lvl+0x48/0x70
[    6.1]  __ubsan_handle_out_of_bounds+0x95/0xd0
[    6.1]  demo_pick+0x17/0x20`,
    is: { kind: 'ubsan', function: 'demo_pick', line: 2 },
  },
  {
    name: 'lockdep: an order that can deadlock',
    text: `[    7.1] 
[    7.1] ======================================================
[    7.1] WARNING: possible circular locking dependency detected
[    7.1] 5.10.223 #1 Not tainted
[    7.1] ------------------------------------------------------
[    7.1] sh/71 is trying to acquire lock:
[    7.1] ffffffff82a5d0e0 (demo_a){+.+.}-{3:3}, at: demo_second+0x1d/0x50
[    7.1] 
[    7.1] but task is already holding lock:
[    7.1] ffffffff82a5d140 (demo_b){+.+.}-{3:3}, at: demo_first+0x11/0x50`,
    is: { kind: 'lockdep', function: 'demo_second', line: 3 },
  },
  {
    name: 'lockdep: a wrong context of 5.8',
    text: `[    7.1] =============================
[    7.1] [ BUG: Invalid wait context ]
[    7.1] 6.1.0 #1 Not tainted
[    7.1] -----------------------------
[    7.1] sh/71 is trying to lock:
[    7.1] ffffffff82a5d0e0 (demo_a){....}-{2:2}, at: demo_irq+0x1d/0x50`,
    is: { kind: 'lockdep', function: 'demo_irq', line: 2 },
  },
  {
    name: 'lockdep: an interrupt',
    text: `[    7.1] WARNING: inconsistent lock state
[    7.1] inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage.
[    7.1] sh/71 [HC1[1]:SC0[0]:HE0:SE1] takes:
[    7.1] ffffffff82a5d0e0 (demo_a){?.+.}-{2:2}, at: demo_tick+0x1d/0x50`,
    is: { kind: 'lockdep', function: 'demo_tick', line: 1 },
  },
  {
    name: 'suspicious RCU usage',
    text: `[    7.1] WARNING: suspicious RCU usage
[    7.1] 5.10.223 #1 Not tainted
[    7.1] kernel/demo.c:123 suspicious rcu_dereference_check() usage!
[    7.1] Call Trace:
[    7.1]  dump_stack+0x57/0x6a
[    7.1]  lockdep_rcu_suspicious+0xc5/0xf0
[    7.1]  demo_lookup+0x3a/0x60`,
    is: { kind: 'suspicious-rcu', function: 'demo_lookup', line: 1 },
  },
  {
    name: 'RCU stall',
    text: `[   30.1] rcu: INFO: rcu_sched self-detected stall on CPU
[   30.1] rcu: \t0-....: (5250 ticks this GP) idle=1ae/1/0x4000000000000002 softirq=2067/2067 fqs=2625
[   30.1] \t(t=5250 jiffies g=1041 q=6)
[   30.1] NMI backtrace for cpu 0
[   30.1] RIP: 0010:demo_spin+0x3/0x10
[   30.1] rcu: rcu_sched kthread starved for 5250 jiffies! g1041 f0x0 RCU_GP_WAIT_FQS(5)`,
    is: { kind: 'rcu-stall', function: 'demo_spin', line: 1 },
  },
  {
    name: 'RCU stall that another CPU saw, before 4.20',
    text: `[   30.1] INFO: rcu_preempt detected stalls on CPUs/tasks:
[   30.1] RIP: 0010:demo_spin+0x3/0x10`,
    is: { kind: 'rcu-stall', function: 'demo_spin', line: 1 },
  },
  {
    name: 'soft lockup',
    text: `[   48.1] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:71]
[   48.1] CPU: 0 PID: 71 Comm: sh Not tainted 5.10.223 #1
[   48.1] RIP: 0010:demo_spin+0x3/0x10`,
    is: { kind: 'soft-lockup', function: 'demo_spin', line: 1 },
  },
  {
    name: 'hard lockup',
    text: `[   48.1] NMI watchdog: Watchdog detected hard LOCKUP on cpu 0
[   48.1] RIP: 0010:demo_spin+0x3/0x10`,
    is: { kind: 'hard-lockup', function: 'demo_spin', line: 1 },
  },
  {
    name: 'workqueue lockup',
    text: `[   48.1] BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!`,
    is: { kind: 'workqueue-lockup', line: 1 },
  },
  {
    name: 'hung task',
    text: `[  245.1] INFO: task sh:71 blocked for more than 120 seconds.
[  245.1]       Not tainted 5.10.223 #1
[  245.1] "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
[  245.1] task:sh              state:D stack:    0 pid:   71 ppid:     1 flags:0x00000004
[  245.1] Call Trace:
[  245.1]  __schedule+0x282/0x870
[  245.1]  schedule+0x46/0xb0
[  245.1]  percpu_rwsem_wait+0xa9/0x110
[  245.1]  __percpu_down_read+0x43/0x50
[  245.1]  demo_start_write+0x5a/0x60`,
    is: { kind: 'hung-task', function: 'demo_start_write', line: 1 },
  },
  {
    name: 'list corruption that warns',
    text: `[    8.1] ------------[ cut here ]------------
[    8.1] list_add corruption. next->prev should be prev (ffff8880), but was ffff8881. (next=ffff8882).
[    8.1] WARNING: CPU: 0 PID: 71 at lib/list_debug.c:23 __list_add_valid+0x4d/0x70
[    8.1] RIP: 0010:__list_add_valid+0x4d/0x70
[    8.1] Call Trace:
[    8.1]  demo_insert+0x21/0x40`,
    is: { kind: 'list-corruption', function: 'demo_insert', line: 2 },
  },
  {
    name: 'list corruption that is fatal',
    text: `[    8.1] list_del corruption, ffff888003a5d080->next is LIST_POISON1 (dead000000000100)
[    8.1] ------------[ cut here ]------------
[    8.1] kernel BUG at lib/list_debug.c:45!
[    8.1] invalid opcode: 0000 [#1] SMP
[    8.1] RIP: 0010:__list_del_entry_valid.cold+0x1d/0x69
[    8.1] Call Trace:
[    8.1]  demo_remove+0x21/0x40`,
    is: { kind: 'list-corruption', function: 'demo_remove', line: 1 },
  },
  {
    name: 'reference count of 5.10',
    text: `[    8.1] ------------[ cut here ]------------
[    8.1] refcount_t: underflow; use-after-free.
[    8.1] WARNING: CPU: 0 PID: 71 at lib/refcount.c:28 refcount_warn_saturate+0xa6/0xf0
[    8.1] RIP: 0010:refcount_warn_saturate+0xa6/0xf0
[    8.1] Call Trace:
[    8.1]  __refcount_sub_and_test.constprop.0+0x2e/0x33
[    8.1]  demo_put+0x21/0x40`,
    is: { kind: 'refcount', function: 'demo_put', line: 2 },
  },
  {
    name: 'scheduling while atomic',
    text: `[    8.1] BUG: scheduling while atomic: sh/71/0x00000002
${TAIL}
[    8.1] Call Trace:
[    8.1]  dump_stack+0x57/0x6a
[    8.1]  __schedule_bug.cold+0x4c/0x5d
[    8.1]  __schedule+0x6a5/0x870
[    8.1]  schedule+0x46/0xb0
[    8.1]  schedule_timeout+0x94/0x150
[    8.1]  demo_wait+0x21/0x40`,
    is: { kind: 'scheduling-while-atomic', function: 'demo_wait', line: 1 },
  },
  {
    name: 'sleeping function in an atomic context',
    text: `[    8.1] BUG: sleeping function called from invalid context at mm/slab.h:497
[    8.1] in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: 71, name: sh
[    8.1] Call Trace:
[    8.1]  dump_stack+0x57/0x6a
[    8.1]  ___might_sleep.cold+0xa6/0xb7
[    8.1]  demo_alloc+0x21/0x40`,
    is: { kind: 'sleeping-in-atomic', function: 'demo_alloc', line: 1 },
  },
  {
    name: 'per-CPU access in preemptible code',
    text: `[    8.1] BUG: using smp_processor_id() in preemptible [00000000] code: sh/71
[    8.1] caller is demo_count+0x11/0x20`,
    is: { kind: 'preemptible', function: 'demo_count', line: 1 },
  },
  {
    name: 'spinlock',
    text: `[    8.1] BUG: spinlock bad magic on CPU#0, sh/71
[    8.1]  lock: demo_lock+0x0/0x40, .magic: 00000000, .owner: <none>/-1, .owner_cpu: 0
[    8.1] Call Trace:
[    8.1]  dump_stack+0x57/0x6a
[    8.1]  do_raw_spin_lock+0x84/0xb0
[    8.1]  demo_enter+0x21/0x40`,
    is: { kind: 'spinlock', function: 'demo_enter', line: 1 },
  },
  {
    name: 'bad page',
    text: `[    8.1] BUG: Bad page state in process sh  pfn:03a5d
[    8.1] page:00000000f00f refcount:-1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x3a5d`,
    is: { kind: 'bad-page', line: 1 },
  },
  {
    name: 'slab',
    text: `[    8.1] =============================================================================
[    8.1] BUG kmalloc-64 (Not tainted): Redzone overwritten
[    8.1] -----------------------------------------------------------------------------`,
    is: { kind: 'slab', line: 2 },
  },
  {
    name: 'kmemleak',
    text: `[   98.1] kmemleak: 2 new suspected memory leaks (see /sys/kernel/debug/kmemleak)`,
    is: { kind: 'kmemleak', line: 1 },
  },
  {
    name: 'a BUG that has no rule of its own',
    text: `[    8.1] BUG: Dentry 00000000f00f{i=12,n=f}  still in use (1) [unmount of ext4 vda]`,
    is: { kind: 'other-bug', line: 1 },
  },
  {
    name: 'mips: the CPU stands before the oops, the function behind epc',
    text: `[    5.8] CPU 1 Unable to handle kernel paging request at virtual address 00c01234, epc == 8026a400, ra == 8026a3e4
[    5.8] Oops[#1]:
[    5.8] epc   : 8026a400 demo_register+0x74/0x130
[    5.8] ra    : 8026a3e4 demo_register+0x58/0x130`,
    is: { kind: 'oops', function: 'demo_register', line: 1 },
  },
  {
    name: 'riscv: an illegal instruction',
    text: `[    1.5] Oops - illegal instruction [#1]
[    1.5] epc : demo_run+0x1e/0x2c
[    1.5]  ra : demo_run+0x12/0x2c`,
    is: { kind: 'oops', function: 'demo_run', line: 1 },
  },
  {
    name: 'powerpc: NULL, and bad area below it',
    text: `[    1.5] BUG: Kernel NULL pointer dereference on read at 0x00000008
[    1.5] Oops: Kernel access of bad area, sig: 11 [#1]
[    1.5] NIP [c000000000812345] demo_read+0x24/0x90`,
    is: { kind: 'oops', function: 'demo_read', line: 1 },
  },
  {
    name: 'arm64: an abort that is no Oops by name',
    text: `[    1.5] Internal error: synchronous external abort: 0000000096000010 [#1] SMP
[    1.5] pc : demo_readl+0x18/0x40 [demo]`,
    is: { kind: 'oops', function: 'demo_readl', module: 'demo', line: 1 },
  },
]
